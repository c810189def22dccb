import type { EvalContext } from './context.ts';
import { dropMetadata } from './instant-functions.ts';
import { mergeSameLabels } from './merge.ts';
import { copyHistogram, multiply } from './native-histogram.ts';
import type { StepSeries } from './value.ts';

/** Unary minus. */
export function negate(ctx: EvalContext, vector: readonly StepSeries[]): StepSeries[] {
  const negated = vector.map((series) => ({
    labels: dropMetadata(ctx, series),
    dropName: true,
    kinds: series.kinds,
    values: series.values.map((value) => -value),
    histograms: series.histograms?.map((h) => h && multiply(copyHistogram(h), -1)),
  }));
  return ctx.delayedNameRemoval ? negated : mergeSameLabels(negated);
}
