import { isStale } from '../../model/sample.ts';
import type { EvalContext } from './context.ts';
import type { SelectorPlan } from './plan.ts';
import type { SelectedSeries } from './selection.ts';
import type { StepSeries, Steps } from './value.ts';
import { columnWeight, StepColumns } from './value.ts';

/** An instant vector: at each step the newest sample not older than the lookback, unless it is stale. */
export async function evaluateSelector(ctx: EvalContext, plan: SelectorPlan): Promise<StepSeries[]> {
  const vector: StepSeries[] = [];
  const newest = new Int32Array(ctx.steps.count);
  for (const series of ctx.data.get(plan)!) {
    if (ctx.budget.isDue) await ctx.budget.rest();
    if (!findNewest(series, ctx.steps, plan.effectiveOffsetMs, ctx.lookbackMs, newest)) continue;
    ctx.budget.ensure((vector.length + 1) * columnWeight(ctx.steps.count));
    vector.push(pickSamples(series, newest));
  }
  return vector;
}

/**
 * Writes for each step the index of the sample that counts, -1 for none. Looks at `offsetMs` before the step,
 * or always at `atMs` where that is given. Answers whether there was any.
 */
export function findNewest(
  series: SelectedSeries,
  steps: Steps,
  offsetMs: number,
  lookbackMs: number,
  newest: Int32Array,
  atMs?: number,
): boolean {
  const { timestamps, values } = series;
  const length = timestamps.length;
  let any = false;
  let next = 0;
  for (let step = 0; step < steps.count; step++) {
    const referenceMs = atMs ?? steps.startMs + step * steps.stepMs - offsetMs;
    while (next < length && timestamps[next]! <= referenceMs) next++;
    const last = next - 1;
    if (last >= 0 && timestamps[last]! > referenceMs - lookbackMs && !isStaleSample(series, values, last)) {
      newest[step] = last;
      any = true;
    } else newest[step] = -1;
  }
  return any;
}

function pickSamples(series: SelectedSeries, newest: Int32Array): StepSeries {
  const { values, histograms, labels } = series;
  const columns = new StepColumns(newest.length);
  for (let step = 0; step < newest.length; step++) {
    const index = newest[step]!;
    if (index < 0) continue;
    const histogram = histograms?.[index];
    if (histogram) columns.setHistogram(step, histogram);
    else columns.setFloat(step, values[index]!);
  }
  return columns.series(labels, false);
}

function isStaleSample(series: SelectedSeries, values: Float64Array, index: number): boolean {
  return isStale(values, index) && series.histograms?.[index] === undefined;
}
