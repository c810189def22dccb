import type { EvalContext } from './context.ts';
import { dropMetadata } from './instant-functions.ts';
import { collect, mapSeries } from './merge.ts';
import type { SelectorPlan } from './plan.ts';
import { findNewest } from './selector.ts';
import type { StepSeries } from './value.ts';
import { ABSENT, columnWeight, StepColumns } from './value.ts';

/**
 * timestamp() and start_timestamp() of a selector: the times of the samples themselves. Start timestamps that
 * are not kept, or not used, give no result.
 */
export async function timesOfSamples(
  ctx: EvalContext,
  plan: SelectorPlan,
  which: 'timestamp' | 'start_timestamp',
): Promise<StepSeries[]> {
  const vector: StepSeries[] = [];
  const newest = new Int32Array(ctx.steps.count);
  for (const series of ctx.data.get(plan)!) {
    if (ctx.budget.isDue) await ctx.budget.rest();
    ctx.budget.ensure((vector.length + 1) * columnWeight(ctx.steps.count));
    findNewest(series, ctx.steps, plan.effectiveOffsetMs, ctx.lookbackMs, newest, plan.atMs);
    const out = new StepColumns(ctx.steps.count);
    const starts = ctx.useStartTimestamps
      ? (series.startTimestamps ?? new Float64Array(series.values.length))
      : undefined;
    for (let step = 0; step < newest.length; step++) {
      const index = newest[step]!;
      if (index < 0) continue;
      if (which === 'timestamp') out.setFloat(step, series.timestamps[index]! / 1000);
      else if (starts) out.setFloat(step, starts[index]! / 1000);
    }
    const { labels } = series;
    const stored: StepSeries = out.series(labels, false);
    vector.push(out.series(dropMetadata(ctx, stored), true));
  }
  return collect(ctx, vector);
}

/** timestamp() of any other vector: the time of evaluation, for samples of both kinds. */
export async function timesOfSteps(ctx: EvalContext, vector: readonly StepSeries[]): Promise<StepSeries[]> {
  return collect(
    ctx,
    await mapSeries(ctx, vector, (series) => {
      const out = new StepColumns(ctx.steps.count);
      for (let step = 0; step < series.kinds.length; step++)
        if (series.kinds[step] !== ABSENT)
          out.setFloat(step, (ctx.steps.startMs + step * ctx.steps.stepMs) / 1000);
      return out.series(dropMetadata(ctx, series), true);
    }),
  );
}
