import type { FloatHistogram } from '../../model/histogram.ts';
import { add, subtract } from './native-arithmetic.ts';
import type { MutableHistogram } from './native-histogram.ts';
import { copyHistogram, multiply } from './native-histogram.ts';
import { detectReset } from './native-reset.ts';

/** The value at a time between sample `at` and the next. A counter that was reset between began at zero. */
export function interpolate(
  times: Float64Array,
  values: ArrayLike<number>,
  at: number,
  timeMs: number,
  counter: boolean,
): number {
  const after = values[at + 1]!;
  const before = counter && after < values[at]! ? 0 : values[at]!;
  return before + ((after - before) * (timeMs - times[at]!)) / (times[at + 1]! - times[at]!);
}

/**
 * The histogram at a time between sample `at` and the next. `reconciled` names the operations in which custom
 * bounds differed. Throws IncompatibleSchema.
 */
export function interpolateHistograms(
  times: Float64Array,
  values: readonly FloatHistogram[],
  at: number,
  timeMs: number,
  counter: boolean,
): { histogram: MutableHistogram; reconciled: ('subtraction' | 'addition')[] } {
  const before = values[at]!;
  const after = values[at + 1]!;
  const reconciled: ('subtraction' | 'addition')[] = [];
  if (timeMs === times[at]) return { histogram: copyHistogram(before), reconciled };
  if (timeMs === times[at + 1]) return { histogram: copyHistogram(after), reconciled };
  const fraction = (timeMs - times[at]!) / (times[at + 1]! - times[at]!);
  const histogram = copyHistogram(after);
  if (counter && detectReset(after, before)) return { histogram: multiply(histogram, fraction), reconciled };
  if (subtract(histogram, before).boundsReconciled) reconciled.push('subtraction');
  multiply(histogram, fraction);
  if (add(histogram, before).boundsReconciled) reconciled.push('addition');
  return { histogram, reconciled };
}
