import { RE2JS } from 're2js';
import { parseDurationMs } from '../../model/duration.ts';
import { formatShortest, formatSignificant } from '../promql/go-number.ts';
import type { TemplateContext } from './template.ts';

type TemplateFunction = (args: readonly unknown[], context: TemplateContext) => unknown;

interface Sample {
  readonly Labels: Readonly<Record<string, string>>;
  readonly Value: number;
}

/** Prometheus' template functions and those that Go's text/template brings: prometheus.io/docs/prometheus/latest/configuration/template_reference. */
export const TEMPLATE_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  // Queries.
  query: async ([expression], context) =>
    (await context.query(text(expression))).map(
      ({ labels, value }): Sample => ({ Labels: labels, Value: value }),
    ),
  first: ([samples]) => {
    const [sample] = list(samples);
    if (sample === undefined) throw new Error('first() called on vector with no elements');
    return sample;
  },
  label: ([name, sample]) => (sample as Sample).Labels[text(name)] ?? '',
  value: ([sample]) => (sample as Sample).Value,
  strvalue: ([sample]) => (sample as Sample).Labels['__value__'] ?? '',
  sortByLabel: ([name, samples]) =>
    (list(samples) as Sample[]).toSorted((a, b) =>
      compare(a.Labels[text(name)] ?? '', b.Labels[text(name)] ?? ''),
    ),
  args: (values) => Object.fromEntries(values.map((value, i) => [`arg${i}`, value])),

  // Numbers.
  humanize: ([value]) => humanize(number(value), 1000, ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']),
  humanize1024: ([value]) => humanize1024(number(value)),
  humanizePercentage: ([value]) => `${significant(number(value) * 100)}%`,
  humanizeDuration: ([value]) => humanizeDuration(number(value)),
  humanizeTimestamp: ([value]) => humanizeTimestamp(number(value)),
  now: (_, context) => context.timeMs / 1000,
  parseDuration: ([value]) => parseDurationMs(text(value)) / 1000,
  toDuration: ([value]) => humanizeDuration(number(value)),

  // Strings.
  title: ([value]) =>
    text(value).replace(
      /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  toUpper: ([value]) => text(value).toUpperCase(),
  toLower: ([value]) => text(value).toLowerCase(),
  match: ([pattern, value]) => RE2JS.compile(text(pattern)).matcher(text(value)).find(),
  reReplaceAll: ([pattern, replacement, value]) =>
    RE2JS.compile(text(pattern)).matcher(text(value)).replaceAll(text(replacement)),
  stripPort: ([value]) => /^\[?([^\]]*?)\]?:\d+$/.exec(text(value))?.[1] ?? text(value),
  stripDomain: ([value]) => text(value).replace(/^([^.:]+)\.[^:]*/, '$1'),
  safeHtml: ([value]) => value,
  urlQueryEscape: ([value]) => encodeURIComponent(text(value)),
  urlquery: (values) => encodeURIComponent(values.map(print).join('')),
  html: (values) =>
    values
      .map(print)
      .join('')
      .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`),

  // Links.
  graphLink: ([expression]) => `/graph?g0.expr=${encodeURIComponent(text(expression))}&g0.tab=0`,
  tableLink: ([expression]) => `/graph?g0.expr=${encodeURIComponent(text(expression))}&g0.tab=1`,
  externalURL: (_, context) => context.externalUrl,
  pathPrefix: (_, context) => new URL(context.externalUrl).pathname.replace(/\/$/, ''),

  // Go's own. `and` and `or` stop early, so the interpreter has them; here they only have their names.
  and: (values) => values.find((value) => !truth(value)) ?? values.at(-1),
  or: (values) => values.find(truth) ?? values.at(-1),
  not: ([value]) => !truth(value),
  len: ([value]) =>
    typeof value === 'string'
      ? Buffer.byteLength(value)
      : Array.isArray(value)
        ? value.length
        : Object.keys(value as object).length,
  index: ([value, ...keys]) =>
    keys.reduce((at: unknown, key) => (at as Record<string, unknown>)[key as string] ?? '', value),
  slice: ([value, from, to]) => (value as string | unknown[]).slice(from as number, to as number),
  print: (values) => values.map(print).join(''),
  println: (values) => `${values.map(print).join(' ')}\n`,
  printf: ([format, ...values]) => sprintf(text(format), values),
  eq: ([first, ...others]) => others.some((other) => first === other),
  ne: ([a, b]) => a !== b,
  lt: ([a, b]) => compare(a, b) < 0,
  le: ([a, b]) => compare(a, b) <= 0,
  gt: ([a, b]) => compare(a, b) > 0,
  ge: ([a, b]) => compare(a, b) >= 0,
};

export function isFunctionName(name: string): boolean {
  return Object.hasOwn(TEMPLATE_FUNCTIONS, name);
}

/** Go's truth: what is zero, empty or nil is false. */
export function truth(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return Object.keys(value).length > 0;
  return true;
}

/** A value as an action prints it. */
export function print(value: unknown): string {
  if (value === undefined || value === null) return '<no value>';
  if (typeof value === 'number') return formatShortest(value);
  if (typeof value === 'object')
    return Array.isArray(value)
      ? `[${value.map(print).join(' ')}]`
      : `map[${Object.entries(value)
          .map(([key, item]) => `${key}:${print(item)}`)
          .join(' ')}]`;
  return String(value);
}

/** Four significant digits, as `%.4g` prints them. */
function significant(value: number): string {
  return formatSignificant(value, 4);
}

function humanize(value: number, base: number, prefixes: readonly string[]): string {
  if (value === 0 || !Number.isFinite(value)) return significant(value);
  if (Math.abs(value) >= 1) {
    let prefix = 0;
    while (Math.abs(value) >= base && prefix < prefixes.length - 1) {
      value /= base;
      prefix++;
    }
    return `${significant(value)}${prefixes[prefix]}`;
  }
  const small = ['', 'm', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
  let prefix = 0;
  while (Math.abs(value) < 1 && prefix < small.length - 1) {
    value *= 1000;
    prefix++;
  }
  return `${significant(value)}${small[prefix]}`;
}

function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return significant(value);
  return humanize(value, 1024, ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']);
}

function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return significant(value);
  if (value === 0) return '0s';
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  if (size >= 1) {
    const whole = Math.floor(size);
    const [days, hours, minutes, seconds] = [
      Math.floor(whole / 86_400),
      Math.floor(whole / 3600) % 24,
      Math.floor(whole / 60) % 60,
      whole % 60,
    ];
    if (days !== 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
    if (hours !== 0) return `${sign}${hours}h ${minutes}m ${seconds}s`;
    if (minutes !== 0) return `${sign}${minutes}m ${seconds}s`;
    return `${sign}${significant(size)}s`;
  }
  const small = ['', 'm', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
  let [rest, prefix] = [size, 0];
  while (rest < 1 && prefix < small.length - 1) {
    rest *= 1000;
    prefix++;
  }
  return `${sign}${significant(rest)}${small[prefix]}s`;
}

function humanizeTimestamp(seconds: number): string {
  if (!Number.isFinite(seconds)) return significant(seconds);
  const iso = new Date(seconds * 1000).toISOString();
  const fraction = iso.slice(19, 23).replace(/\.?0+$/, '');
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction} +0000 UTC`;
}

