import type { FloatHistogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import { isStale } from '../../model/sample.ts';
import type { SelectedSeries } from './selection.ts';
import type { StepSeries, Steps } from './value.ts';
import { FLOAT, HISTOGRAM } from './value.ts';

/** Samples of one kind in order of time. `starts` are the start timestamps of the samples' counters. */
export interface Points<Values> {
  readonly times: Float64Array;
  readonly values: Values;
  readonly starts: Float64Array | undefined;
}

/** A series as a range function sees it: floats and histograms apart, without stale markers. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly floats: Points<Float64Array>;
  /** Absent where the series has none. */
  readonly histograms: Points<readonly FloatHistogram[]> | undefined;
}

/** For each step the samples in its window: from `low[step]` up to, not including, `high[step]`. */
export interface Windows {
  readonly low: Int32Array;
  readonly high: Int32Array;
}

/** The edges of the windows at a step: `(fromMs(step), toMs(step)]`. */
export interface WindowEdges {
  readonly beforeMs: number;
  readonly afterMs: number;
  /** The window of the first step serves all: the range is pinned by `@`. */
  readonly pinned: boolean;
}

/** From `beforeMs` before the step (exclusive) to `afterMs` after it (inclusive; negative with an offset). */
export function findWindows(times: Float64Array, steps: Steps, edges: WindowEdges): Windows {
  const low = new Int32Array(steps.count);
  const high = new Int32Array(steps.count);
  let from = 0;
  let to = 0;
  const { length } = times;
  for (let step = 0; step < steps.count; step++) {
    if (step === 0 || !edges.pinned) {
      const atMs = steps.startMs + step * steps.stepMs;
      const fromMs = atMs - edges.beforeMs;
      const toMs = atMs + edges.afterMs;
      while (to < length && times[to]! <= toMs) to++;
      while (from < to && times[from]! <= fromMs) from++;
    }
    low[step] = from;
    high[step] = to;
  }
  return { low, high };
}

export function fromStorage(series: SelectedSeries, withStarts: boolean): RangeSeries {
  const { labels, timestamps, values, histograms } = series;
  const starts = withStarts ? series.startTimestamps : undefined;
  if (!histograms && !hasStale(values))
    return { labels, dropName: false, floats: { times: timestamps, values, starts }, histograms: undefined };

  const floatAt: number[] = [];
  const histogramAt: number[] = [];
  for (let i = 0; i < timestamps.length; i++) {
    if (histograms?.[i]) histogramAt.push(i);
    else if (!isStale(values, i)) floatAt.push(i);
  }
  return {
    labels,
    dropName: false,
    floats: {
      times: Float64Array.from(floatAt, (i) => timestamps[i]!),
      values: Float64Array.from(floatAt, (i) => values[i]!),
      starts: starts && Float64Array.from(floatAt, (i) => starts[i]!),
    },
    histograms:
      histogramAt.length === 0
        ? undefined
        : {
            times: Float64Array.from(histogramAt, (i) => timestamps[i]!),
            values: histogramAt.map((i) => histograms![i]!),
            starts: starts && Float64Array.from(histogramAt, (i) => starts[i]!),
          },
  };
}

/**
 * The result of a subquery as a range. What histograms say of counter resets is forgotten: a subquery leaves
 * samples out, or shows one several times.
 */
export function fromSteps(series: StepSeries, steps: Steps): RangeSeries {
  const { kinds, values } = series;
  const floatAt: number[] = [];
  const histogramAt: number[] = [];
  for (let step = 0; step < kinds.length; step++) {
    if (kinds[step] === FLOAT) floatAt.push(step);
    else if (kinds[step] === HISTOGRAM) histogramAt.push(step);
  }
  const timeOf = (step: number) => steps.startMs + step * steps.stepMs;
  return {
    labels: series.labels,
    dropName: series.dropName,
    floats: {
      times: Float64Array.from(floatAt, timeOf),
      values: Float64Array.from(floatAt, (step) => values[step]!),
      starts: undefined,
    },
    histograms:
      histogramAt.length === 0
        ? undefined
        : {
            times: Float64Array.from(histogramAt, timeOf),
            values: histogramAt.map((step) => withoutResetHint(series.histograms![step]!)),
            starts: undefined,
          },
  };
}

function withoutResetHint(h: FloatHistogram): FloatHistogram {
  const isHint = h.counterResetHint === 'reset' || h.counterResetHint === 'not_reset';
  return isHint ? { ...h, counterResetHint: 'unknown' } : h;
}

function hasStale(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!) && isStale(values, i)) return true;
  return false;
}
