import type { FloatHistogram } from '../../model/histogram.ts';
import {
  histogramNotCounter,
  histogramNotGauge,
  mismatchedCustomBuckets,
  mixedExponentialCustom,
  mixedFloatsHistograms,
} from './annotations.ts';
import { interpolate, interpolateHistograms } from './interpolate.ts';
import type { MutableHistogram } from './native-histogram.ts';
import { copyHistogram, divide, usesCustomBuckets } from './native-histogram.ts';
import { compact } from './native-layout.ts';
import { detectReset } from './native-reset.ts';
import { addAnnotated, subtractAnnotated } from './range-annotated.ts';
import type { FloatKernel, MixedRule, MixedWindow, RangeWork } from './range-call.ts';
import { annotate, floatCount, histogramCount } from './range-call.ts';
import type { RateKind } from './rate.ts';
import { durationSeconds } from './value.ts';

/**
 * Rates of anchored and smoothed ranges. Their windows hold samples outside the range; the values at its
 * edges are taken from those (anchored) or interpolated (smoothed), and nothing is extrapolated.
 */
export function extendedRateKernel(kind: RateKind): FloatKernel {
  return (work, out) => {
    const { low, high } = work.floats;
    const { times, values } = work.series.floats;
    for (let step = 0; step < low.length; step++) {
      if (high[step] === low[step]) continue;
      const bounds = findBounds(work, step, times, low[step]!, high[step]!);
      if (!bounds) continue;
      const { first, last, startMs, endMs, smoothed } = bounds;
      const left =
        smoothed && times[first]! < startMs
          ? interpolate(times, values, first, startMs, kind.counter)
          : values[first]!;
      const right =
        smoothed && last > low[step]! && times[last]! > endMs
          ? interpolate(times, values, last - 1, endMs, kind.counter)
          : values[last]!;
      let growth = right - left;
      if (kind.counter) {
        const from = times[first]! <= startMs ? first + 1 : first;
        const to = times[last]! >= endMs ? last - 1 : last;
        growth += resetCorrection(values, from, to, left, right);
      }
      out.setFloat(step, kind.perSecond ? growth / durationSeconds(work.call.rangeMs) : growth);
    }
  };
}

export function extendedRateMixed(kind: RateKind, floats: MixedRule): MixedRule {
  return (window, out) => {
    if (histogramCount(window) === 0) return floats(window, out);
    if (floatCount(window) > 0) return annotate(window.work, mixedFloatsHistograms);
    const growth = histogramGrowth(window, kind.counter);
    if (!growth) return;
    if (kind.perSecond) divide(growth, durationSeconds(window.work.call.rangeMs));
    growth.counterResetHint = 'gauge';
    out.setHistogram(window.step, compact(growth));
  };
}

interface Bounds {
  /** Samples that stand for the edges of the range. */
  readonly first: number;
  readonly last: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly smoothed: boolean;
}

/** Undefined where the window has nothing inside the range. */
function findBounds(
  work: RangeWork,
  step: number,
  times: Float64Array,
  low: number,
  high: number,
): Bounds | undefined {
  const { steps, rangeMs, offsetMs, mode } = work.call;
  const endMs = steps.startMs + step * steps.stepMs - offsetMs;
  const startMs = endMs - rangeMs;
  const smoothed = mode === 'smoothed';
  let last = high - 1;
  let first = low;
  while (first < last && times[first]! <= startMs) first++;
  first = Math.max(low, first - 1);
  if (smoothed) {
    let at = low;
    while (at < last && times[at]! < endMs) at++;
    last = at;
  }
  if (times[last]! <= startMs) return undefined;
  if (smoothed && times[first]! > endMs) return undefined;
  return { first, last, startMs, endMs, smoothed };
}

/** What resets between the edges took away. */
function resetCorrection(
  values: Float64Array,
  from: number,
  to: number,
  left: number,
  right: number,
): number {
  let correction = 0;
  let previous = left;
  for (let i = from; i <= to; i++) {
    if (values[i]! < previous) correction += previous;
    previous = values[i]!;
  }
  return right < previous ? correction + previous : correction;
}

function histogramGrowth(window: MixedWindow, counter: boolean): MutableHistogram | undefined {
  const { work, step, histograms, histogramLow, histogramHigh } = window;
  const { times, values } = histograms;
  const bounds = findBounds(work, step, times, histogramLow, histogramHigh);
  if (!bounds) return undefined;
  const { first, last, startMs, endMs, smoothed } = bounds;
  const custom = usesCustomBuckets(values[first]!);
  for (let i = first; i <= last; i++) {
    if (usesCustomBuckets(values[i]!) !== custom) return void annotate(work, mixedExponentialCustom);
    if (counter && values[i]!.counterResetHint === 'gauge') annotate(work, histogramNotCounter);
  }
  const edge = (at: number, timeMs: number): MutableHistogram => {
    const { histogram, reconciled } = interpolateHistograms(times, values, at, timeMs, counter);
    for (const operation of reconciled)
      annotate(work, (_, position) => mismatchedCustomBuckets(position, operation));
    return histogram;
  };
  const left = smoothed && times[first]! < startMs ? edge(first, startMs) : copyHistogram(values[first]!);
  const right =
    smoothed && last > histogramLow && times[last]! > endMs
      ? edge(last - 1, endMs)
      : copyHistogram(values[last]!);
  if (!counter && (left.counterResetHint !== 'gauge' || right.counterResetHint !== 'gauge'))
    annotate(work, histogramNotGauge);
  const growth = copyHistogram(right);
  if (!subtractAnnotated(growth, left, work)) return undefined;
  if (!counter) return growth;
  const correction = histogramCorrection(window, bounds, left, right);
  if (correction === 'failed') return undefined;
  if (correction && !addAnnotated(growth, correction, work)) return undefined;
  return growth;
}

function histogramCorrection(
  { work, histograms: { times, values } }: MixedWindow,
  { first, last, startMs, smoothed }: Bounds,
  left: FloatHistogram,
  right: FloatHistogram,
): MutableHistogram | 'failed' | undefined {
  let from = first + 1;
  let previous = left;
  if (smoothed && times[first]! < startMs && detectReset(values[first + 1]!, values[first]!)) {
    // The interpolated left edge has this reset in it already.
    previous = values[first + 1]!;
    from++;
  }
  // The last sample is `right`, or what `right` was interpolated from.
  const to = last - 1;
  if (from > to + 1) return undefined;
  let correction: MutableHistogram | undefined;
  const addLost = (lost: FloatHistogram): boolean => {
    if (correction) return addAnnotated(correction, lost, work);
    correction = copyHistogram(lost);
    return true;
  };
  for (let i = from; i <= to; i++) {
    if (detectReset(values[i]!, previous) && !addLost(previous)) return 'failed';
    previous = values[i]!;
  }
  if (detectReset(right, previous) && !addLost(previous)) return 'failed';
  return correction;
}
