import { ignoredInMixedRange } from './annotations.ts';
import { changesKernel, changesMixed, resetsKernel, resetsMixed } from './counter-changes.ts';
import { extendedRateKernel, extendedRateMixed } from './extended-rate.ts';
import * as overTime from './over-time.ts';
import * as overTimeHistogram from './over-time-histogram.ts';
import type {
  FloatKernel,
  MixedRule,
  MixedWindow,
  RangeCall,
  RangeFunction,
  RangeWork,
} from './range-call.ts';
import { annotate, floatCount, histogramCount } from './range-call.ts';
import type { RangeSeries, WindowEdges } from './range-window.ts';
import { findWindows } from './range-window.ts';
import type { RateKind } from './rate.ts';
import { DELTA, INCREASE, instantRateKernel, RATE, rateKernel } from './rate.ts';
import { instantRateMixed, rateMixed } from './rate-histogram.ts';
import { deriv, doubleExponentialSmoothing, predictLinear } from './regression.ts';
import { FLOAT, StepColumns } from './value.ts';

/** Undefined for a function that takes no range. */
export function rangeFunction(name: string, mode: RangeCall['mode']): RangeFunction | undefined {
  const kind = Object.hasOwn(RATES, name) ? RATES[name] : undefined;
  if (kind && mode !== 'plain') return extendedRate(kind);
  return Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
}

/** All steps of one series. */
export function callRangeFunction(
  func: RangeFunction,
  call: RangeCall,
  series: RangeSeries,
  edges: WindowEdges,
): StepColumns {
  const { steps } = call;
  const out = new StepColumns(steps.count);
  const work: RangeWork = {
    call,
    series,
    floats: findWindows(series.floats.times, steps, edges),
    histograms: series.histograms && findWindows(series.histograms.times, steps, edges),
  };
  if (!work.histograms) {
    func.floats(work, out);
    return out;
  }
  if (func.mixed === 'ignored') func.floats(work, out);
  for (let step = 0; step < steps.count; step++) {
    const window: MixedWindow = {
      work,
      step,
      floats: series.floats,
      low: work.floats.low[step]!,
      high: work.floats.high[step]!,
      histograms: series.histograms!,
      histogramLow: work.histograms.low[step]!,
      histogramHigh: work.histograms.high[step]!,
    };
    if (func.mixed !== 'ignored') func.mixed(window, out);
    else if (floatCount(window) > 0 && histogramCount(window) > 0) annotate(work, ignoredInMixedRange);
  }
  return out;
}

const RATES: Record<string, RateKind> = { rate: RATE, increase: INCREASE, delta: DELTA };

const FUNCTIONS: Record<string, RangeFunction> = {
  rate: plainRate(RATE),
  increase: plainRate(INCREASE),
  delta: plainRate(DELTA),
  irate: withFallback(instantRateKernel(true), (floats) => instantRateMixed(true, floats)),
  idelta: withFallback(instantRateKernel(false), (floats) => instantRateMixed(false, floats)),
  resets: { floats: resetsKernel, mixed: resetsMixed },
  changes: { floats: changesKernel, mixed: changesMixed },
  deriv: { floats: deriv, mixed: 'ignored' },
  predict_linear: { floats: predictLinear, mixed: 'ignored' },
  double_exponential_smoothing: { floats: doubleExponentialSmoothing, mixed: 'ignored' },
  sum_over_time: withFallback(overTime.sumOverTime, overTimeHistogram.sumMixed),
  avg_over_time: withFallback(overTime.avgOverTime, overTimeHistogram.avgMixed),
  count_over_time: { floats: overTime.countOverTime, mixed: overTimeHistogram.countMixed },
  present_over_time: { floats: overTime.presentOverTime, mixed: overTimeHistogram.presentMixed },
  absent_over_time: { floats: overTime.presentOverTime, mixed: overTimeHistogram.presentMixed },
  first_over_time: { floats: overTime.firstOverTime, mixed: overTimeHistogram.firstMixed },
  last_over_time: { floats: overTime.lastOverTime, mixed: overTimeHistogram.lastMixed },
  ts_of_first_over_time: { floats: overTime.timeOfFirst, mixed: overTimeHistogram.timeOfFirstMixed },
  ts_of_last_over_time: { floats: overTime.timeOfLast, mixed: overTimeHistogram.timeOfLastMixed },
  max_over_time: { floats: overTime.maxOverTime, mixed: 'ignored' },
  min_over_time: { floats: overTime.minOverTime, mixed: 'ignored' },
  ts_of_max_over_time: { floats: overTime.timeOfMax, mixed: 'ignored' },
  ts_of_min_over_time: { floats: overTime.timeOfMin, mixed: 'ignored' },
  stddev_over_time: { floats: overTime.deviationOverTime, mixed: 'ignored' },
  stdvar_over_time: { floats: overTime.varianceOverTime, mixed: 'ignored' },
  quantile_over_time: { floats: overTime.quantileOverTime, mixed: 'ignored' },
  mad_over_time: { floats: overTime.madOverTime, mixed: 'ignored' },
};

function plainRate(kind: RateKind): RangeFunction {
  return withFallback(rateKernel(kind), (floats) => rateMixed(kind, floats));
}

function extendedRate(kind: RateKind): RangeFunction {
  return withFallback(extendedRateKernel(kind), (floats) => extendedRateMixed(kind, floats));
}

/** A rule for windows with histograms that leaves windows of floats only to the kernel. */
function withFallback(floats: FloatKernel, mixed: (floats: MixedRule) => MixedRule): RangeFunction {
  return { floats, mixed: mixed(oneStep(floats)) };
}

/** The kernel on a single window. */
function oneStep(kernel: FloatKernel): MixedRule {
  return ({ work, step, low, high }, out) => {
    if (low === high) return;
    const { steps } = work.call;
    const atMs = steps.startMs + step * steps.stepMs;
    const only: RangeWork = {
      ...work,
      call: { ...work.call, steps: { startMs: atMs, endMs: atMs, stepMs: steps.stepMs, count: 1 } },
      floats: { low: Int32Array.of(low), high: Int32Array.of(high) },
    };
    const result = new StepColumns(1);
    kernel(only, result);
    if (result.kinds[0] === FLOAT) out.setFloat(step, result.values[0]!);
  };
}
