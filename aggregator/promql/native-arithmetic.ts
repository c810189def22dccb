import type { FloatHistogram } from '../../model/histogram.ts';
import { compensate } from './kahan.ts';
import { isCustom } from './native-bounds.ts';
import { indexSpans, spanIndexes } from './native-buckets.ts';
import type { MutableHistogram } from './native-histogram.ts';
import { copyHistogram, sameBounds, usesCustomBuckets } from './native-histogram.ts';
import {
  isInsideZero,
  kahanInto,
  reconcileZeroBuckets,
  reduceResolution,
  type Side,
  side,
} from './native-layout.ts';

/** What was worth a remark while two histograms were added. */
export interface AddOutcome {
  /** One says that the counter was reset, the other that it was not. */
  readonly resetCollision: boolean;
  /** Custom bounds differed: the result has those in common. */
  readonly boundsReconciled: boolean;
}

/** An exponential and a custom histogram have no sum. */
export class IncompatibleSchema extends Error {}

/** In place: h + other. */
export function add(h: MutableHistogram, other: FloatHistogram): AddOutcome {
  return combine(h, other, 1, undefined);
}

/** In place: h − other. */
export function subtract(h: MutableHistogram, other: FloatHistogram): AddOutcome {
  return combine(h, other, -1, undefined);
}

/** In place in both: h + other by Kahan, the error kept in a histogram of the same layout. */
export function kahanAdd(
  h: MutableHistogram,
  other: FloatHistogram,
  compensation: MutableHistogram,
): AddOutcome {
  return combine(h, other, 1, compensation);
}

/** The compensation with which a Kahan sum begins. */
export function zeroCompensation(h: FloatHistogram): MutableHistogram {
  return {
    ...copyHistogram(h),
    zeroCount: 0,
    count: 0,
    sum: 0,
    positiveBuckets: h.positiveBuckets.map(() => 0),
    negativeBuckets: h.negativeBuckets.map(() => 0),
  };
}

/** A copy in a coarser schema. */
export function copyToSchema(h: FloatHistogram, schema: number): MutableHistogram {
  const copy = copyHistogram(h);
  if (schema === h.schema) return copy;
  copy.counterResetHint = 'unknown';
  copy.schema = schema;
  for (const sign of SIGNS) {
    const reduced = reduceResolution(side(h[`${sign}Spans`], h[`${sign}Buckets`]), h.schema, schema);
    copy[`${sign}Spans`] = indexSpans(reduced.indexes);
    copy[`${sign}Buckets`] = [...reduced.counts];
  }
  return copy;
}

const SIGNS = ['positive', 'negative'] as const;

function combine(
  h: MutableHistogram,
  other: FloatHistogram,
  sign: 1 | -1,
  compensation: MutableHistogram | undefined,
): AddOutcome {
  if (usesCustomBuckets(h) !== usesCustomBuckets(other))
    throw new IncompatibleSchema(
      'cannot apply this operation on histograms with a mix of exponential and custom bucket schemas',
    );
  const resetCollision = mergeResetHints(h, other);
  if (!usesCustomBuckets(h)) {
    const zero = reconcileZeroBuckets(h, other, compensation);
    addTo(h, 'zeroCount', sign * zero.zeroCount, compensation);
    if (compensation) addTo(h, 'zeroCount', zero.compensation, compensation);
  }
  addTo(h, 'count', sign * other.count, compensation);
  addTo(h, 'sum', sign * other.sum, compensation);

  if (usesCustomBuckets(h) && !sameBounds(h.customValues, other.customValues)) {
    addWithOtherBounds(h, other, sign, compensation);
    return { resetCollision, boundsReconciled: true };
  }
  const schema = Math.min(h.schema, other.schema);
  for (const half of SIGNS) {
    const spans = `${half}Spans` as const;
    const buckets = `${half}Buckets` as const;
    const own = reduceResolution(side(h[spans], h[buckets], compensation?.[buckets]), h.schema, schema);
    // A finer histogram loses digits when it is reduced: in a Kahan sum they are kept.
    const lost =
      compensation && other.schema > schema && !isCustom(schema) ? other[buckets].map(() => 0) : undefined;
    const added = reduceResolution(side(other[spans], other[buckets], lost), other.schema, schema);
    const sum = addSides(own, added, sign, schema, h.zeroThreshold);
    h[spans] = indexSpans(sum.indexes);
    h[buckets] = sum.counts as number[];
    if (compensation) {
      compensation[buckets] = sum.compensations as number[];
      compensation[spans] = h[spans];
    }
  }
  h.schema = schema;
  if (compensation) {
    compensation.schema = schema;
    compensation.zeroThreshold = h.zeroThreshold;
  }
  return { resetCollision, boundsReconciled: false };
}

