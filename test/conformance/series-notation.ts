import { add, subtract } from '../../aggregator/promql/native-arithmetic.ts';
import { copyHistogram } from '../../aggregator/promql/native-histogram.ts';
import { parseMetricSelector } from '../../aggregator/promql/parser.ts';
import type { CounterResetHint, FloatHistogram } from '../../model/histogram.ts';
import { Labels } from '../../model/labels.ts';

/** One place in a series of a test script: nothing, the stale marker, a number or a histogram. */
export type Point =
  | undefined
  | 'stale'
  | number
  | { readonly histogram: FloatHistogram; readonly hintGiven: boolean };

/** `metric{label="value"} 1 2+3x4 _ stale {{schema:0 …}}`, as promtool's unit tests have it too. */
export function parseSeries(line: string): { labels: Labels; points: Point[] } {
  const end = endOfMetric(line);
  return { labels: parseLabels(line.slice(0, end)), points: parsePoints(line.slice(end)) };
}

export function parseLabels(metric: string): Labels {
  const pairs = new Map(parseMetricSelector(metric).map(({ name, value }) => [name, value]));
  return Labels.fromPairs(pairs);
}

/** Where the metric ends: after its braces, or at the first space. */
export function endOfMetric(line: string): number {
  let quote = '';
  let depth = 0;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote !== '') {
      if (char === '\\' && quote !== '`') i++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if (char === '{') {
      // `{{` begins a histogram.
      if (depth === 0 && line[i + 1] === '{') return i;
      depth++;
    } else if (char === '}') {
      depth--;
      if (depth === 0) return i + 1;
    } else if (depth === 0 && /\s/.test(char) && !/^\s*\{(?!\{)/.test(line.slice(i))) return i;
  }
  return line.length;
}

const NUMBER = String.raw`(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf|nan)`;
const FLOATS = new RegExp(`^([+-]?${NUMBER})(?:([+-]${NUMBER})?x(\\d+))?$`, 'i');
const HISTOGRAMS = /^\{\{(.*?)\}\}(?:([+-])\{\{(.*?)\}\})?(?:x(\d+))?$/;

export function parsePoints(text: string): Point[] {
  return (text.match(/\{\{.*?\}\}(?:[+-]\{\{.*?\}\})?(?:x\d+)?|\S+/g) ?? []).flatMap(parseItem);
}

function parseItem(item: string): Point[] {
  const omitted = /^_(?:x(\d+))?$/.exec(item);
  if (omitted) return new Array<Point>(Number(omitted[1] ?? 1)).fill(undefined);
  const stale = /^stale(?:x(\d+))?$/.exec(item);
  if (stale) return new Array<Point>(Number(stale[1] ?? 0) + 1).fill('stale');
  const floats = FLOATS.exec(item);
  if (floats) {
    const step = floats[2] === undefined ? undefined : parseNumber(floats[2]);
    const points: Point[] = [];
    let value = parseNumber(floats[1]!);
    for (let i = 0; i <= Number(floats[3] ?? 0); i++) {
      points.push(value);
      // Added up one after the other, errors of rounding included.
      if (step !== undefined) value += step;
    }
    return points;
  }
  const histograms = HISTOGRAMS.exec(item);
  if (!histograms) throw new SyntaxError(`Cannot read series: "${item}" is no value`);
  const [, base, sign, step, count] = histograms as unknown as [string, string, string?, string?, string?];
  let { histogram, hintGiven } = parseHistogram(base);
  const points: Point[] = [{ histogram, hintGiven }];
  const increment = step === undefined ? undefined : parseHistogram(step);
  for (let i = 0; i < Number(count ?? 0); i++) {
    if (increment) {
      const next = copyHistogram(histogram);
      (sign === '+' ? add : subtract)(next, increment.histogram);
      histogram = next;
      hintGiven = increment.hintGiven;
    }
    points.push({ histogram, hintGiven });
  }
  return points;
}

/** Go's numbers: `0x1F`, `010` and `1e3` too. */
export function parseNumber(text: string): number {
  const [, sign, digits] = /^([+-]?)(.*)$/.exec(text) as unknown as [string, string, string];
  const value = /^inf$/i.test(digits)
    ? Number.POSITIVE_INFINITY
    : /^nan$/i.test(digits)
      ? Number.NaN
      : /^0[0-7]+$/.test(digits)
        ? Number.parseInt(digits, 8)
        : /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$|^0x[\da-f]+$/i.test(digits)
          ? Number(digits)
          : undefined;
  if (value === undefined) throw new SyntaxError(`Cannot read number: "${text}"`);
  return sign === '-' ? -value : value;
}

const HINTS: Record<string, CounterResetHint> = {
  unknown: 'unknown',
  reset: 'reset',
  not_reset: 'not_reset',
  gauge: 'gauge',
};

function parseHistogram(text: string): { histogram: FloatHistogram; hintGiven: boolean } {
  const fields = new Map<string, string>();
  for (const [, key, value] of text.matchAll(/(\w+):(\[[^\]]*\]|\S+)/g)) {
    if (fields.has(key!)) throw new SyntaxError(`Cannot read histogram: duplicate key "${key}"`);
    fields.set(key!, value!);
  }
  const number = (key: string) => parseNumber(fields.get(key) ?? '0');
  const list = (key: string) =>
    (fields.get(key) ?? '[]')
      .slice(1, -1)
      .trim()
      .split(/\s+/)
      .filter((item) => item !== '')
      .map(parseNumber);
  const spans = (buckets: readonly number[], offset: string) =>
    buckets.length === 0 ? [] : [{ offset: number(offset), length: buckets.length }];
  const positiveBuckets = list('buckets');
  const negativeBuckets = list('n_buckets');
  const hint = fields.get('counter_reset_hint');
  const histogram: FloatHistogram = {
    schema: number('schema'),
    zeroThreshold: number('z_bucket_w'),
    zeroCount: number('z_bucket'),
    count: number('count'),
    sum: number('sum'),
    positiveSpans: spans(positiveBuckets, 'offset'),
    negativeSpans: spans(negativeBuckets, 'n_offset'),
    positiveBuckets,
    negativeBuckets,
    customValues: list('custom_values'),
    counterResetHint: HINTS[hint ?? 'unknown']!,
  };
  return { histogram, hintGiven: hint !== undefined };
}