/** The verbs that alert texts use: %s %q %v %d %f %g %e %t %% with width and precision. */
function sprintf(format: string, values: readonly unknown[]): string {
  let next = 0;
  return format.replace(
    /%([-+0 #]*)(\d*)(?:\.(\d+))?([sqvdfgetxX%])/g,
    (whole, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      if (next >= values.length) return `%!${verb}(MISSING)`;
      const value = values[next++];
      const digits = precision === undefined ? undefined : Number(precision);
      let out: string;
      if (verb === 'd') out = String(Math.trunc(number(value)));
      else if (verb === 'f') out = number(value).toFixed(digits ?? 6);
      else if (verb === 'e')
        out = number(value)
          .toExponential(digits ?? 6)
          .replace(/e([+-])(\d)$/, 'e$10$2');
      else if (verb === 'g')
        out =
          digits === undefined
            ? formatShortest(number(value))
            : formatSignificant(number(value), Math.max(1, digits));
      else if (verb === 'x' || verb === 'X')
        out = typeof value === 'number' ? value.toString(16) : Buffer.from(text(value)).toString('hex');
      else if (verb === 'q') out = JSON.stringify(print(value));
      else out = digits === undefined ? print(value) : print(value).slice(0, digits);
      if (verb === 'X') out = out.toUpperCase();
      if (flags.includes('+') && typeof value === 'number' && value >= 0 && whole !== '') out = `+${out}`;
      if (flags.includes('-')) return out.padEnd(Number(width));
      return flags.includes('0') ? out.padStart(Number(width), '0') : out.padStart(Number(width));
    },
  );
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`expected a string, got ${print(value)}`);
  return value;
}

function number(value: unknown): number {
  const converted = typeof value === 'string' ? Number(value) : value;
  if (typeof converted !== 'number' || (typeof value === 'string' && value.trim() === ''))
    throw new Error(`can't convert ${print(value)} to a number`);
  return converted;
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error(`expected a query's result, got ${print(value)}`);
  return value;
}

function compare(a: unknown, b: unknown): number {
  return (a as number) < (b as number) ? -1 : a === b ? 0 : 1;
}
