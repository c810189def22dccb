import { log2 } from './go-math.ts';
import { type Bucket, negativeBuckets, positiveBuckets, zeroBucket } from './native-buckets.ts';
import type { MutableHistogram } from './native-histogram.ts';
import { usesCustomBuckets } from './native-histogram.ts';
import { compact } from './native-layout.ts';

type Direction = 'upper' | 'lower';

/**
 * In place: `</` keeps the observations below the point (direction upper), `>/` those above it. A bucket that
 * the point cuts keeps its share by interpolation; count and sum are then estimated anew from the buckets.
 */
export function trim(h: MutableHistogram, point: number, direction: Direction): MutableHistogram {
  const custom = usesCustomBuckets(h);
  let count = 0;
  let sum = 0;
  let trimmed = false;
  const populated = { positive: false, negative: false };
  for (const sign of ['positive', 'negative'] as const) {
    const counts = h[`${sign}Buckets`];
    const buckets = sign === 'positive' ? positiveBuckets(h) : negativeBuckets(h);
    for (const [i, bucket] of buckets.entries()) {
      if (bucket.count === 0) continue;
      populated[sign] = true;
      const whole = direction === 'upper' ? bucket.upper <= point : bucket.lower >= point;
      const cut = direction === 'upper' ? bucket.lower < point : bucket.upper > point;
      if (whole) {
        count += bucket.count;
        sum += midpoint(bucket.lower, bucket.upper, sign === 'positive', custom) * bucket.count;
        continue;
      }
      const [kept, middle] = cut ? cutBucket(bucket, point, direction, sign === 'positive', custom) : [0, 0];
      if (cut) {
        count += kept;
        sum += middle * kept;
      }
      if (cut && counts[i] === kept) continue;
      counts[i] = kept;
      trimmed = true;
    }
  }
  if (h.zeroCount > 0) {
    const [kept, middle] = cutZeroBucket(zeroBucket(h), point, direction, populated);
    if (h.zeroCount !== kept) {
      h.zeroCount = kept;
      trimmed = true;
    }
    sum += middle * kept;
    count += kept;
  }
  if (!trimmed) return h;
  h.count = count;
  h.sum = sum;
  return compact(h);
}

/**
 * The share of a bucket's width at or below a value strictly inside it: linear, or linear in the logarithm
 * for the exponential buckets.
 */
export function fractionBelow(bucket: Bucket, value: number, linear: boolean): number {
  if (linear) return (value - bucket.lower) / (bucket.upper - bucket.lower);
  const lower = log2(Math.abs(bucket.lower));
  const upper = log2(Math.abs(bucket.upper));
  const at = log2(Math.abs(value));
  return value > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

/** Count kept, and the middle of what is kept. */
function cutBucket(
  bucket: Bucket,
  point: number,
  direction: Direction,
  positive: boolean,
  custom: boolean,
): [count: number, middle: number] {
  if (bucket.lower === Number.NEGATIVE_INFINITY || bucket.upper === Number.POSITIVE_INFINITY)
    return cutInfiniteBucket(bucket, point, direction);
  const below = countBelow(bucket, point, custom);
  return direction === 'upper'
    ? [below, midpoint(bucket.lower, point, positive, custom)]
    : [bucket.count - below, midpoint(point, bucket.upper, positive, custom)];
}

function countBelow(bucket: Bucket, point: number, linear: boolean): number {
  if (point <= bucket.lower) return 0;
  if (point >= bucket.upper) return bucket.count;
  return bucket.count * fractionBelow(bucket, point, linear);
}

/** How observations are spread in a bucket without end nobody knows: it is kept whole or dropped whole. */
function cutInfiniteBucket(
  { lower, upper, count }: Bucket,
  point: number,
  direction: Direction,
): [count: number, middle: number] {
  if (lower !== Number.NEGATIVE_INFINITY) {
    if (direction === 'upper') return [0, zeroIfInfinite(lower)];
    return point >= lower ? [count, point] : [0, zeroIfInfinite(lower)];
  }
  const finiteAbove = upper !== Number.POSITIVE_INFINITY;
  if (direction === 'upper') {
    if (point >= upper) return [count, 0];
    // With custom bounds a first bucket that ends above zero is taken to begin at zero.
    if (point > 0 && upper > 0 && finiteAbove) return [(count * point) / upper, point / 2];
    return upper <= 0 ? [count, point] : [0, zeroIfInfinite(upper)];
  }
  if (point <= lower) return [count, 0];
  if (point >= 0 && upper > point && finiteAbove) return [count * (1 - point / upper), (point + upper) / 2];
  return [0, zeroIfInfinite(upper)];
}

function cutZeroBucket(
  bucket: Bucket,
  point: number,
  direction: Direction,
  populated: { readonly positive: boolean; readonly negative: boolean },
): [count: number, middle: number] {
  const upper = populated.negative && !populated.positive ? 0 : bucket.upper;
  const lower = populated.positive && !populated.negative ? 0 : bucket.lower;
  const whole: [number, number] = [bucket.count, (lower + upper) / 2];
  if (point <= lower) return direction === 'upper' ? [0, 0] : whole;
  if (point >= upper) return direction === 'upper' ? whole : [0, 0];
  return direction === 'upper'
    ? [bucket.count * ((point - lower) / (upper - lower)), (lower + point) / 2]
    : [bucket.count * ((upper - point) / (upper - lower)), (point + upper) / 2];
}

function midpoint(lower: number, upper: number, positive: boolean, linear: boolean): number {
  const infiniteBelow = isInfinite(lower);
  const infiniteAbove = isInfinite(upper);
  if (infiniteBelow && infiniteAbove) return 0;
  if (infiniteBelow) return upper > 0 ? upper / 2 : upper;
  if (infiniteAbove) return lower;
  if (linear) return (lower + upper) / 2;
  const mean = Math.sqrt(Math.abs(lower * upper));
  return positive ? mean : -mean;
}

function zeroIfInfinite(x: number): number {
  return isInfinite(x) ? 0 : x;
}

function isInfinite(x: number): boolean {
  return x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY;
}
