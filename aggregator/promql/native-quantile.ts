import type { FloatHistogram } from '../../model/histogram.ts';
import { exp2, log2 } from './go-math.ts';
import { allBuckets, type Bucket } from './native-buckets.ts';
import { usesCustomBuckets } from './native-histogram.ts';
import { fractionBelow } from './native-trim.ts';

/** Observations that are no numbers are in the count but in no bucket. */
export type NaNRemark = 'result is NaN' | 'result is skewed' | undefined;

/**
 * A quantile: by interpolation on a logarithmic scale inside exponential buckets, on a linear one inside the
 * zero bucket and custom buckets.
 */
export function histogramQuantile(q: number, h: FloatHistogram): { value: number; remark: NaNRemark } {
  const plain = (value: number) => ({ value, remark: undefined });
  if (q < 0) return plain(Number.NEGATIVE_INFINITY);
  if (q > 1) return plain(Number.POSITIVE_INFINITY);
  if (h.count === 0 || Number.isNaN(q)) return plain(Number.NaN);

  const hasNaN = Number.isNaN(h.sum);
  const forward = hasNaN || q < 0.5;
  const buckets = forward ? allBuckets(h) : allBuckets(h).reverse();
  let rank = forward ? q * h.count : (1 - q) * h.count;
  let bucket: Bucket = EMPTY;
  let count = 0;
  let next = 0;
  while (next < buckets.length) {
    bucket = buckets[next++]!;
    if (bucket.count === 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  const custom = usesCustomBuckets(h);
  let { lower, upper } = bucket;
  const bucketCount = bucket.count;
  if (!custom && lower < 0 && upper > 0) {
    // The zero bucket of a histogram with one side only reaches to zero.
    if (h.negativeBuckets.length === 0 && h.positiveBuckets.length > 0) lower = 0;
    else if (h.positiveBuckets.length === 0 && h.negativeBuckets.length > 0) upper = 0;
  } else if (custom) {
    if (lower === Number.NEGATIVE_INFINITY) {
      if (upper <= 0) return plain(upper);
      lower = 0;
    } else if (upper === Number.POSITIVE_INFINITY) return plain(lower);
  }
  if (count > h.count) count = h.count;
  if (count < rank) return hasNaN ? { value: Number.NaN, remark: 'result is NaN' } : plain(upper);

  rank = forward ? rank - (count - bucketCount) : count - rank;
  let remark: NaNRemark;
  let fraction = rank / bucketCount;
  if (hasNaN) {
    while (next < buckets.length) {
      // The reference reads on with the same variables: the last bucket's count is what it divides by.
      const last = buckets[next++]!;
      count += last.count;
      lower = last.lower;
      upper = last.upper;
      fraction = rank / last.count;
    }
    if (count < h.count) remark = 'result is skewed';
  }
  if (custom || (lower <= 0 && upper >= 0)) return { value: lower + (upper - lower) * fraction, remark };
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  const value =
    lower > 0
      ? exp2(logLower + (logUpper - logLower) * fraction)
      : -exp2(logUpper + (logLower - logUpper) * (1 - fraction));
  return { value, remark };
}

/** The share of observations between two values, and whether some were no numbers. */
export function histogramFraction(
  lower: number,
  upper: number,
  h: FloatHistogram,
): { value: number; hasNaN: boolean } {
  if (h.count === 0 || Number.isNaN(lower) || Number.isNaN(upper))
    return { value: Number.NaN, hasNaN: false };
  if (lower >= upper) return { value: 0, hasNaN: false };
  const custom = usesCustomBuckets(h);
  const buckets = allBuckets(h);
  let count = 0;
  let rank = 0;
  let lowerRank: number | undefined;
  let upperRank: number | undefined;
  let next = 0;
  while (next < buckets.length) {
    const bucket = buckets[next++]!;
    count += bucket.count;
    const isZero = bucket.lower <= 0 && bucket.upper >= 0;
    if (isZero) {
      if (h.negativeBuckets.length === 0 && h.positiveBuckets.length > 0) bucket.lower = 0;
      else if (h.positiveBuckets.length === 0 && h.negativeBuckets.length > 0) bucket.upper = 0;
    }
    const linear = custom || isZero;
    const rankAt = (value: number) =>
      linear && bucket.lower === Number.NEGATIVE_INFINITY
        ? bucket.count
        : rank + bucket.count * fractionBelow(bucket, value, linear);
    if (bucket.lower >= lower) lowerRank ??= rank;
    if (bucket.lower >= upper) upperRank ??= rank;
    if (lowerRank !== undefined && upperRank !== undefined) break;
    if (bucket.lower < lower && bucket.upper > lower) lowerRank ??= rankAt(lower);
    if (bucket.lower < upper && bucket.upper > upper) upperRank ??= rankAt(upper);
    if (lowerRank !== undefined && upperRank !== undefined) break;
    rank += bucket.count;
  }
  let hasNaN = false;
  if (Number.isNaN(h.sum)) {
    for (; next < buckets.length; next++) count += buckets[next]!.count;
    hasNaN = count < h.count;
  } else count = h.count;
  const capped = (value: number | undefined) => (value === undefined || value > count ? count : value);
  return { value: (capped(upperRank) - capped(lowerRank)) / h.count, hasNaN };
}

const EMPTY: Bucket = {
  lower: 0,
  upper: 0,
  lowerInclusive: false,
  upperInclusive: false,
  count: 0,
  index: 0,
};
