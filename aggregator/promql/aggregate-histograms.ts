import {
  counterResetCollision,
  mismatchedCustomBuckets,
  mixedExponentialCustom,
  mixedFloatsHistogramsInAggregation,
} from './annotations.ts';
import type { EvalContext } from './context.ts';
import { makeFold } from './folds.ts';
import { type Grouping, groupMembers } from './grouping.ts';
import { IncompatibleSchema } from './native-arithmetic.ts';
import { compact } from './native-layout.ts';
import { HistogramMean, HistogramSum } from './native-sum.ts';
import type { AggregatePlan } from './plan.ts';
import type { StepSeries } from './value.ts';
import { ABSENT, FLOAT, type StepColumns } from './value.ts';

/**
 * sum and avg where histograms are among the series. A group with floats and histograms at the same step has
 * no value there, nor has one of exponential and custom histograms.
 */
export async function aggregateHistograms(
  ctx: EvalContext,
  plan: AggregatePlan,
  operator: 'sum' | 'avg',
  vector: readonly StepSeries[],
  grouping: Grouping,
): Promise<StepColumns[]> {
  const columns: StepColumns[] = [];
  for (const members of groupMembers(vector, grouping)) {
    const floats = makeFold(operator, 1, ctx.steps.count);
    for (const { kinds, values } of members) floats.add(0, kinds, values);
    const out = floats.result(0);
    for (let step = 0; step < ctx.steps.count; step++) {
      if (ctx.budget.isDue) await ctx.budget.rest();
      aggregateStep(ctx, plan, operator, members, step, out);
    }
    columns.push(out);
  }
  return columns;
}

function aggregateStep(
  ctx: EvalContext,
  plan: AggregatePlan,
  operator: 'sum' | 'avg',
  members: readonly StepSeries[],
  step: number,
  out: StepColumns,
): void {
  const { annotations } = ctx;
  const position = plan.expr.position;
  const present = members.filter(({ kinds }) => kinds[step] !== ABSENT);
  const isFloat = ({ kinds }: StepSeries) => kinds[step] === FLOAT;
  if (present.every(isFloat)) return;
  out.kinds[step] = ABSENT;
  const mixed = present.some(isFloat);
  // Histograms are added up only where the first sample is one, floats between them notwithstanding.
  if (!mixed || !isFloat(present[0]!)) {
    const total = operator === 'sum' ? new HistogramSum() : new HistogramMean();
    const histograms = present.filter((series) => !isFloat(series));
    let incompatibleAt: number | undefined;
    for (const series of histograms) {
      try {
        total.add(series.histograms![step]!);
      } catch (error) {
        if (!(error instanceof IncompatibleSchema)) throw error;
        annotations.add(mixedExponentialCustom(series.labels.metricName, position));
        incompatibleAt = present.indexOf(series);
        break;
      }
    }
    if (total.boundsReconciled) annotations.add(mismatchedCustomBuckets(position, 'aggregation'));
    const mixedBefore = present.slice(0, incompatibleAt).some(isFloat);
    if (incompatibleAt !== undefined && !mixedBefore) return;
    if (!mixed) {
      if (total.resetCollision) annotations.add(counterResetCollision(position, 'aggregation'));
      out.setHistogram(step, compact(total.result()));
      return;
    }
  }
  annotations.add(mixedFloatsHistogramsInAggregation(position));
}
