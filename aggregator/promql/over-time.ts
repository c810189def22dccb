import { invalidQuantile } from './annotations.ts';
import { compensate } from './kahan.ts';
import { quantile } from './quantile.ts';
import type { FloatKernel, RangeWork } from './range-call.ts';

/** A kernel from a function of one window that is not empty. */
function perWindow(
  evaluate: (values: Float64Array, low: number, high: number, work: RangeWork, step: number) => number,
): FloatKernel {
  return (work, out) => {
    const { low, high } = work.floats;
    const { values } = work.series.floats;
    for (let step = 0; step < low.length; step++)
      if (high[step]! > low[step]!) out.setFloat(step, evaluate(values, low[step]!, high[step]!, work, step));
  };
}

export const countOverTime = perWindow((_, low, high) => high - low);
export const presentOverTime = perWindow(() => 1);
export const firstOverTime = perWindow((values, low) => values[low]!);
export const lastOverTime = perWindow((values, _, high) => values[high - 1]!);
export const timeOfFirst = perWindow((_, low, __, work) => work.series.floats.times[low]! / 1000);
export const timeOfLast = perWindow((_, __, high, work) => work.series.floats.times[high - 1]! / 1000);

export const maxOverTime = extreme((kept, value) => kept < value);
export const minOverTime = extreme((kept, value) => kept > value);

/**
 * The greatest or least of each window in one pass over the series: a queue holds the samples that may yet be
 * it, those that `gives way` to a later one dropped. Of equals the first counts, and NaN only where there is
 * nothing else.
 */
function extreme(givesWay: (kept: number, value: number) => boolean): FloatKernel {
  return (work, out) => {
    const { values } = work.series.floats;
    const { low, high } = work.floats;
    const queue = new Int32Array(values.length);
    let head = 0;
    let tail = 0;
    let next = 0;
    for (let step = 0; step < low.length; step++) {
      if (high[step] === low[step]) continue;
      for (; next < high[step]!; next++) {
        const value = values[next]!;
        if (Number.isNaN(value)) continue;
        while (tail > head && givesWay(values[queue[tail - 1]!]!, value)) tail--;
        queue[tail++] = next;
      }
      while (head < tail && queue[head]! < low[step]!) head++;
      out.setFloat(step, head < tail ? values[queue[head]!]! : Number.NaN);
    }
  };
}

/** Of several equal ones the last. */
export const timeOfMax = perWindow((values, low, high, work) => {
  let at = low;
  for (let i = low; i < high; i++) if (values[i]! >= values[at]! || Number.isNaN(values[at]!)) at = i;
  return work.series.floats.times[at]! / 1000;
});

export const timeOfMin = perWindow((values, low, high, work) => {
  let at = low;
  for (let i = low; i < high; i++) if (values[i]! <= values[at]! || Number.isNaN(values[at]!)) at = i;
  return work.series.floats.times[at]! / 1000;
});

export const sumOverTime = perWindow((values, low, high) => {
  let sum = 0;
  let c = 0;
  for (let i = low; i < high; i++) {
    const value = values[i]!;
    const total = sum + value;
    c += Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
    sum = total;
  }
  // Once infinite, the sum never gets finite again: so nothing had to be watched on the way.
  return Number.isFinite(sum) ? sum + c : overflowingSum(values, low, high);
});

function overflowingSum(values: Float64Array, low: number, high: number): number {
  let sum = 0;
  let c = 0;
  for (let i = low; i < high; i++) {
    c = compensate(values[i]!, sum, c);
    sum += values[i]!;
  }
  return isInfinite(sum) ? sum : sum + c;
}

export const avgOverTime = perWindow((values, low, high) => {
  let sum = values[low]!;
  let c = 0;
  for (let i = low + 1; i < high; i++) {
    const value = values[i]!;
    const total = sum + value;
    c += Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
    sum = total;
  }
  const count = high - low;
  return Number.isFinite(sum) ? sum / count + c / count : overflowingMean(values, low, high);
});

/** Mean of the sum, until the sum would overflow; from there on a running mean. */
function overflowingMean(values: Float64Array, low: number, high: number): number {
  let total = values[low]!;
  let c = 0;
  let running = false;
  for (let i = low + 1; i < high; i++) {
    const value = values[i]!;
    const count = i - low + 1;
    if (!running) {
      const next = total + value;
      if (!isInfinite(next)) {
        c = compensate(value, total, c);
        total = next;
        continue;
      }
      running = true;
      total /= count - 1;
      c /= count - 1;
    }
    const weight = (count - 1) / count;
    const increment = value / count;
    c = compensate(increment, weight * total, weight * c);
    total = weight * total + increment;
  }
  const count = high - low;
  return running ? total + c : total / count + c / count;
}

export const varianceOverTime = perWindow(variance);
export const deviationOverTime = perWindow((values, low, high) => Math.sqrt(variance(values, low, high)));

/** Welford's, with Kahan for both running numbers. */
function variance(values: Float64Array, low: number, high: number): number {
  let count = 0;
  let mean = 0;
  let meanC = 0;
  let squares = 0;
  let squaresC = 0;
  for (let i = low; i < high; i++) {
    const value = values[i]!;
    count++;
    const delta = value - (mean + meanC);
    const meanStep = delta / count;
    meanC = compensate(meanStep, mean, meanC);
    mean += meanStep;
    const squareStep = delta * (value - (mean + meanC));
    squaresC = compensate(squareStep, squares, squaresC);
    squares += squareStep;
  }
  return (squares + squaresC) / count;
}

export const quantileOverTime: FloatKernel = (work, out) => {
  const { low, high } = work.floats;
  const { values } = work.series.floats;
  const { params, annotations, position } = work.call;
  for (let step = 0; step < low.length; step++) {
    if (high[step] === low[step]) continue;
    const q = params[0]![step]!;
    if (!(q >= 0 && q <= 1)) annotations.add(invalidQuantile(q, position));
    out.setFloat(step, quantile(q, values.slice(low[step], high[step])));
  }
};

/** Median of the distances from the median. */
export const madOverTime = perWindow((values, low, high) => {
  for (let i = low; i < high; i++) if (Number.isNaN(values[i]!)) return Number.NaN;
  const window = values.slice(low, high);
  const median = quantile(0.5, window);
  return quantile(
    0.5,
    window.map((value) => Math.abs(value - median)),
  );
});

function isInfinite(x: number): boolean {
  return x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY;
}
