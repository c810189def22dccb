import { invalidRatio } from './annotations.ts';
import type { EvalContext } from './context.ts';
import { executionError } from './context.ts';
import { formatShortest } from './go-number.ts';
import type { Grouping } from './grouping.ts';
import { SampleHeap } from './heap.ts';
import { labelsHash } from './labels-hash.ts';
import { checkK, parameterRange } from './parameter.ts';
import type { AggregatePlan } from './plan.ts';
import { keepSteps } from './selected-steps.ts';
import type { StepSeries } from './value.ts';
import { ABSENT, FLOAT, isInstant } from './value.ts';

/** limitk: the first k samples of each group. */
export async function limitK(
  ctx: EvalContext,
  plan: AggregatePlan,
  vector: readonly StepSeries[],
  grouping: Grouping,
  param: Float64Array,
): Promise<StepSeries[]> {
  if (!checkK(parameterRange(plan, param), formatShortest)) return [];
  return limit(ctx, vector, grouping, (_, heapLength, step) => {
    const k = Math.min(Math.trunc(param[step]!), vector.length);
    return heapLength < k;
  });
}

/**
 * limit_ratio: the samples whose labels' hash lies in the first part of all hashes, or in the last part for a
 * negative ratio; so r and r−1 share the series out between them.
 */
export async function limitRatio(
  ctx: EvalContext,
  plan: AggregatePlan,
  vector: readonly StepSeries[],
  grouping: Grouping,
  param: Float64Array,
): Promise<StepSeries[]> {
  const { min, max, anyNaN } = parameterRange(plan, param);
  if (max === 0 && min === 0) return [];
  if (anyNaN) throw executionError('Ratio value is NaN');
  const position = plan.param!.position;
  if (max > 1) ctx.annotations.add(invalidRatio(max, 1, position));
  if (min < -1) ctx.annotations.add(invalidRatio(min, -1, position));
  const places = new Map(vector.map((series) => [series, Number(labelsHash(series.labels)) / 2 ** 64]));
  return limit(ctx, vector, grouping, (series, _, step) => {
    const ratio = Math.max(-1, Math.min(1, param[step]!));
    const place = places.get(series)!;
    return ratio >= 0 ? place < ratio : place >= 1 + ratio;
  });
}

async function limit(
  ctx: EvalContext,
  vector: readonly StepSeries[],
  { groupOf, labels }: Grouping,
  takes: (series: StepSeries, taken: number, step: number) => boolean,
): Promise<StepSeries[]> {
  const kept = vector.map(() => new Uint8Array(ctx.steps.count));
  let order: number[] = [];
  for (let step = 0; step < ctx.steps.count; step++) {
    if (ctx.budget.isDue) await ctx.budget.rest();
    // Heaps, though nothing is compared in the end: the reference's answers have their order.
    const heaps = labels.map(() => new SampleHeap('least'));
    for (let i = 0; i < vector.length; i++) {
      const series = vector[i]!;
      const heap = heaps[groupOf[i]!]!;
      if (series.kinds[step] === ABSENT || !takes(series, heap.length, step)) continue;
      heap.push({ index: i, value: series.kinds[step] === FLOAT ? series.values[step]! : 0 });
      kept[i]![step] = 1;
    }
    order = heaps.flatMap((heap) => heap.entries.map(({ index }) => index));
  }
  const results = keepSteps(vector, kept);
  if (!isInstant(ctx.steps)) return results.filter((series) => series !== undefined);
  return order.map((index) => results[index]!);
}
