import { startTimeOverlap } from './annotations.ts';
import type { FloatKernel, RangeWork } from './range-call.ts';
import { annotate } from './range-call.ts';
import { isOverlap, isStartReset } from './start-timestamps.ts';
import type { StepColumns } from './value.ts';
import { durationSeconds } from './value.ts';

export interface RateKind {
  /** Resets are added back, and nothing is extrapolated below zero. */
  readonly counter: boolean;
  readonly perSecond: boolean;
}

export const RATE: RateKind = { counter: true, perSecond: true };
export const INCREASE: RateKind = { counter: true, perSecond: false };
export const DELTA: RateKind = { counter: false, perSecond: false };

/** rate, increase and delta of floats: O(1) a step, but for resets inside the window. */
export function rateKernel(kind: RateKind): FloatKernel {
  return (work, out) => {
    const { times, values, starts } = work.series.floats;
    const { low, high } = work.floats;
    if (kind.counter && starts) return rateWithStarts(kind, work, out);
    const resets = kind.counter ? findResets(values) : NO_RESETS;
    let nextReset = 0;
    for (let step = 0; step < low.length; step++) {
      const first = low[step]!;
      const end = high[step]!;
      if (end - first < 2) continue;
      const last = end - 1;
      let growth = values[last]! - values[first]!;
      while (nextReset < resets.length && resets[nextReset]! <= first) nextReset++;
      for (let i = nextReset; i < resets.length && resets[i]! < end; i++) growth += values[resets[i]! - 1]!;
      const factor = extrapolationFactor(
        work,
        kind,
        step,
        times[first]!,
        times[last]!,
        end - first,
        0,
        values[first]!,
        growth,
      );
      out.setFloat(step, growth * factor);
    }
  };
}

const NO_RESETS = new Int32Array(0);

/** Indexes of samples smaller than the one before. */
function findResets(values: Float64Array): Int32Array {
  let count = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) count++;
  if (count === 0) return NO_RESETS;
  const resets = new Int32Array(count);
  for (let i = 1, at = 0; i < values.length; i++) if (values[i]! < values[i - 1]!) resets[at++] = i;
  return resets;
}

/** Start timestamps tell resets too, and a counter born in the window counts from zero: one sample is enough. */
function rateWithStarts(kind: RateKind, work: RangeWork, out: StepColumns): void {
  const { times, values } = work.series.floats;
  const starts = work.series.floats.starts!;
  const { low, high } = work.floats;
  for (let step = 0; step < low.length; step++) {
    const first = low[step]!;
    const end = high[step]!;
    if (end === first) continue;
    let growth = values[end - 1]! - values[first]!;
    let overlap = false;
    for (let i = first + 1; i < end; i++) {
      overlap ||= isOverlap(starts[i - 1]!, times[i - 1]!, starts[i]!);
      if (values[i]! < values[i - 1]! || isStartReset(starts[i - 1]!, times[i - 1]!, starts[i]!, times[i]!))
        growth += values[i - 1]!;
    }
    if (overlap) annotate(work, startTimeOverlap);
    const bornMs = birth(work, step, starts[first]!, times[first]!);
    if (bornMs !== 0) growth += values[first]!;
    else if (end - first === 1) continue;
    const factor = extrapolationFactor(
      work,
      kind,
      step,
      times[first]!,
      times[end - 1]!,
      end - first,
      bornMs,
      values[first]!,
      growth,
    );
    out.setFloat(step, growth * factor);
  }
}

/** The start timestamp of the window's first sample, where it lies in the window; else 0. */
export function birth(work: RangeWork, step: number, startMs: number, firstMs: number): number {
  const { steps, offsetMs, rangeMs } = work.call;
  const rangeStartMs = steps.startMs + step * steps.stepMs - rangeMs - offsetMs;
  return startMs !== 0 && startMs > rangeStartMs && startMs < firstMs ? startMs : 0;
}

/**
 * From what the samples show to what the whole range is taken to hold. Samples near an edge (1.1 times their
 * mean distance) stand for the range up to it, else for half a distance more. A counter is not extrapolated
 * below zero: `firstValue` and `growth` say where it would be.
 */
export function extrapolationFactor(
  work: RangeWork,
  kind: RateKind,
  step: number,
  firstMs: number,
  lastMs: number,
  samples: number,
  bornMs: number,
  firstValue: number,
  growth: number,
): number {
  const { steps, rangeMs, offsetMs } = work.call;
  const rangeEndMs = steps.startMs + step * steps.stepMs - offsetMs;
  let toStart = (firstMs - (rangeEndMs - rangeMs)) / 1000;
  let toEnd = (rangeEndMs - lastMs) / 1000;
  let sampled = (lastMs - firstMs) / 1000;
  const between = samples > 1 ? sampled / (samples - 1) : 0;
  const threshold = between * 1.1;
  if (bornMs !== 0) {
    toStart = 0;
    sampled = (lastMs - bornMs) / 1000;
  } else {
    if (toStart >= threshold) toStart = between / 2;
    if (kind.counter) {
      const toZero = growth > 0 && firstValue >= 0 ? sampled * (firstValue / growth) : toStart;
      if (toZero < toStart) toStart = toZero;
    }
  }
  if (toEnd >= threshold) toEnd = between / 2;
  let factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  if (kind.perSecond) factor /= durationSeconds(rangeMs);
  return factor;
}

/** irate and idelta: the last two samples of the window. */
export function instantRateKernel(isRate: boolean): FloatKernel {
  return (work, out) => {
    const { times, values, starts } = work.series.floats;
    const { low, high } = work.floats;
    for (let step = 0; step < low.length; step++) {
      const last = high[step]! - 1;
      if (last - low[step]! < 1) continue;
      const distanceMs = times[last]! - times[last - 1]!;
      if (distanceMs === 0) continue;
      const reset =
        isRate &&
        (values[last]! < values[last - 1]! ||
          (starts !== undefined &&
            isStartReset(starts[last - 1]!, times[last - 1]!, starts[last]!, times[last]!)));
      const growth = reset ? values[last]! : values[last]! - values[last - 1]!;
      out.setFloat(step, isRate ? growth / (distanceMs / 1000) : growth);
    }
  };
}
