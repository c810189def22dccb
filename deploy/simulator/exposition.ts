import { familyOf } from './families.ts';

/** Label names and values in the order in which the component writes them. */
export type LabelPairs = Readonly<Record<string, string>>;

/** What all these components answer, whatever text format they are asked for. */
export const EXPOSITION_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

/** Writes a page in the text format 0.0.4, with the heads that families.json knows. */
export class ExpositionWriter {
  readonly #lines: string[] = [];
  #family = '';

  /** Begins a family; its samples follow at once, as the format asks. */
  family(name: string): this {
    const { type, help } = familyOf(name);
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    this.#family = name;
    return this;
  }

  sample(labels: LabelPairs, value: number): this {
    this.#lines.push(`${this.#family}${labelText(labels)} ${formatValue(value)}`);
    return this;
  }

  /** For values whose label text is kept by the caller; `suffix` is `_bucket`, `_sum`, `_count` or empty. */
  line(suffix: string, labels: string, value: number): this {
    this.#lines.push(`${this.#family}${suffix}${labels} ${formatValue(value)}`);
    return this;
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

/** `{a="1",b="2"}`, or nothing without labels. */
export function labelText(labels: LabelPairs): string {
  let text = '';
  for (const name in labels) text += `${text ? ',' : ''}${name}="${escapeValue(labels[name]!)}"`;
  return text && `{${text}}`;
}

function escapeValue(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`)) : value;
}

/**
 * A number as Go's client writes it (`strconv.FormatFloat(v, 'g', -1, 64)`): shortest digits, an exponent of
 * at least two digits from 10^21 down to plain numbers below 10^6, and from 10^-5 on.
 */
export function formatValue(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return Object.is(value, -0) ? '-0' : String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const [digits, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= GO_EXPONENT_FROM) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return exponent < 0 ? plainFraction(digits, exponent) : String(value);
}

/** Go's `%g` with the shortest precision changes to an exponent here. */
const GO_EXPONENT_FROM = 6;

/** JavaScript writes small numbers with an exponent from 10^-7 on only, so 10^-4 and 10^-5 are plain already. */
function plainFraction(digits: string, exponent: number): string {
  const sign = digits.startsWith('-') ? '-' : '';
  return `${sign}0.${'0'.repeat(-exponent - 1)}${digits.replace(/[-.]/g, '')}`;
}
