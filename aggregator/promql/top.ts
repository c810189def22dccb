import { ignoredInAggregation } from './annotations.ts';
import type { EvalContext } from './context.ts';
import { formatShortest } from './go-number.ts';
import { goSort } from './go-sort.ts';
import type { Grouping } from './grouping.ts';
import { SampleHeap } from './heap.ts';
import { checkK, parameterRange } from './parameter.ts';
import type { AggregatePlan } from './plan.ts';
import { keepSteps } from './selected-steps.ts';
import type { StepSeries } from './value.ts';
import { ABSENT, FLOAT, isInstant } from './value.ts';

/** topk and bottomk: the k greatest or least floats of each group, best first at a single moment. */
export async function topK(
  ctx: EvalContext,
  plan: AggregatePlan,
  vector: readonly StepSeries[],
  { groupOf, labels }: Grouping,
  param: Float64Array,
): Promise<StepSeries[]> {
  if (!checkK(parameterRange(plan, param), formatShortest)) return [];
  const top = plan.operator === 'topk' ? 'least' : 'greatest';
  const kept = vector.map(() => new Uint8Array(ctx.steps.count));
  let order: number[] = [];
  for (let step = 0; step < ctx.steps.count; step++) {
    if (ctx.budget.isDue) await ctx.budget.rest();
    const k = Math.min(Math.trunc(param[step]!), vector.length);
    if (k < 1) continue;
    const heaps = labels.map(() => new SampleHeap(top));
    for (let i = 0; i < vector.length; i++) {
      const series = vector[i]!;
      if (series.kinds[step] === ABSENT) continue;
      if (series.kinds[step] !== FLOAT) {
        ctx.annotations.add(ignoredInAggregation(plan.operator, plan.position));
        continue;
      }
      const heap = heaps[groupOf[i]!]!;
      const entry = { index: i, value: series.values[step]! };
      if (heap.length < k) heap.push(entry);
      else heap.offer(entry);
    }
    const best = heaps.flatMap((heap) => {
      // Sorted against the order of the heap.
      goSort({
        length: heap.length,
        less: (i, j) => heap.less(j, i),
        swap: (i, j) => heap.swap(i, j),
      });
      return heap.entries;
    });
    order = best.map(({ index }) => index);
    for (const index of order) kept[index]![step] = 1;
  }
  const results = keepSteps(vector, kept);
  if (!isInstant(ctx.steps)) return results.filter((series) => series !== undefined);
  return order.map((index) => results[index]!);
}
