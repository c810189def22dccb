import type { FloatHistogram } from '../../model/histogram.ts';
import { mismatchedCustomBuckets, mixedExponentialCustom } from './annotations.ts';
import { add, IncompatibleSchema, subtract } from './native-arithmetic.ts';
import type { MutableHistogram } from './native-histogram.ts';
import type { RangeWork } from './range-call.ts';
import { annotate } from './range-call.ts';

/** In place: base + other. False, with a remark, where the two do not go together. */
export function addAnnotated(base: MutableHistogram, other: FloatHistogram, work: RangeWork): boolean {
  return combineAnnotated(base, other, work, 'addition');
}

/** In place: base − other. False, with a remark, where the two do not go together. */
export function subtractAnnotated(base: MutableHistogram, other: FloatHistogram, work: RangeWork): boolean {
  return combineAnnotated(base, other, work, 'subtraction');
}

function combineAnnotated(
  base: MutableHistogram,
  other: FloatHistogram,
  work: RangeWork,
  operation: 'addition' | 'subtraction',
): boolean {
  try {
    const outcome = operation === 'addition' ? add(base, other) : subtract(base, other);
    if (outcome.boundsReconciled)
      annotate(work, (_, position) => mismatchedCustomBuckets(position, operation));
    return true;
  } catch (error) {
    if (!(error instanceof IncompatibleSchema)) throw error;
    annotate(work, mixedExponentialCustom);
    return false;
  }
}
