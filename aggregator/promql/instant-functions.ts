import type { FloatHistogram } from '../../model/histogram.ts';
import { METRIC_NAME } from '../../model/labels.ts';
import type { EvalContext } from './context.ts';
import { dateFunction } from './date-functions.ts';
import { exp, log, log2, log10, max, min } from './go-math.ts';
import * as trigonometry from './go-trigonometry.ts';
import { histogramStatistic } from './histogram-statistics.ts';
import { collect, mapSeries } from './merge.ts';
import type { StepSeries } from './value.ts';
import { FLOAT, HISTOGRAM, StepColumns, withoutMetadata } from './value.ts';

/** Functions of one float that become functions of a vector. Histograms drop out. */
function floatFunction(name: string): ((x: number) => number) | undefined {
  return (Object.hasOwn(FLOAT_FUNCTIONS, name) ? FLOAT_FUNCTIONS[name] : undefined) ?? dateFunction(name);
}

const FLOAT_FUNCTIONS: Record<string, (x: number) => number> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  sqrt: Math.sqrt,
  exp,
  ln: log,
  log2,
  log10,
  sin: trigonometry.sin,
  cos: trigonometry.cos,
  tan: trigonometry.tan,
  asin: trigonometry.asin,
  acos: trigonometry.acos,
  atan: trigonometry.atan,
  sinh: trigonometry.sinh,
  cosh: trigonometry.cosh,
  tanh: trigonometry.tanh,
  asinh: trigonometry.asinh,
  acosh: trigonometry.acosh,
  atanh: trigonometry.atanh,
  rad: (x) => (x * Math.PI) / 180,
  deg: (x) => (x * 180) / Math.PI,
  sgn: (x) => (x < 0 ? -1 : x > 0 ? 1 : x),
};

/** Applies a function of a float and the step to all floats of a vector; the metric's name goes. */
async function mapFloats(
  ctx: EvalContext,
  vector: readonly StepSeries[],
  map: (value: number, step: number) => number,
): Promise<StepSeries[]> {
  return collect(
    ctx,
    await mapSeries(ctx, vector, (series) => {
      const out = new StepColumns(ctx.steps.count);
      const { kinds, values } = series;
      for (let step = 0; step < kinds.length; step++)
        if (kinds[step] === FLOAT) out.setFloat(step, map(values[step]!, step));
      return out.series(dropMetadata(ctx, series), true);
    }),
  );
}

/** Applies a function to all histograms of a vector; floats drop out. */
async function mapHistograms(
  ctx: EvalContext,
  vector: readonly StepSeries[],
  map: (histogram: FloatHistogram) => number,
): Promise<StepSeries[]> {
  return collect(
    ctx,
    await mapSeries(ctx, vector, (series) => {
      const out = new StepColumns(ctx.steps.count);
      for (let step = 0; step < series.kinds.length; step++)
        if (series.kinds[step] === HISTOGRAM) out.setFloat(step, map(series.histograms![step]!));
      const labels = ctx.delayedNameRemoval ? series.labels : series.labels.without(METRIC_NAME);
      return out.series(labels, true);
    }),
  );
}

/** Labels of a result that is another metric, where the name goes at once. */
export function dropMetadata(ctx: EvalContext, series: StepSeries): StepSeries['labels'] {
  return ctx.delayedNameRemoval ? series.labels : withoutMetadata(series.labels);
}

/** Functions of a vector and, for some, scalars; `scalars` are the other arguments in order. */
export function callInstantFunction(
  ctx: EvalContext,
  name: string,
  vector: readonly StepSeries[],
  scalars: readonly Float64Array[],
): Promise<StepSeries[]> | undefined {
  const float = floatFunction(name);
  if (float) return mapFloats(ctx, vector, float);
  const statistic = histogramStatistic(name);
  if (statistic) return mapHistograms(ctx, vector, statistic);
  switch (name) {
    case 'round':
      return mapFloats(ctx, vector, (value, step) => {
        const inverse = 1 / (scalars[0]?.[step] ?? 1);
        return Math.floor(value * inverse + 0.5) / inverse;
      });
    case 'clamp':
      return clamp(ctx, vector, scalars[0]!, scalars[1]!);
    case 'clamp_min':
      return clamp(ctx, vector, scalars[0]!, undefined);
    case 'clamp_max':
      return clamp(ctx, vector, undefined, scalars[0]!);
    default:
      return undefined;
  }
}

/** Nothing where the bounds contradict each other. */
async function clamp(
  ctx: EvalContext,
  vector: readonly StepSeries[],
  lows: Float64Array | undefined,
  highs: Float64Array | undefined,
): Promise<StepSeries[]> {
  return collect(
    ctx,
    await mapSeries(ctx, vector, (series) => {
      const out = new StepColumns(ctx.steps.count);
      for (let step = 0; step < series.kinds.length; step++) {
        if (series.kinds[step] !== FLOAT) continue;
        const low = lows ? lows[step]! : Number.NEGATIVE_INFINITY;
        const high = highs ? highs[step]! : Number.POSITIVE_INFINITY;
        if (!(high < low)) out.setFloat(step, max(low, min(high, series.values[step]!)));
      }
      return out.series(dropMetadata(ctx, series), true);
    }),
  );
}

/** The only float of the vector at each step; NaN for none or several. */
export function toScalar(ctx: EvalContext, vector: readonly StepSeries[]): Float64Array {
  const scalar = new Float64Array(ctx.steps.count).fill(Number.NaN);
  const seen = new Uint8Array(ctx.steps.count);
  for (const { kinds, values } of vector)
    for (let step = 0; step < kinds.length; step++) {
      if (kinds[step] !== FLOAT) continue;
      scalar[step] = seen[step] === 0 ? values[step]! : Number.NaN;
      seen[step] = 1;
    }
  return scalar;
}
