import type { EvalContext } from './context.ts';
import { executionError } from './context.ts';
import { formatPlain } from './go-number.ts';
import { groupLabels } from './grouping.ts';
import { collect } from './merge.ts';
import { formatHistogram } from './native-buckets.ts';
import type { AggregatePlan } from './plan.ts';
import { printExpr } from './print.ts';
import type { StepSeries } from './value.ts';
import { ABSENT, columnWeight, HISTOGRAM, StepColumns } from './value.ts';

/** How often each value occurs in each group: the value becomes a label. */
export async function countValues(
  ctx: EvalContext,
  plan: AggregatePlan,
  vector: readonly StepSeries[],
): Promise<StepSeries[]> {
  if (plan.param?.kind !== 'string') throw new Error('BUG: the parser takes only a string here');
  const label = plan.param.value;
  if (label === '' || !label.isWellFormed())
    throw executionError(`invalid label name ${printExpr(plan.param)}`);
  const names = plan.without ? plan.grouping : [...plan.grouping, label];
  const groups = new Map<string, { out: StepColumns; labels: StepSeries['labels'] }>();
  for (const series of vector) {
    if (ctx.budget.isDue) await ctx.budget.rest();
    for (let step = 0; step < series.kinds.length; step++) {
      const kind = series.kinds[step];
      if (kind === ABSENT) continue;
      const value =
        kind === HISTOGRAM ? formatHistogram(series.histograms![step]!) : formatPlain(series.values[step]!);
      const labels = groupLabels(series.labels.with({ [label]: value }), names, plan.without);
      let group = groups.get(labels.key);
      if (!group) {
        ctx.budget.ensure((groups.size + 1) * columnWeight(ctx.steps.count));
        group = { out: new StepColumns(ctx.steps.count), labels };
        groups.set(labels.key, group);
      }
      group.out.setFloat(step, group.out.values[step]! + 1);
    }
  }
  return collect(
    ctx,
    [...groups.values()].map(({ out, labels }) => out.series(labels, false)),
  );
}
