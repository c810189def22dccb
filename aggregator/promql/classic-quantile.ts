/** One bucket of a classic histogram: its `le`, and how many observations lie at or below it. */
export interface ClassicBucket {
  readonly upperBound: number;
  count: number;
}

export interface ForcedMonotonicity {
  readonly minBound: number;
  readonly maxBound: number;
  readonly maxDifference: number;
}

export interface ClassicQuantile {
  readonly value: number;
  /** Set where counts fell with growing bounds and had to be lifted. */
  readonly fix: ForcedMonotonicity | undefined;
}

/** Differences this small (relative) are errors of floating point, not of the data. */
const SMALL_DELTA = 1e-12;

/** A quantile by linear interpolation inside its bucket. Sorts and changes the buckets. */
export function bucketQuantile(q: number, buckets: ClassicBucket[]): ClassicQuantile {
  const plain = (value: number): ClassicQuantile => ({ value, fix: undefined });
  if (Number.isNaN(q)) return plain(Number.NaN);
  if (q < 0) return plain(Number.NEGATIVE_INFINITY);
  if (q > 1) return plain(Number.POSITIVE_INFINITY);
  const merged = coalesce(buckets);
  if (!merged) return plain(Number.NaN);
  const fix = ensureMonotonic(merged);
  const last = merged.length - 1;
  const observations = merged[last]!.count;
  if (merged.length < 2 || observations === 0) return { value: Number.NaN, fix };
  let rank = q * observations;
  const at = search(last, (i) => merged[i]!.count >= rank);
  if (at === last) return { value: merged[last - 1]!.upperBound, fix };
  const end = merged[at]!.upperBound;
  if (at === 0 && end <= 0) return { value: end, fix };
  let start = 0;
  let count = merged[at]!.count;
  if (at > 0) {
    start = merged[at - 1]!.upperBound;
    count -= merged[at - 1]!.count;
    rank -= merged[at - 1]!.count;
  }
  return { value: start + (end - start) * (rank / count), fix };
}

/** The share of observations between two values. Sorts the buckets. */
export function bucketFraction(lower: number, upper: number, buckets: ClassicBucket[]): number {
  const merged = coalesce(buckets);
  if (!merged) return Number.NaN;
  const total = merged[merged.length - 1]!.count;
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;

  let rank = 0;
  let lowerRank: number | undefined;
  let upperRank: number | undefined;
  // A first bucket that ends above zero is taken to begin there.
  let start = merged[0]!.upperBound <= 0 ? Number.NEGATIVE_INFINITY : 0;
  for (const { upperBound: end, count } of merged) {
    const rankAt = (value: number) =>
      start === Number.NEGATIVE_INFINITY ? count : rank + ((count - rank) * (value - start)) / (end - start);
    if (start >= lower) lowerRank ??= rank;
    if (start >= upper) upperRank ??= rank;
    if (lowerRank !== undefined && upperRank !== undefined) break;
    if (start < lower && end > lower) lowerRank ??= rankAt(lower);
    if (start < upper && end > upper) upperRank ??= rankAt(upper);
    if (lowerRank !== undefined && upperRank !== undefined) break;
    rank = count;
    start = end;
  }
  const capped = (value: number | undefined) => (value === undefined || value > total ? total : value);
  return (capped(upperRank) - capped(lowerRank)) / total;
}

/**
 * Sorted, those of the same bound added up; undefined where the last is not +Inf. As in the reference this is
 * done in place and leaves what it moved standing behind the result, which a second quantile of the same
 * buckets sees.
 */
function coalesce(buckets: ClassicBucket[]): ClassicBucket[] | undefined {
  buckets.sort((a, b) => (a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0));
  if (buckets[buckets.length - 1]!.upperBound !== Number.POSITIVE_INFINITY) return undefined;
  let last = { ...buckets[0]! };
  let length = 0;
  for (const bucket of buckets.slice(1)) {
    if (bucket.upperBound === last.upperBound) last.count += bucket.count;
    else {
      buckets[length++] = last;
      last = { ...bucket };
    }
  }
  buckets[length++] = last;
  return buckets.slice(0, length);
}

function ensureMonotonic(buckets: ClassicBucket[]): ForcedMonotonicity | undefined {
  let minBound = Number.POSITIVE_INFINITY;
  let maxBound = Number.NEGATIVE_INFINITY;
  let maxDifference = 0;
  let forced = false;
  let previous = buckets[0]!.count;
  for (const bucket of buckets.slice(1)) {
    const { count, upperBound } = bucket;
    if (count === previous) continue;
    if (almostEqual(previous, count, SMALL_DELTA)) bucket.count = previous;
    else if (count < previous) {
      bucket.count = previous;
      forced = true;
      minBound = Math.min(minBound, upperBound);
      maxBound = Math.max(maxBound, upperBound);
      maxDifference = Math.max(maxDifference, previous - count);
    } else previous = count;
  }
  return forced ? { minBound, maxBound, maxDifference } : undefined;
}

/** Equal but for a relative difference; numbers next to zero have to be equal all but exactly. */
export function almostEqual(a: number, b: number, epsilon: number): boolean {
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  const smallestNormal = 2 ** -1022;
  if (a === 0 || b === 0 || sum < smallestNormal) return difference < epsilon * smallestNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < epsilon;
}

/** The least index for which the test holds, n if none; the test holds from some index on. */
function search(n: number, test: (i: number) => boolean): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
