import type { EvalContext } from './context.ts';
import { dropMetadata } from './instant-functions.ts';
import { mapSeries, mergeSameLabels } from './merge.ts';
import { copyHistogram, multiply } from './native-histogram.ts';
import type { StepSeries } from './value.ts';

/** Unary minus. */
export async function negate(ctx: EvalContext, vector: readonly StepSeries[]): Promise<StepSeries[]> {
  const negated = await mapSeries(ctx, vector, (series) => ({
    labels: dropMetadata(ctx, series),
    dropName: true,
    kinds: series.kinds,
    values: series.values.map((value) => -value),
    histograms: series.histograms?.map((h) => h && multiply(copyHistogram(h), -1)),
  }));
  return ctx.delayedNameRemoval ? negated : mergeSameLabels(negated);
}
