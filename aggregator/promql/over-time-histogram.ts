import type { FloatHistogram } from '../../model/histogram.ts';
import {
  counterResetCollision,
  mismatchedCustomBuckets,
  mixedExponentialCustom,
  mixedFloatsHistograms,
} from './annotations.ts';
import { IncompatibleSchema } from './native-arithmetic.ts';
import { copyHistogram } from './native-histogram.ts';
import { HistogramMean, HistogramSum } from './native-sum.ts';
import type { MixedRule, MixedWindow } from './range-call.ts';
import { annotate, floatCount, histogramCount } from './range-call.ts';

/** sum_over_time of histograms. Floats and histograms in one window have no sum. */
export function sumMixed(floats: MixedRule): MixedRule {
  return accumulating(floats, () => new HistogramSum());
}

/** avg_over_time of histograms. */
export function avgMixed(floats: MixedRule): MixedRule {
  return accumulating(floats, () => new HistogramMean());
}

function accumulating(floats: MixedRule, start: () => HistogramSum | HistogramMean): MixedRule {
  return (window, out) => {
    const { work, step } = window;
    if (histogramCount(window) === 0) return floats(window, out);
    if (floatCount(window) > 0) return annotate(work, mixedFloatsHistograms);
    const total = start();
    try {
      for (const histogram of windowHistograms(window)) total.add(histogram);
    } catch (error) {
      if (error instanceof IncompatibleSchema) return annotate(work, mixedExponentialCustom);
      throw error;
    }
    out.setHistogram(step, total.result());
    if (total.resetCollision) annotate(work, (_, position) => counterResetCollision(position, 'aggregation'));
    if (total.boundsReconciled)
      annotate(work, (_, position) => mismatchedCustomBuckets(position, 'aggregation'));
  };
}

export const countMixed: MixedRule = (window, out) => {
  const count = floatCount(window) + histogramCount(window);
  if (count > 0) out.setFloat(window.step, count);
};

export const presentMixed: MixedRule = (window, out) => {
  if (floatCount(window) + histogramCount(window) > 0) out.setFloat(window.step, 1);
};

export const firstMixed: MixedRule = (window, out) => {
  const { step, floats, low, histograms, histogramLow } = window;
  const hasFloat = floatCount(window) > 0;
  if (histogramCount(window) === 0) {
    if (hasFloat) out.setFloat(step, floats.values[low]!);
  } else if (hasFloat && floats.times[low]! < histograms.times[histogramLow]!)
    out.setFloat(step, floats.values[low]!);
  else out.setHistogram(step, copyHistogram(histograms.values[histogramLow]!));
};

export const lastMixed: MixedRule = (window, out) => {
  const { step, floats, high, histograms, histogramHigh } = window;
  const hasFloat = floatCount(window) > 0;
  if (histogramCount(window) === 0) {
    if (hasFloat) out.setFloat(step, floats.values[high - 1]!);
  } else if (hasFloat && histograms.times[histogramHigh - 1]! < floats.times[high - 1]!)
    out.setFloat(step, floats.values[high - 1]!);
  else out.setHistogram(step, copyHistogram(histograms.values[histogramHigh - 1]!));
};

export const timeOfFirstMixed: MixedRule = (window, out) => {
  const { step, floats, low, histograms, histogramLow } = window;
  const times: number[] = [];
  if (floatCount(window) > 0) times.push(floats.times[low]!);
  if (histogramCount(window) > 0) times.push(histograms.times[histogramLow]!);
  if (times.length > 0) out.setFloat(step, Math.min(...times) / 1000);
};

export const timeOfLastMixed: MixedRule = (window, out) => {
  const { step, floats, high, histograms, histogramHigh } = window;
  const times: number[] = [];
  if (floatCount(window) > 0) times.push(floats.times[high - 1]!);
  if (histogramCount(window) > 0) times.push(histograms.times[histogramHigh - 1]!);
  if (times.length > 0) out.setFloat(step, Math.max(...times) / 1000);
};

function windowHistograms(window: MixedWindow): readonly FloatHistogram[] {
  return window.histograms.values.slice(window.histogramLow, window.histogramHigh);
}