function addTo(
  h: MutableHistogram,
  field: 'zeroCount' | 'count' | 'sum',
  increment: number,
  compensation: MutableHistogram | undefined,
): void {
  if (compensation) compensation[field] = compensate(increment, h[field], compensation[field]);
  h[field] += increment;
}

/** Buckets of `b` that lie within the zero bucket are part of it already and left out. */
function addSides(a: Side, b: Side, sign: 1 | -1, schema: number, zeroThreshold: number): Side {
  const indexes: number[] = [];
  const counts: number[] = [];
  const compensations: number[] | undefined = a.compensations && [];
  let from = 0;
  while (from < b.indexes.length && isInsideZero(b.indexes[from]!, schema, zeroThreshold)) from++;
  for (let i = 0, j = from; i < a.indexes.length || j < b.indexes.length; ) {
    const left = i < a.indexes.length ? a.indexes[i]! : Number.POSITIVE_INFINITY;
    const right = j < b.indexes.length ? b.indexes[j]! : Number.POSITIVE_INFINITY;
    const count = sign * b.counts[j]!;
    const lost = sign * (b.compensations?.[j] ?? 0);
    indexes.push(Math.min(left, right));
    const at = indexes.length - 1;
    if (left <= right) {
      counts.push(a.counts[i]!);
      compensations?.push(a.compensations![i]!);
      i++;
      if (left < right) continue;
      if (!compensations) counts[at]! += count;
      else if (lost !== 0) kahanInto(counts, compensations, at, count, lost);
      else {
        compensations[at] = compensate(count, counts[at]!, compensations[at]!);
        counts[at]! += count;
      }
    } else {
      counts.push(count);
      compensations?.push(lost);
    }
    j++;
  }
  return { indexes, counts, compensations };
}

/** Both are mapped to the bounds they share; what lies between goes to the next shared bound above. */
function addWithOtherBounds(
  h: MutableHistogram,
  other: FloatHistogram,
  sign: 1 | -1,
  compensation: MutableHistogram | undefined,
): void {
  const bounds = h.customValues.filter((bound) => other.customValues.includes(bound));
  const counts = new Array<number>(bounds.length + 1).fill(0);
  const compensations = new Array<number>(bounds.length + 1).fill(0);
  const map = (from: FloatHistogram, factor: 1 | -1, lost: readonly number[] | undefined) => {
    const indexes = spanIndexes(from.positiveSpans);
    for (const [i, count] of from.positiveBuckets.entries()) {
      const bound = from.customValues[indexes[i]!] ?? Number.POSITIVE_INFINITY;
      const found = bounds.findIndex((shared) => shared >= bound);
      const at = found === -1 ? bounds.length : found;
      compensations[at] = compensate(factor * count, counts[at]!, compensations[at]!);
      counts[at]! += factor * count;
      if (!lost) continue;
      compensations[at] = compensate(lost[i]!, counts[at]!, compensations[at]!);
      counts[at]! += lost[i]!;
    }
  };
  map(h, 1, compensation?.positiveBuckets);
  map(other, sign, undefined);
  const kept = counts.map((_, i) => i).filter((i) => counts[i] !== 0 || compensations[i] !== 0);
  h.positiveSpans = indexSpans(kept);
  h.positiveBuckets = kept.map((i) => counts[i]!);
  h.customValues = bounds;
  if (!compensation) return;
  compensation.positiveSpans = h.positiveSpans;
  compensation.positiveBuckets = kept.map((i) => compensations[i]!);
  compensation.customValues = bounds;
}

/** In place; true where the two contradict each other. */
function mergeResetHints(h: MutableHistogram, other: FloatHistogram): boolean {
  if (h.counterResetHint === other.counterResetHint || h.counterResetHint === 'gauge') return false;
  if (other.counterResetHint === 'gauge') h.counterResetHint = 'gauge';
  else if (h.counterResetHint === 'unknown') return false;
  else if (other.counterResetHint === 'unknown') h.counterResetHint = 'unknown';
  else {
    h.counterResetHint = 'unknown';
    return true;
  }
  return false;
}
