import type { FloatHistogram } from '../../model/histogram.ts';
import {
  type Annotation,
  histogramNotCounter,
  histogramNotGauge,
  mismatchedCustomBuckets,
  mixedExponentialCustom,
  mixedFloatsHistograms,
  startTimeOverlap,
} from './annotations.ts';
import type { PositionRange } from './ast.ts';
import { add, copyToSchema, IncompatibleSchema, subtract } from './native-arithmetic.ts';
import type { MutableHistogram } from './native-histogram.ts';
import { copyHistogram, divide, emptyHistogram, multiply, usesCustomBuckets } from './native-histogram.ts';
import { compact } from './native-layout.ts';
import { detectReset } from './native-reset.ts';
import { addAnnotated } from './range-annotated.ts';
import type { MixedRule, MixedWindow } from './range-call.ts';
import { annotate, floatCount, histogramCount } from './range-call.ts';
import type { RateKind } from './rate.ts';
import { birth, extrapolationFactor } from './rate.ts';
import { isOverlap, isStartReset } from './start-timestamps.ts';

/** rate, increase and delta of a window of histograms. A window with floats too has no rate. */
export function rateMixed(kind: RateKind, floats: MixedRule): MixedRule {
  return (window, out) => {
    const { work, step, histograms, histogramLow, histogramHigh } = window;
    const samples = histogramCount(window);
    if (samples === 0) return floats(window, out);
    if (floatCount(window) > 0) return annotate(work, mixedFloatsHistograms);
    let growth: MutableHistogram | undefined;
    if (samples > 1) {
      growth = histogramGrowth(window, kind.counter);
      if (!growth) return;
    }
    const firstMs = histograms.times[histogramLow]!;
    const lastMs = histograms.times[histogramHigh - 1]!;
    const first = histograms.values[histogramLow]!;
    const bornMs = kind.counter ? birth(work, step, histograms.starts?.[histogramLow] ?? 0, firstMs) : 0;
    if (bornMs !== 0) {
      if (!growth) growth = copyHistogram(first);
      else if (!addAnnotated(growth, first, work)) return;
    } else if (!growth) return;
    const factor = extrapolationFactor(
      work,
      kind,
      step,
      firstMs,
      lastMs,
      samples,
      bornMs,
      first.count,
      growth.count,
    );
    out.setHistogram(step, multiply(growth, factor));
  };
}

/**
 * Last minus first, with what each reset took away added back. Undefined where layouts do not go together;
 * that is then the only remark, whatever else there was to say before.
 */
function histogramGrowth(window: MixedWindow, counter: boolean): MutableHistogram | undefined {
  const { work, histogramLow: low, histogramHigh: high } = window;
  const { values, times, starts } = window.histograms;
  const remarks = new Set<(name: string, position: PositionRange) => Annotation>();
  const isReset = (i: number, previous: FloatHistogram) =>
    (starts !== undefined && isStartReset(starts[i - 1]!, times[i - 1]!, starts[i]!, times[i]!)) ||
    detectReset(values[i]!, previous);

  let previous = values[low]!;
  let custom = usesCustomBuckets(previous);
  const last = values[high - 1]!;
  if (counter && (previous.counterResetHint === 'gauge' || last.counterResetHint === 'gauge'))
    remarks.add(histogramNotCounter);
  // Before a reset the first sample counts for nothing, and its layout does not matter.
  if (counter && isReset(low + 1, previous)) {
    const second = values[low + 1]!;
    previous = emptyHistogram(second.schema, second.customValues);
    custom = usesCustomBuckets(second);
  }
  if (usesCustomBuckets(last) !== custom) {
    for (const remark of remarks) annotate(work, remark);
    return void annotate(work, mixedExponentialCustom);
  }
  let schema = Math.min(last.schema, previous.schema);
  for (let i = low + 1; counter && i < high - 1; i++) {
    const current = values[i]!;
    if (current.counterResetHint === 'gauge') remarks.add(histogramNotCounter);
    schema = Math.min(schema, current.schema);
    if (usesCustomBuckets(current) !== custom) return void annotate(work, mixedExponentialCustom);
  }

  const growth = copyToSchema(last, schema);
  try {
    if (subtract(growth, previous).boundsReconciled) remarks.add(reconciledInSubtraction);
    let overlap = false;
    for (let i = low + 1; counter && i < high; i++) {
      overlap ||= starts !== undefined && isOverlap(starts[i - 1]!, times[i - 1]!, starts[i]!);
      if (isReset(i, previous) && add(growth, previous).boundsReconciled) remarks.add(reconciledInAddition);
      previous = values[i]!;
    }
    if (overlap) remarks.add(startTimeOverlap);
  } catch (error) {
    if (error instanceof IncompatibleSchema) return void annotate(work, mixedExponentialCustom);
    throw error;
  }
  if (!counter && (values[low]!.counterResetHint !== 'gauge' || last.counterResetHint !== 'gauge'))
    remarks.add(histogramNotGauge);
  for (const remark of remarks) annotate(work, remark);
  growth.counterResetHint = 'gauge';
  return compact(growth);
}

