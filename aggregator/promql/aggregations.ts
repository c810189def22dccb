import { aggregateHistograms } from './aggregate-histograms.ts';
import { ignoredInAggregation, invalidQuantile } from './annotations.ts';
import type { EvalContext } from './context.ts';
import { countValues } from './count-values.ts';
import * as folds from './folds.ts';
import { type Grouping, groupBy, groupDropsName, groupMembers } from './grouping.ts';
import { limitK, limitRatio } from './limit.ts';
import { parameterRange } from './parameter.ts';
import type { AggregatePlan } from './plan.ts';
import { quantile } from './quantile.ts';
import { topK } from './top.ts';
import type { StepSeries } from './value.ts';
import {
  ABSENT,
  columnWeight,
  FLOAT,
  HISTOGRAM,
  hasHistograms,
  isEmptySeries,
  StepColumns,
} from './value.ts';

/**
 * Aggregates over series, step by step. `param` holds k, the quantile or the ratio at each step. Every group
 * adds up its series in the order of the vector, because the order decides the last bits of a sum.
 */
export async function aggregate(
  ctx: EvalContext,
  plan: AggregatePlan,
  vector: readonly StepSeries[],
  param: Float64Array | undefined,
): Promise<StepSeries[]> {
  const { operator, without } = plan;
  if (operator === 'count_values') return countValues(ctx, plan, vector);
  const grouping = groupBy(vector, plan.grouping, without);
  // Groups are at most as many as series, and are held besides them.
  ctx.budget.ensure(grouping.labels.length * columnWeight(ctx.steps.count));
  switch (operator) {
    case 'topk':
    case 'bottomk':
      return topK(ctx, plan, vector, grouping, param!);
    case 'limitk':
      return limitK(ctx, plan, vector, grouping, param!);
    case 'limit_ratio':
      return limitRatio(ctx, plan, vector, grouping, param!);
    default:
  }
  const drops = groupDropsName(vector, grouping);
  const finish = (columns: readonly StepColumns[]): StepSeries[] =>
    columns
      .map((column, group) => column.series(grouping.labels[group]!, drops[group]!))
      .filter((series) => !isEmptySeries(series));

  const withHistograms = hasHistograms(vector);
  if (withHistograms && (operator === 'sum' || operator === 'avg'))
    return finish(await aggregateHistograms(ctx, plan, operator, vector, grouping));
  if (withHistograms && IGNORES_HISTOGRAMS.has(operator) && anyHistogram(vector))
    ctx.annotations.add(ignoredInAggregation(operator, plan.expr.position));
  if (operator === 'quantile') return finish(await quantiles(ctx, plan, vector, grouping, param!));

  const fold = folds.makeFold(operator, grouping.labels.length, ctx.steps.count);
  const counted = operator === 'count' || operator === 'group';
  for (let i = 0; i < vector.length; i++) {
    const { kinds, values } = vector[i]!;
    fold.add(grouping.groupOf[i]!, counted ? asFloats(kinds) : kinds, values);
    if (ctx.budget.isDue) await ctx.budget.rest();
  }
  return finish(grouping.labels.map((_, group) => fold.result(group)));
}

const IGNORES_HISTOGRAMS: ReadonlySet<string> = new Set(['min', 'max', 'stddev', 'stdvar', 'quantile']);

function anyHistogram(vector: readonly StepSeries[]): boolean {
  return vector.some(({ kinds }) => kinds.includes(HISTOGRAM));
}

/** A histogram counts as a sample like any other. */
function asFloats(kinds: Uint8Array): Uint8Array {
  return kinds.includes(HISTOGRAM) ? kinds.map((kind) => (kind === ABSENT ? ABSENT : FLOAT)) : kinds;
}

async function quantiles(
  ctx: EvalContext,
  plan: AggregatePlan,
  vector: readonly StepSeries[],
  grouping: Grouping,
  param: Float64Array,
): Promise<StepColumns[]> {
  const { min, max, anyNaN } = parameterRange(plan, param);
  const position = plan.param!.position;
  if (anyNaN) ctx.annotations.add(invalidQuantile(Number.NaN, position));
  if (max > 1) ctx.annotations.add(invalidQuantile(max, position));
  if (min < 0) ctx.annotations.add(invalidQuantile(min, position));
  const columns: StepColumns[] = [];
  for (const members of groupMembers(vector, grouping)) {
    const out = new StepColumns(ctx.steps.count);
    const values = new Float64Array(members.length);
    for (let step = 0; step < ctx.steps.count; step++) {
      if (ctx.budget.isDue) await ctx.budget.rest();
      let count = 0;
      for (const one of members) if (one.kinds[step] === FLOAT) values[count++] = one.values[step]!;
      if (count > 0) out.setFloat(step, quantile(param[step]!, values.slice(0, count)));
    }
    columns.push(out);
  }
  return columns;
}
