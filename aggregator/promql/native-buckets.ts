import type { FloatHistogram, Span } from '../../model/histogram.ts';
import { formatShortest } from './go-number.ts';
import { bucketBound, isCustom } from './native-bounds.ts';

/** One bucket with its bounds. */
export interface Bucket {
  lower: number;
  upper: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
  readonly count: number;
  readonly index: number;
}

/** Bucket indexes of spans, in the order of the counts. */
export function spanIndexes(spans: readonly Span[]): number[] {
  const indexes: number[] = [];
  let index = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) indexes.push(index++);
  }
  return indexes;
}

/** Spans of ascending bucket indexes. */
export function indexSpans(indexes: readonly number[]): Span[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indexes) {
    const last = spans[spans.length - 1];
    if (last && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** From the one next to zero outwards; bounds and counts as they are, empty ones included. */
export function positiveBuckets(h: FloatHistogram): Bucket[] {
  const indexes = spanIndexes(h.positiveSpans);
  return h.positiveBuckets.map((count, i) => {
    const index = indexes[i]!;
    const lower = bucketBound(index - 1, h.schema, h.customValues);
    const upper = bucketBound(index, h.schema, h.customValues);
    return isCustom(h.schema)
      ? { lower, upper, lowerInclusive: index === 0, upperInclusive: true, count, index }
      : { lower, upper, lowerInclusive: lower < 0, upperInclusive: upper > 0, count, index };
  });
}

/** From the one next to zero outwards, so with descending bounds. */
export function negativeBuckets(h: FloatHistogram): Bucket[] {
  const indexes = spanIndexes(h.negativeSpans);
  return h.negativeBuckets.map((count, i) => {
    const index = indexes[i]!;
    const lower = -bucketBound(index, h.schema, []);
    const upper = -bucketBound(index - 1, h.schema, []);
    return { lower, upper, lowerInclusive: lower < 0, upperInclusive: upper > 0, count, index };
  });
}

export function zeroBucket(h: FloatHistogram): Bucket {
  return {
    lower: -h.zeroThreshold,
    upper: h.zeroThreshold,
    lowerInclusive: true,
    upperInclusive: true,
    count: h.zeroCount,
    index: 0,
  };
}

/** All in ascending order; those next to the zero bucket end where it begins. */
export function allBuckets(h: FloatHistogram): Bucket[] {
  const buckets = negativeBuckets(h).reverse();
  for (const bucket of buckets)
    if (bucket.upper < 0 && bucket.upper > -h.zeroThreshold) bucket.upper = -h.zeroThreshold;
  if (h.zeroCount > 0) buckets.push(zeroBucket(h));
  for (const bucket of positiveBuckets(h)) {
    if (bucket.lower > 0 && bucket.lower < h.zeroThreshold) bucket.lower = h.zeroThreshold;
    buckets.push(bucket);
  }
  return buckets;
}

/** The text that `count_values` makes a label of. */
export function formatHistogram(h: FloatHistogram): string {
  const parts = [`{count:${formatShortest(h.count)}, sum:${formatShortest(h.sum)}`];
  const add = (bucket: Bucket) => {
    const open = bucket.lowerInclusive ? '[' : '(';
    const close = bucket.upperInclusive ? ']' : ')';
    const bounds = `${formatShortest(bucket.lower)},${formatShortest(bucket.upper)}`;
    if (bucket.count !== 0) parts.push(`${open}${bounds}${close}:${formatShortest(bucket.count)}`);
  };
  negativeBuckets(h).reverse().forEach(add);
  if (h.zeroCount !== 0) add(zeroBucket(h));
  positiveBuckets(h).forEach(add);
  return `${parts.join(', ')}}`;
}