function reconciledInSubtraction(_: string, position: PositionRange): Annotation {
  return mismatchedCustomBuckets(position, 'subtraction');
}

function reconciledInAddition(_: string, position: PositionRange): Annotation {
  return mismatchedCustomBuckets(position, 'addition');
}

/** irate and idelta of a window that holds histograms: the last two samples of either kind. */
export function instantRateMixed(isRate: boolean, floats: MixedRule): MixedRule {
  return (window, out) => {
    const { work, step, histograms, histogramHigh } = window;
    const [previousMs, lastMs, kinds] = lastTwo(window);
    if (kinds === 'none') return;
    if (kinds === 'floats') return floats(window, out);
    if (lastMs === previousMs) return;
    if (kinds === 'mixed') return annotate(work, mixedFloatsHistograms);
    const i = histogramHigh - 1;
    const last = histograms.values[i]!;
    const previous = histograms.values[i - 1]!;
    const gauges = [last, previous].filter((h) => h.counterResetHint === 'gauge').length;
    if (isRate && gauges > 0) annotate(work, histogramNotCounter);
    if (!isRate && gauges < 2) annotate(work, histogramNotGauge);
    const growth = copyHistogram(last);
    const { starts } = histograms;
    const reset =
      isRate &&
      ((starts !== undefined && isStartReset(starts[i - 1]!, previousMs, starts[i]!, lastMs)) ||
        detectReset(last, previous));
    if (!reset) {
      try {
        if (subtract(growth, previous).boundsReconciled) annotate(work, reconciledInSubtraction);
      } catch (error) {
        if (error instanceof IncompatibleSchema) return annotate(work, mixedExponentialCustom);
        throw error;
      }
    }
    growth.counterResetHint = 'gauge';
    compact(growth);
    out.setHistogram(step, isRate ? divide(growth, (lastMs - previousMs) / 1000) : growth);
  };
}

/** Times and kinds of the two newest samples of a window. */
function lastTwo(
  window: MixedWindow,
): [previousMs: number, lastMs: number, kinds: 'none' | 'floats' | 'histograms' | 'mixed'] {
  const floatTimes = window.floats.times.subarray(Math.max(window.low, window.high - 2), window.high);
  const { histogramLow, histogramHigh } = window;
  const histogramTimes = window.histograms.times.subarray(
    Math.max(histogramLow, histogramHigh - 2),
    histogramHigh,
  );
  const newest = [
    ...Array.from(floatTimes, (timeMs) => ({ timeMs, float: true })),
    ...Array.from(histogramTimes, (timeMs) => ({ timeMs, float: false })),
  ]
    .sort((a, b) => a.timeMs - b.timeMs)
    .slice(-2);
  const [previous, last] = newest;
  if (!previous || !last) return [0, 0, 'none'];
  const kinds = previous.float !== last.float ? 'mixed' : last.float ? 'floats' : 'histograms';
  return [previous.timeMs, last.timeMs, kinds];
}
