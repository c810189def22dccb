import { mismatchedCustomBuckets, mixedExponentialCustom, mixedFloatsHistograms } from './annotations.ts';
import type { EvalContext } from './context.ts';
import { interpolate, interpolateHistograms } from './interpolate.ts';
import { IncompatibleSchema } from './native-arithmetic.ts';
import { copyHistogram, usesCustomBuckets } from './native-histogram.ts';
import type { SelectorPlan } from './plan.ts';
import type { RangeSeries } from './range-window.ts';
import { findWindows, fromStorage } from './range-window.ts';
import type { StepSeries } from './value.ts';
import { columnWeight, StepColumns } from './value.ts';

/** An instant vector of a `smoothed` selector: between samples it is interpolated, after the last it stays. */
export async function evaluateSmoothed(ctx: EvalContext, plan: SelectorPlan): Promise<StepSeries[]> {
  const vector: StepSeries[] = [];
  const offsetMs = plan.effectiveOffsetMs;
  const edges = {
    beforeMs: ctx.lookbackMs + offsetMs,
    afterMs: ctx.lookbackMs - offsetMs,
    pinned: false,
  };
  for (const stored of ctx.data.get(plan)!) {
    if (ctx.budget.isDue) await ctx.budget.rest();
    ctx.budget.ensure((vector.length + 1) * columnWeight(ctx.steps.count));
    const series = fromStorage(stored, false);
    const out = new StepColumns(ctx.steps.count);
    const floats = findWindows(series.floats.times, ctx.steps, edges);
    const histograms = series.histograms && findWindows(series.histograms.times, ctx.steps, edges);
    for (let step = 0; step < ctx.steps.count; step++) {
      const timeMs = ctx.steps.startMs + step * ctx.steps.stepMs - offsetMs;
      const hasFloats = floats.high[step]! > floats.low[step]!;
      if (histograms && histograms.high[step]! > histograms.low[step]!) {
        if (hasFloats) ctx.annotations.add(mixedFloatsHistograms(stored.labels.metricName, plan.position));
        else
          smoothHistogram(
            ctx,
            plan,
            series,
            histograms.low[step]!,
            histograms.high[step]!,
            timeMs,
            step,
            out,
          );
      } else if (hasFloats) smoothFloat(series, floats.low[step]!, floats.high[step]!, timeMs, step, out);
    }
    if (!out.isEmpty) vector.push(out.series(stored.labels, false));
  }
  return vector;
}

function smoothFloat(
  { floats: { times, values } }: RangeSeries,
  low: number,
  high: number,
  timeMs: number,
  step: number,
  out: StepColumns,
): void {
  const at = firstFrom(times, low, high, timeMs);
  if (at < high && times[at] === timeMs) out.setFloat(step, values[at]!);
  else if (at > low && at < high) out.setFloat(step, interpolate(times, values, at - 1, timeMs, false));
  else if (at > low) out.setFloat(step, values[at - 1]!);
}

function smoothHistogram(
  ctx: EvalContext,
  plan: SelectorPlan,
  series: RangeSeries,
  low: number,
  high: number,
  timeMs: number,
  step: number,
  out: StepColumns,
): void {
  const { times, values } = series.histograms!;
  const { annotations } = ctx;
  const name = series.labels.metricName;
  const at = firstFrom(times, low, high, timeMs);
  if (at < high && times[at] === timeMs) out.setHistogram(step, copyHistogram(values[at]!));
  else if (at > low && at < high) {
    const before = values[at - 1]!;
    const after = values[at]!;
    if (usesCustomBuckets(before) !== usesCustomBuckets(after)) {
      annotations.add(mixedExponentialCustom(name, plan.position));
      return;
    }
    const counter = before.counterResetHint !== 'gauge' || after.counterResetHint !== 'gauge';
    try {
      const { histogram, reconciled } = interpolateHistograms(times, values, at - 1, timeMs, counter);
      for (const operation of reconciled) annotations.add(mismatchedCustomBuckets(plan.position, operation));
      out.setHistogram(step, histogram);
    } catch (error) {
      if (!(error instanceof IncompatibleSchema)) throw error;
      annotations.add(mixedExponentialCustom(name, plan.position));
    }
  } else if (at > low) {
    const carried = copyHistogram(values[at - 1]!);
    carried.counterResetHint = 'unknown';
    out.setHistogram(step, carried);
  }
}

/** The first sample of the window at or after a time. */
function firstFrom(times: Float64Array, low: number, high: number, timeMs: number): number {
  let at = low;
  while (at < high && times[at]! < timeMs) at++;
  return at;
}
