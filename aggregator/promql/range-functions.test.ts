import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { Annotations } from './annotations.ts';
import { compensate } from './kahan.ts';
import { callRangeFunction, rangeFunction } from './range-functions.ts';
import { ABSENT, makeSteps } from './value.ts';

/**
 * Window by window, as the reference goes: what the kernels do in one pass has to have the same bits.
 */
const ORACLES: Record<string, (times: number[], values: number[], edgeMs: number) => number | undefined> = {
  max_over_time: (_, values) => extreme(values, (value, kept) => value > kept),
  min_over_time: (_, values) => extreme(values, (value, kept) => value < kept),
  sum_over_time: (_, values) => {
    let sum = 0;
    let c = 0;
    for (const value of values) {
      c = compensate(value, sum, c);
      sum += value;
    }
    return Number.isFinite(sum) || Number.isNaN(sum) ? sum + c : sum;
  },
  avg_over_time: (_, values) => {
    let [sum, c, mean, running] = [values[0]!, 0, 0, false];
    for (const [i, value] of values.entries()) {
      if (i === 0) continue;
      if (!running && Math.abs(sum + value) !== Number.POSITIVE_INFINITY) {
        c = compensate(value, sum, c);
        sum += value;
        continue;
      }
      if (!running) [running, mean, c] = [true, sum / i, c / i];
      const weight = i / (i + 1);
      c = compensate(value / (i + 1), weight * mean, weight * c);
      mean = weight * mean + value / (i + 1);
    }
    return running ? mean + c : sum / values.length + c / values.length;
  },
  changes: (_, values) =>
    values.filter((value, i) => i > 0 && !Object.is(value + 0, values[i - 1]! + 0)).length,
  resets: (_, values) => values.filter((value, i) => i > 0 && value < values[i - 1]!).length,
  rate: (times, values, edgeMs) => {
    if (values.length < 2) return undefined;
    let growth = values[values.length - 1]! - values[0]!;
    for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) growth += values[i - 1]!;
    const sampled = (times[times.length - 1]! - times[0]!) / 1000;
    const between = sampled / (values.length - 1);
    let toStart = (times[0]! - (edgeMs - RANGE_MS)) / 1000;
    let toEnd = (edgeMs - times[times.length - 1]!) / 1000;
    if (toStart >= between * 1.1) toStart = between / 2;
    if (growth > 0 && values[0]! >= 0) toStart = Math.min(toStart, sampled * (values[0]! / growth));
    if (toEnd >= between * 1.1) toEnd = between / 2;
    return growth * ((sampled + toStart + toEnd) / sampled / (RANGE_MS / 1000));
  },
};

const RANGE_MS = 60_000;
const STEP_MS = 20_000;

const sample = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308, -1e308, 0, 1e-300),
);

test.each(Object.keys(ORACLES))('%s() of all windows is what each window has alone', (name) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), sample), { maxLength: 60 }), (deltas) => {
      let timeMs = 0;
      const times = deltas.map(([seconds]) => (timeMs += seconds * 1000));
      const values = deltas.map(([, value]) => value);
      const steps = makeSteps(0, 300_000, STEP_MS);
      const call = {
        steps,
        rangeMs: RANGE_MS,
        offsetMs: 0,
        mode: 'plain',
        params: [],
        position: { start: 0, end: 0 },
        annotations: new Annotations(),
      } as const;
      const series = {
        labels: Labels.empty,
        dropName: false,
        floats: { times: Float64Array.from(times), values: Float64Array.from(values), starts: undefined },
        histograms: undefined,
      };
      const edges = { beforeMs: RANGE_MS, afterMs: 0, pinned: false };
      const out = callRangeFunction(rangeFunction(name, 'plain')!, call, series, edges);
      for (let step = 0; step < steps.count; step++) {
        const edgeMs = step * STEP_MS;
        const inside = times.map((time) => time > edgeMs - RANGE_MS && time <= edgeMs);
        const windowTimes = times.filter((_, i) => inside[i]);
        const windowValues = values.filter((_, i) => inside[i]);
        const want =
          windowValues.length === 0 ? undefined : ORACLES[name]!(windowTimes, windowValues, edgeMs);
        const got = out.kinds[step] === ABSENT ? undefined : out.values[step];
        expect(got).toBe(want);
      }
    }),
    { numRuns: 300 },
  );
});

function extreme(values: number[], better: (value: number, kept: number) => boolean): number {
  return values.reduce((kept, value) => (better(value, kept) || Number.isNaN(kept) ? value : kept));
}
