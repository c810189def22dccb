import type { FloatHistogram, Span } from '../../model/histogram.ts';
import { compensate } from './kahan.ts';
import { exponentialBound, isCustom } from './native-bounds.ts';
import { indexSpans, negativeBuckets, positiveBuckets, spanIndexes } from './native-buckets.ts';
import type { MutableHistogram } from './native-histogram.ts';

/** One side of a histogram taken apart: bucket i has `indexes[i]`, `counts[i]` and, in Kahan sums, a compensation. */
export interface Side {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
  readonly compensations: readonly number[] | undefined;
}

export function side(
  spans: readonly Span[],
  counts: readonly number[],
  compensations?: readonly number[],
): Side {
  return { indexes: spanIndexes(spans), counts, compensations };
}

/** Index of a bucket in a coarser schema. */
function coarserIndex(index: number, schema: number, target: number): number {
  return ((index - 1) >> (schema - target)) + 1;
}

/** Buckets merged for a coarser schema; with compensations by Kahan, else by plain addition. */
export function reduceResolution(from: Side, schema: number, target: number): Side {
  if (schema === target) return from;
  const indexes: number[] = [];
  const counts: number[] = [];
  const compensations: number[] | undefined = from.compensations && [];
  for (let i = 0; i < from.indexes.length; i++) {
    const index = coarserIndex(from.indexes[i]!, schema, target);
    const count = from.counts[i]!;
    const last = indexes.length - 1;
    if (indexes[last] !== index) {
      indexes.push(index);
      counts.push(count);
      compensations?.push(from.compensations![i]!);
    } else if (compensations) kahanInto(counts, compensations, last, count, from.compensations![i]!);
    else counts[last]! += count;
  }
  return { indexes, counts, compensations };
}

/** Adds a number and its own compensation at a place. */
export function kahanInto(
  counts: number[],
  compensations: number[],
  at: number,
  count: number,
  compensation: number,
): void {
  for (const increment of [count, compensation]) {
    compensations[at] = compensate(increment, counts[at]!, compensations[at]!);
    counts[at]! += increment;
  }
}

/** In place: drops empty buckets. With a compensation of the same layout, only those empty in both. */
export function compact(h: MutableHistogram, compensation?: MutableHistogram): MutableHistogram {
  for (const sign of ['positive', 'negative'] as const) {
    const spans = `${sign}Spans` as const;
    const buckets = `${sign}Buckets` as const;
    if (isCompact(h[spans], h[buckets])) continue;
    const indexes = spanIndexes(h[spans]);
    const kept = h[buckets].map(
      (count, i) => count !== 0 || (compensation !== undefined && compensation[buckets][i] !== 0),
    );
    const isKept = (_: unknown, i: number) => kept[i]!;
    h[spans] = indexSpans(indexes.filter(isKept));
    if (compensation) {
      compensation[buckets] = compensation[buckets].filter(isKept);
      compensation[spans] = h[spans];
    }
    h[buckets] = h[buckets].filter(isKept);
  }
  return h;
}

function isCompact(spans: readonly Span[], counts: readonly number[]): boolean {
  for (const count of counts) if (count === 0) return false;
  for (const span of spans) if (span.offset <= 0 || span.length === 0) return false;
  return true;
}

export interface ZeroCount {
  readonly zeroCount: number;
  readonly threshold: number;
  readonly compensation: number;
}

/**
 * What the zero bucket would hold if it were as wide as `threshold`. A populated bucket that the new threshold
 * cuts is taken whole, and the threshold moves out to its far bound.
 */
export function widerZeroBucket(
  h: FloatHistogram,
  threshold: number,
  compensation?: FloatHistogram,
): ZeroCount {
  const initial = compensation?.zeroCount ?? 0;
  if (threshold === h.zeroThreshold) return { zeroCount: h.zeroCount, threshold, compensation: initial };
  // Not set back when the sum is begun anew: the reference does not either.
  let c = initial;
  restart: for (;;) {
    let sum = h.zeroCount;
    const take = (count: number) => {
      c = compensate(count, sum, c);
      sum += count;
    };
    for (const [i, bucket] of positiveBuckets(h).entries()) {
      if (bucket.lower >= threshold) break;
      take(bucket.count);
      if (compensation) take(compensation.positiveBuckets[i]!);
      if (bucket.upper > threshold) {
        if (bucket.count !== 0) threshold = bucket.upper;
        break;
      }
    }
    for (const [i, bucket] of negativeBuckets(h).entries()) {
      if (bucket.upper <= -threshold) break;
      take(bucket.count);
      if (compensation) take(compensation.negativeBuckets[i]!);
      if (bucket.lower < -threshold) {
        if (bucket.count !== 0) {
          threshold = -bucket.lower;
          continue restart;
        }
        break;
      }
    }
    return { zeroCount: sum, threshold, compensation: c };
  }
}

/**
 * In place: widens the zero bucket until it and the other's agree. Answers what the other's zero bucket
 * would then hold.
 */
export function reconcileZeroBuckets(
  h: MutableHistogram,
  other: FloatHistogram,
  compensation?: MutableHistogram,
): { zeroCount: number; compensation: number } {
  let result = { zeroCount: other.zeroCount, threshold: other.zeroThreshold, compensation: 0 };
  while (result.threshold !== h.zeroThreshold) {
    if (h.zeroThreshold > result.threshold) result = widerZeroBucket(other, h.zeroThreshold);
    if (result.threshold > h.zeroThreshold) {
      const wider = widerZeroBucket(h, result.threshold, compensation);
      h.zeroCount = wider.zeroCount;
      h.zeroThreshold = wider.threshold;
      if (compensation) compensation.zeroCount = wider.compensation;
      dropInsideZeroBucket(h, compensation);
    }
  }
  return result;
}

/** In place: what the zero bucket has taken over leaves the other buckets. */
function dropInsideZeroBucket(h: MutableHistogram, compensation: MutableHistogram | undefined): void {
  for (const [i, bucket] of positiveBuckets(h).entries()) {
    if (bucket.lower >= h.zeroThreshold) break;
    h.positiveBuckets[i] = 0;
    if (compensation) compensation.positiveBuckets[i] = 0;
  }
  for (const [i, bucket] of negativeBuckets(h).entries()) {
    if (bucket.upper <= -h.zeroThreshold) break;
    h.negativeBuckets[i] = 0;
    if (compensation) compensation.negativeBuckets[i] = 0;
  }
  compact(h, compensation);
}

/** Whether a bucket lies within the zero bucket. */
export function isInsideZero(index: number, schema: number, threshold: number): boolean {
  return !isCustom(schema) && exponentialBound(index, schema) <= threshold;
}
