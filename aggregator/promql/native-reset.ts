import type { FloatHistogram } from '../../model/histogram.ts';
import { spanIndexes } from './native-buckets.ts';
import { sameBounds, usesCustomBuckets } from './native-histogram.ts';
import { isInsideZero, reduceResolution, side, widerZeroBucket } from './native-layout.ts';

/**
 * Whether the counter was reset between two samples: by what the later one says of itself, else because
 * something fell, or the layout changed as it only does with a new start.
 */
export function detectReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (current.counterResetHint === 'reset') return true;
  if (current.counterResetHint === 'not_reset') return false;
  if (current.count < previous.count) return true;
  if (usesCustomBuckets(current)) {
    if (!usesCustomBuckets(previous)) return true;
    if (!sameBounds(current.customValues, previous.customValues))
      return anySharedBoundFell(current, previous);
  }
  if (current.schema > previous.schema) return true;
  if (current.zeroThreshold < previous.zeroThreshold) return true;
  const zero = widerZeroBucket(previous, current.zeroThreshold);
  if (zero.threshold !== current.zeroThreshold) return true;
  if (current.zeroCount < zero.zeroCount) return true;
  return anyBucketFell(current, previous, 'positive') || anyBucketFell(current, previous, 'negative');
}

function anyBucketFell(
  current: FloatHistogram,
  previous: FloatHistogram,
  sign: 'positive' | 'negative',
): boolean {
  const now = countsByIndex(current, current, sign);
  for (const [index, count] of countsByIndex(previous, current, sign)) {
    const left = now.get(index);
    if (left === undefined ? count !== 0 : left < count) return true;
  }
  return false;
}

/** Counts in the resolution of `like`, without what its zero bucket holds. */
function countsByIndex(
  h: FloatHistogram,
  like: FloatHistogram,
  sign: 'positive' | 'negative',
): Map<number, number> {
  const { indexes, counts } = reduceResolution(
    side(h[`${sign}Spans`], h[`${sign}Buckets`]),
    h.schema,
    like.schema,
  );
  const byIndex = new Map<number, number>();
  let inside = like.zeroThreshold !== 0;
  for (let i = 0; i < indexes.length; i++) {
    inside &&= isInsideZero(indexes[i]!, like.schema, like.zeroThreshold);
    if (!inside) byIndex.set(indexes[i]!, counts[i]!);
  }
  return byIndex;
}

/** Custom bounds differ: compares what lies between the bounds they share. */
function anySharedBoundFell(current: FloatHistogram, previous: FloatHistogram): boolean {
  const shared = current.customValues.filter((bound) => previous.customValues.includes(bound));
  const bounds = [...shared, Number.POSITIVE_INFINITY];
  const now = countsByBound(current, bounds);
  return countsByBound(previous, bounds).some((count, i) => now[i]! < count);
}

function countsByBound(h: FloatHistogram, bounds: readonly number[]): number[] {
  const sums = bounds.map(() => 0);
  const indexes = spanIndexes(h.positiveSpans);
  for (const [i, count] of h.positiveBuckets.entries()) {
    const upper = h.customValues[indexes[i]!] ?? Number.POSITIVE_INFINITY;
    sums[bounds.findIndex((bound) => upper <= bound)]! += count;
  }
  return sums;
}
