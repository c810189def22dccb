import type { FloatHistogram } from '../../model/histogram.ts';
import { equalHistograms } from './native-histogram.ts';
import { detectReset } from './native-reset.ts';
import type { FloatKernel, MixedRule, RangeWork } from './range-call.ts';
import { isStartReset } from './start-timestamps.ts';

/** Counts the samples of each window (but its first) for which a test holds: one pass, then differences. */
function counting(test: (work: RangeWork, index: number) => boolean): FloatKernel {
  return (work, out) => {
    const { times } = work.series.floats;
    const { low, high } = work.floats;
    const before = new Int32Array(times.length + 1);
    for (let i = 0; i < times.length; i++) before[i + 1] = before[i]! + (i > 0 && test(work, i) ? 1 : 0);
    for (let step = 0; step < low.length; step++) {
      const first = firstOfWindow(work, times, low[step]!, high[step]!, step);
      if (first < high[step]!) out.setFloat(step, before[high[step]!]! - before[first + 1]!);
    }
  };
}

/**
 * Where counting begins. Anchored windows reach back further: the newest sample at or before the range's
 * start is what the first one inside is compared with. At the window's end when there is none inside.
 */
function firstOfWindow(
  work: RangeWork,
  times: Float64Array,
  low: number,
  high: number,
  step: number,
): number {
  if (work.call.mode !== 'anchored') return low;
  const startMs = rangeStart(work, step);
  let after = low;
  while (after < high && times[after]! <= startMs) after++;
  return after === high ? high : Math.max(low, after - 1);
}

function rangeStart({ call }: RangeWork, step: number): number {
  return call.steps.startMs + step * call.steps.stepMs - call.rangeMs - call.offsetMs;
}

export const resetsKernel = counting(({ series: { floats } }, i) => {
  const { values, starts, times } = floats;
  if (values[i]! < values[i - 1]!) return true;
  return starts !== undefined && isStartReset(starts[i - 1]!, times[i - 1]!, starts[i]!, times[i]!);
});

export const changesKernel = counting(({ series: { floats } }, i) => {
  const current = floats.values[i]!;
  const previous = floats.values[i - 1]!;
  return current !== previous && !(Number.isNaN(current) && Number.isNaN(previous));
});

/** A sample of either kind. */
interface Sample {
  readonly timeMs: number;
  readonly startMs: number;
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

/** A step from float to histogram or back is a reset and a change. */
function countingMixed(test: (previous: Sample, current: Sample) => boolean): MixedRule {
  return (window, out) => {
    const { work, step, floats, histograms } = window;
    const samples: Sample[] = [];
    for (let i = window.low; i < window.high; i++)
      samples.push({
        timeMs: floats.times[i]!,
        startMs: floats.starts?.[i] ?? 0,
        value: floats.values[i]!,
        histogram: undefined,
      });
    for (let i = window.histogramLow; i < window.histogramHigh; i++)
      samples.push({
        timeMs: histograms.times[i]!,
        startMs: histograms.starts?.[i] ?? 0,
        value: 0,
        histogram: histograms.values[i],
      });
    samples.sort((a, b) => a.timeMs - b.timeMs);
    const times = Float64Array.from(samples, (sample) => sample.timeMs);
    const first = firstOfWindow(work, times, 0, times.length, step);
    if (first === samples.length) return;
    let count = 0;
    for (let i = first + 1; i < samples.length; i++) if (test(samples[i - 1]!, samples[i]!)) count++;
    out.setFloat(step, count);
  };
}

export const resetsMixed = countingMixed((previous, current) => {
  if (Boolean(previous.histogram) !== Boolean(current.histogram)) return true;
  if (isStartReset(previous.startMs, previous.timeMs, current.startMs, current.timeMs)) return true;
  if (!current.histogram) return current.value < previous.value;
  return detectReset(current.histogram, previous.histogram!);
});

export const changesMixed = countingMixed((previous, current) => {
  if (Boolean(previous.histogram) !== Boolean(current.histogram)) return true;
  if (current.histogram) return !equalHistograms(current.histogram, previous.histogram!);
  return current.value !== previous.value && !(Number.isNaN(current.value) && Number.isNaN(previous.value));
});
