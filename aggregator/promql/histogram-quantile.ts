import type { Labels } from '../../model/labels.ts';
import {
  forcedMonotonicity,
  fractionNaNs,
  invalidQuantile,
  quantileNaNResult,
  quantileNaNSkew,
} from './annotations.ts';
import type { PositionRange } from './ast.ts';
import { bucketFraction, bucketQuantile } from './classic-quantile.ts';
import type { EvalContext } from './context.ts';
import { formatOpenMetricsFloat } from './go-number.ts';
import { type ClassicHistogram, HistogramVector, type NativeHistogram } from './histogram-vector.ts';
import { collect } from './merge.ts';
import { histogramFraction, histogramQuantile } from './native-quantile.ts';
import type { StepSeries } from './value.ts';
import { StepColumns } from './value.ts';

/** One of the quantiles asked for: its value at each step, and where it stands in the query. */
export interface QuantileArgument {
  readonly values: Float64Array;
  readonly position: PositionRange;
}

/** histogram_quantile. `position` is that of the vector, which remarks point to. */
export function quantileOfHistograms(
  ctx: EvalContext,
  vector: readonly StepSeries[],
  q: QuantileArgument,
  position: PositionRange,
): Promise<StepSeries[]> {
  return quantilesOfHistograms(ctx, vector, [q], position, (labels) => labels);
}

/** histogram_quantiles: each result carries its quantile in a label. */
export function labelledQuantiles(
  ctx: EvalContext,
  vector: readonly StepSeries[],
  label: string,
  quantiles: readonly QuantileArgument[],
  position: PositionRange,
): Promise<StepSeries[]> {
  return quantilesOfHistograms(ctx, vector, quantiles, position, (labels, q) =>
    labels.with({ [label]: formatOpenMetricsFloat(q) }),
  );
}

async function quantilesOfHistograms(
  ctx: EvalContext,
  vector: readonly StepSeries[],
  quantiles: readonly QuantileArgument[],
  position: PositionRange,
  resultLabels: (labels: Labels, q: number) => Labels,
): Promise<StepSeries[]> {
  const { annotations, steps } = ctx;
  const histograms = new HistogramVector(ctx, vector, position);
  const results = new Results(steps.count);
  for (let step = 0; step < steps.count; step++) {
    if (ctx.budget.isDue) await ctx.budget.rest();
    for (const { values, position: at } of quantiles)
      if (!(values[step]! >= 0 && values[step]! <= 1)) annotations.add(invalidQuantile(values[step]!, at));
    const { native, classic } = histograms.at(step);
    for (const [i, { values }] of quantiles.entries()) {
      const q = values[step]!;
      for (const [of, histogram] of native) {
        const { value, remark } = histogramQuantile(q, histogram);
        if (remark === 'result is NaN') annotations.add(quantileNaNResult(of.metricName, position));
        if (remark === 'result is skewed') annotations.add(quantileNaNSkew(of.metricName, position));
        results.set(of, i, resultLabels(of.labels, q), step, value);
      }
      for (const [of, buckets] of classic) {
        const { value, fix } = bucketQuantile(q, buckets);
        const atMs = steps.startMs + step * steps.stepMs;
        if (fix) annotations.add(forcedMonotonicity(of.metricName, position, atMs, fix));
        results.set(of, i, resultLabels(of.labels, q), step, value);
      }
    }
  }
  return collect(ctx, results.series());
}

/** histogram_fraction: the share of observations between two values. */
export async function fractionOfHistograms(
  ctx: EvalContext,
  vector: readonly StepSeries[],
  lower: Float64Array,
  upper: Float64Array,
  position: PositionRange,
): Promise<StepSeries[]> {
  const histograms = new HistogramVector(ctx, vector, position);
  const results = new Results(ctx.steps.count);
  for (let step = 0; step < ctx.steps.count; step++) {
    if (ctx.budget.isDue) await ctx.budget.rest();
    const { native, classic } = histograms.at(step);
    for (const [of, histogram] of native) {
      const { value, hasNaN } = histogramFraction(lower[step]!, upper[step]!, histogram);
      if (hasNaN) ctx.annotations.add(fractionNaNs(of.metricName, position));
      results.set(of, 0, of.labels, step, value);
    }
    for (const [of, buckets] of classic)
      results.set(of, 0, of.labels, step, bucketFraction(lower[step]!, upper[step]!, buckets));
  }
  return collect(ctx, results.series());
}

/** The results of every histogram, by which of the quantiles it is and by labels. */
class Results {
  readonly #steps: number;
  readonly #columns = new Map<string, { labels: Labels; columns: StepColumns }>();
  readonly #numbers = new Map<ClassicHistogram | NativeHistogram, number>();

  constructor(steps: number) {
    this.#steps = steps;
  }

  set(
    of: ClassicHistogram | NativeHistogram,
    quantile: number,
    labels: Labels,
    step: number,
    value: number,
  ): void {
    let number = this.#numbers.get(of);
    if (number === undefined) this.#numbers.set(of, (number = this.#numbers.size));
    const key = `${number} ${quantile} ${labels.key}`;
    let result = this.#columns.get(key);
    if (!result) this.#columns.set(key, (result = { labels, columns: new StepColumns(this.#steps) }));
    result.columns.setFloat(step, value);
  }

  series(): StepSeries[] {
    return [...this.#columns.values()].map(({ labels, columns }) => columns.series(labels, true));
  }
}
