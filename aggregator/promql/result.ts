import { Labels } from '../../model/labels.ts';
import type { QueryValue, SeriesData, VectorSample } from '../engine/engine.ts';
import type { EvalContext } from './context.ts';
import { executionError } from './context.ts';
import { evaluateSubquery } from './evaluate.ts';
import { interpolate } from './interpolate.ts';
import { mergeSameLabels } from './merge.ts';
import type { Plan, RangePlan } from './plan.ts';
import { findWindows, fromStorage, type RangeSeries } from './range-window.ts';
import type { StepSeries, Steps } from './value.ts';
import { ABSENT, HISTOGRAM, withoutMetadata } from './value.ts';

/** Where the removal of names was delayed, it is done now. */
export function finishVector(ctx: EvalContext, vector: readonly StepSeries[]): readonly StepSeries[] {
  if (!ctx.delayedNameRemoval) return vector;
  return mergeSameLabels(
    vector.map((series) =>
      series.dropName ? { ...series, labels: withoutMetadata(series.labels) } : series,
    ),
  );
}

/** The only step of an instant query, in the order of evaluation. */
export function toVector(vector: readonly StepSeries[], timestampMs: number): QueryValue {
  const samples = vector.map(({ labels, kinds, values, histograms }): VectorSample => {
    const value = values[0]!;
    return kinds[0] === HISTOGRAM
      ? { labels, timestampMs, value, histogram: histograms![0]! }
      : { labels, timestampMs, value };
  });
  return { type: 'vector', samples };
}

/** Series in order of labels; a scalar is a series without any. */
export function toMatrix(result: readonly StepSeries[] | Float64Array | undefined, steps: Steps): QueryValue {
  if (result === undefined) return { type: 'matrix', series: [] };
  const timeOf = (step: number) => steps.startMs + step * steps.stepMs;
  if (result instanceof Float64Array) {
    const timestamps = result.map((_, step) => timeOf(step));
    return { type: 'matrix', series: [{ labels: Labels.empty, timestamps, values: result }] };
  }
  return sorted(result.map((series) => presentSteps(series, timeOf)));
}

/** The range vector that an instant query of `x[5m]` or a subquery answers. */
export async function rangeVector(ctx: EvalContext, plan: Plan): Promise<QueryValue> {
  let node = plan;
  while (node.kind === 'paren' || node.kind === 'stepInvariant') node = node.expr;
  if (node.kind === 'subquery') {
    const { vector, steps } = await evaluateSubquery(ctx, node);
    const timeOf = (step: number) => steps.startMs + step * steps.stepMs;
    return sorted(finishVector(ctx, vector).map((series) => presentSteps(series, timeOf)));
  }
  if (node.kind !== 'range') throw new Error(`BUG: ${node.kind} is no range vector`);
  const range = node;
  const series = ctx.data
    .get(range.selector)!
    .map((stored) => samplesOf(ctx, range, fromStorage(stored, false)));
  return sorted(series.filter(({ timestamps }) => timestamps.length > 0));
}

function presentSteps(
  { labels, kinds, values, histograms }: StepSeries,
  timeOf: (step: number) => number,
): SeriesData {
  const present: number[] = [];
  for (let step = 0; step < kinds.length; step++) if (kinds[step] !== ABSENT) present.push(step);
  const timestamps = Float64Array.from(present, timeOf);
  const data = {
    labels,
    timestamps,
    values: present.length === values.length ? values : Float64Array.from(present, (step) => values[step]!),
  };
  return histograms ? { ...data, histograms: present.map((step) => histograms[step]) } : data;
}

/** Samples of the only window. Anchored and smoothed ranges begin and end exactly at the range's edges. */
function samplesOf(ctx: EvalContext, plan: RangePlan, series: RangeSeries): SeriesData {
  const { selector, rangeMs } = plan;
  const { anchored, smoothed, effectiveOffsetMs } = selector;
  const more = anchored || smoothed ? ctx.lookbackMs : 0;
  const edges = {
    beforeMs: rangeMs + effectiveOffsetMs + more,
    afterMs: (smoothed ? more : 0) - effectiveOffsetMs,
    pinned: false,
  };
  const { times, values } = series.floats;
  const floats = findWindows(times, ctx.steps, edges);
  const low = floats.low[0]!;
  const high = floats.high[0]!;
  const histograms = series.histograms && findWindows(series.histograms.times, ctx.steps, edges);
  const hasHistograms = histograms !== undefined && histograms.high[0]! > histograms.low[0]!;
  const { labels } = series;
  if (anchored || smoothed) {
    if (hasHistograms)
      throw executionError(`${anchored ? 'anchored' : 'smoothed'} modifier is not supported with histograms`);
    const endMs = ctx.steps.startMs - effectiveOffsetMs;
    if (low === high) return { labels, timestamps: new Float64Array(0), values: new Float64Array(0) };
    return { labels, ...extend(times, values, low, high, endMs - rangeMs, endMs, smoothed) };
  }
  if (!hasHistograms)
    return { labels, timestamps: times.subarray(low, high), values: values.subarray(low, high) };
  const points = [
    ...Array.from(times.subarray(low, high), (timeMs, i) => ({
      timeMs,
      value: values[low + i]!,
      histogram: undefined,
    })),
    ...series.histograms!.values.slice(histograms.low[0], histograms.high[0]).map((histogram, i) => ({
      timeMs: series.histograms!.times[histograms.low[0]! + i]!,
      value: 0,
      histogram,
    })),
  ].sort((a, b) => a.timeMs - b.timeMs);
  return {
    labels,
    timestamps: Float64Array.from(points, (point) => point.timeMs),
    values: Float64Array.from(points, (point) => point.value),
    histograms: points.map((point) => point.histogram),
  };
}

function extend(
  times: Float64Array,
  values: Float64Array,
  low: number,
  high: number,
  startMs: number,
  endMs: number,
  smoothed: boolean,
): { timestamps: Float64Array; values: Float64Array } {
  let last = high - 1;
  let first = low;
  while (first < last && times[first]! <= startMs) first++;
  first = Math.max(low, first - 1);
  if (smoothed) {
    let at = low;
    while (at < last && times[at]! < endMs) at++;
    last = at;
  }
  if (times[last]! <= startMs) return { timestamps: new Float64Array(0), values: new Float64Array(0) };
  const left =
    smoothed && times[first]! < startMs ? interpolate(times, values, first, startMs, false) : values[first]!;
  const right =
    smoothed && last > low && times[last]! > endMs
      ? interpolate(times, values, last - 1, endMs, false)
      : values[last]!;
  if (times[first]! <= startMs) first++;
  if (times[last]! >= endMs) last--;
  const inside = Math.max(0, last - first + 1);
  return {
    timestamps: between(startMs, times.subarray(first, first + inside), endMs),
    values: between(left, values.subarray(first, first + inside), right),
  };
}

function between(first: number, inner: Float64Array, last: number): Float64Array {
  const all = new Float64Array(inner.length + 2);
  all[0] = first;
  all.set(inner, 1);
  all[inner.length + 1] = last;
  return all;
}

function sorted(series: readonly SeriesData[]): QueryValue {
  return { type: 'matrix', series: series.toSorted((a, b) => Labels.compare(a.labels, b.labels)) };
}
