import type { CounterResetHint, FloatHistogram, Span } from '../../model/histogram.ts';
import { isCustom } from './native-bounds.ts';

/**
 * A native histogram while it is being calculated with. Operations change the receiver where their comment
 * says so; what comes from storage is copied first. Spans are never changed in place, only replaced.
 */
export interface MutableHistogram extends FloatHistogram {
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  count: number;
  sum: number;
  positiveSpans: readonly Span[];
  negativeSpans: readonly Span[];
  positiveBuckets: number[];
  negativeBuckets: number[];
  customValues: readonly number[];
  counterResetHint: CounterResetHint;
}

export function copyHistogram(h: FloatHistogram): MutableHistogram {
  return {
    schema: h.schema,
    zeroThreshold: h.zeroThreshold,
    zeroCount: h.zeroCount,
    count: h.count,
    sum: h.sum,
    positiveSpans: h.positiveSpans,
    negativeSpans: h.negativeSpans,
    positiveBuckets: h.positiveBuckets.slice(),
    negativeBuckets: h.negativeBuckets.slice(),
    customValues: h.customValues,
    counterResetHint: h.counterResetHint,
  };
}

export function emptyHistogram(schema: number, customValues: readonly number[]): MutableHistogram {
  return {
    schema,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positiveSpans: [],
    negativeSpans: [],
    positiveBuckets: [],
    negativeBuckets: [],
    customValues,
    counterResetHint: 'unknown',
  };
}

export function usesCustomBuckets(h: FloatHistogram): boolean {
  return isCustom(h.schema);
}

/** In place. A negative factor makes it a gauge. */
export function multiply(h: MutableHistogram, factor: number): MutableHistogram {
  h.zeroCount *= factor;
  h.count *= factor;
  h.sum *= factor;
  for (let i = 0; i < h.positiveBuckets.length; i++) h.positiveBuckets[i]! *= factor;
  for (let i = 0; i < h.negativeBuckets.length; i++) h.negativeBuckets[i]! *= factor;
  if (factor < 0) h.counterResetHint = 'gauge';
  return h;
}

/** In place. Division by zero leaves no buckets. */
export function divide(h: MutableHistogram, divisor: number): MutableHistogram {
  h.zeroCount /= divisor;
  h.count /= divisor;
  h.sum /= divisor;
  if (divisor === 0) {
    h.positiveBuckets = [];
    h.negativeBuckets = [];
    h.positiveSpans = [];
    h.negativeSpans = [];
    return h;
  }
  for (let i = 0; i < h.positiveBuckets.length; i++) h.positiveBuckets[i]! /= divisor;
  for (let i = 0; i < h.negativeBuckets.length; i++) h.negativeBuckets[i]! /= divisor;
  if (divisor < 0) h.counterResetHint = 'gauge';
  return h;
}

/** Equality of data: same buckets, same bits. The counter reset hint does not count. */
export function equalHistograms(a: FloatHistogram, b: FloatHistogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    (!usesCustomBuckets(a) || sameBounds(a.customValues, b.customValues)) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    sameSpans(a.negativeSpans, b.negativeSpans) &&
    sameCounts(a.negativeBuckets, b.negativeBuckets) &&
    sameSpans(a.positiveSpans, b.positiveSpans) &&
    sameCounts(a.positiveBuckets, b.positiveBuckets)
  );
}

export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

/** Whether any part has grown beyond the numbers. */
export function hasOverflow(h: FloatHistogram): boolean {
  const isInfinite = (x: number) => x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY;
  return (
    isInfinite(h.zeroCount) ||
    isInfinite(h.count) ||
    isInfinite(h.sum) ||
    h.positiveBuckets.some(isInfinite) ||
    h.negativeBuckets.some(isInfinite) ||
    h.customValues.some(isInfinite)
  );
}

/** How many float samples it weighs in the limit on samples, 16 bytes each, as the reference counts it. */
export function sampleWeight(h: FloatHistogram): number {
  const numbers =
    h.positiveSpans.length +
    h.negativeSpans.length +
    h.positiveBuckets.length +
    h.negativeBuckets.length +
    h.customValues.length;
  return Math.trunc((168 + 8 * numbers + 8) / 16);
}

function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  const left = withoutEmpty(a);
  const right = withoutEmpty(b);
  return (
    left.length === right.length &&
    left.every((span, i) => span.offset === right[i]!.offset && span.length === right[i]!.length)
  );
}

/** A span of no buckets only moves the next one. */
function withoutEmpty(spans: readonly Span[]): readonly Span[] {
  if (spans.every((span) => span.length > 0)) return spans;
  const kept: Span[] = [];
  let moved = 0;
  for (const { offset, length } of spans) {
    moved += offset;
    if (length === 0) continue;
    kept.push({ offset: moved, length });
    moved = 0;
  }
  return kept;
}

function sameCounts(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((count, i) => Object.is(count, b[i]));
}
