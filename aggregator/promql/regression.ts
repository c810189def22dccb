import { executionError } from './context.ts';
import { formatFixed } from './go-number.ts';
import { compensate } from './kahan.ts';
import type { FloatKernel } from './range-call.ts';

/** Slope of the least-squares line. */
export const deriv: FloatKernel = (work, out) => {
  const { times, values } = work.series.floats;
  const { low, high } = work.floats;
  for (let step = 0; step < low.length; step++) {
    if (high[step]! - low[step]! < 2) continue;
    // Times are counted from near the samples, or the squares lose digits.
    out.setFloat(step, regress(times, values, low[step]!, high[step]!, times[low[step]!]!).slope);
  }
};

/** The least-squares line's value so many seconds after the step. */
export const predictLinear: FloatKernel = (work, out) => {
  const { times, values } = work.series.floats;
  const { low, high } = work.floats;
  const { steps, params } = work.call;
  for (let step = 0; step < low.length; step++) {
    if (high[step]! - low[step]! < 2) continue;
    const atMs = steps.startMs + step * steps.stepMs;
    const { slope, intercept } = regress(times, values, low[step]!, high[step]!, atMs);
    out.setFloat(step, slope * params[0]![step]! + intercept);
  }
};

function regress(
  times: Float64Array,
  values: Float64Array,
  low: number,
  high: number,
  originMs: number,
): { slope: number; intercept: number } {
  const n = high - low;
  const first = values[low]!;
  let constant = true;
  let sumX = 0;
  let cX = 0;
  let sumY = 0;
  let cY = 0;
  let sumXY = 0;
  let cXY = 0;
  let sumXX = 0;
  let cXX = 0;
  for (let i = low; i < high; i++) {
    const y = values[i]!;
    if (i > low && y !== first) constant = false;
    const x = (times[i]! - originMs) / 1e3;
    cX = compensate(x, sumX, cX);
    sumX += x;
    cY = compensate(y, sumY, cY);
    sumY += y;
    cXY = compensate(x * y, sumXY, cXY);
    sumXY += x * y;
    cXX = compensate(x * x, sumXX, cXX);
    sumXX += x * x;
  }
  if (constant)
    return first === Number.POSITIVE_INFINITY || first === Number.NEGATIVE_INFINITY
      ? { slope: Number.NaN, intercept: Number.NaN }
      : { slope: 0, intercept: first };
  sumX += cX;
  sumY += cY;
  sumXY += cXY;
  sumXX += cXX;
  const covariance = sumXY - (sumX * sumY) / n;
  const variance = sumXX - (sumX * sumX) / n;
  const slope = covariance / variance;
  return { slope, intercept: sumY / n - (slope * sumX) / n };
}

/** Holt's linear method: a smoothed value and a smoothed trend. */
export const doubleExponentialSmoothing: FloatKernel = (work, out) => {
  const { values } = work.series.floats;
  const { low, high } = work.floats;
  for (let step = 0; step < low.length; step++) {
    const smoothing = work.call.params[0]![step]!;
    const trending = work.call.params[1]![step]!;
    const empty = high[step] === low[step] && !work.histograms;
    if (!empty) checkFactors(smoothing, trending);
    if (high[step]! - low[step]! < 2) continue;
    let before = 0;
    let smoothed = values[low[step]!]!;
    let trend = values[low[step]! + 1]! - smoothed;
    for (let i = low[step]! + 1; i < high[step]!; i++) {
      if (i > low[step]! + 1) trend = trending * (smoothed - before) + (1 - trending) * trend;
      const next = smoothing * values[i]! + (1 - smoothing) * (smoothed + trend);
      before = smoothed;
      smoothed = next;
    }
    out.setFloat(step, smoothed);
  }
};

function checkFactors(smoothing: number, trending: number): void {
  if (smoothing <= 0 || smoothing >= 1)
    throw executionError(`invalid smoothing factor. Expected: 0 < sf < 1, got: ${formatFixed(smoothing)}`);
  if (trending <= 0 || trending >= 1)
    throw executionError(`invalid trend factor. Expected: 0 < tf < 1, got: ${formatFixed(trending)}`);
}
