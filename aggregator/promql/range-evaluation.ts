import { possibleNonCounter, possibleNonCounterType } from './annotations.ts';
import type { PositionRange } from './ast.ts';
import type { EvalContext } from './context.ts';
import { duplicateLabels, executionError } from './context.ts';
import { hasDuplicates } from './merge.ts';
import type { CallPlan, RangePlan } from './plan.ts';
import type { RangeCall } from './range-call.ts';
import { callRangeFunction, rangeFunction } from './range-functions.ts';
import type { RangeSeries, WindowEdges } from './range-window.ts';
import { fromStorage } from './range-window.ts';
import type { StepSeries } from './value.ts';
import { columnWeight, FLOAT, withoutMetadata } from './value.ts';

/** Where the windows of a range argument come from. */
export interface RangeSource {
  readonly series: Iterable<RangeSeries>;
  readonly rangeMs: number;
  readonly offsetMs: number;
  readonly mode: RangeCall['mode'];
  /** Pinned by `@`: every step sees the window of the first. */
  readonly pinned: boolean;
  readonly position: PositionRange;
}

const ANCHORED = ['changes', 'delta', 'increase', 'rate', 'resets'];
const SMOOTHED = ['delta', 'increase', 'rate'];
const START_TIMESTAMPS = new Set(['rate', 'irate', 'increase', 'resets']);

export function storedRange(ctx: EvalContext, plan: RangePlan, func: string): RangeSource {
  const { selector, rangeMs, position } = plan;
  const withStarts = ctx.useStartTimestamps && START_TIMESTAMPS.has(func);
  const stored = ctx.data.get(selector)!;
  return {
    series: (function* () {
      for (const series of stored) yield fromStorage(series, withStarts);
    })(),
    rangeMs,
    offsetMs: selector.effectiveOffsetMs,
    mode: selector.anchored ? 'anchored' : selector.smoothed ? 'smoothed' : 'plain',
    pinned: selector.atMs !== undefined,
    position,
  };
}

/** A range function over all series and steps: series by series, so that only one's windows are at hand. */
export async function evaluateRangeFunction(
  ctx: EvalContext,
  plan: CallPlan,
  source: RangeSource,
  params: readonly Float64Array[],
): Promise<StepSeries[]> {
  const { mode, rangeMs, offsetMs } = source;
  // Remarks point to the first argument, the range or not.
  const first = plan.args[0]!;
  const isRange = first.kind === 'range' || first.kind === 'subquery';
  const position = isRange ? source.position : first.position;
  checkMode(plan.func, mode);
  const func = rangeFunction(plan.func, mode);
  if (!func) throw executionError(`not supported yet: function ${plan.func}`);
  const { steps, annotations, lookbackMs } = ctx;
  const call: RangeCall = { steps, rangeMs, offsetMs, mode, params, position, annotations };
  const edges: WindowEdges = {
    beforeMs: rangeMs + offsetMs + (mode === 'plain' ? 0 : lookbackMs),
    afterMs: (mode === 'smoothed' ? lookbackMs : 0) - offsetMs,
    pinned: source.pinned,
  };
  const keepsName = plan.func === 'last_over_time' || plan.func === 'first_over_time';
  const vector: StepSeries[] = [];
  for (const series of source.series) {
    if (ctx.budget.isDue) await ctx.budget.rest();
    ctx.budget.ensure((vector.length + 1) * columnWeight(steps.count));
    const out = callRangeFunction(func, call, series, edges);
    if (out.isEmpty) continue;
    const dropName = !keepsName || series.dropName;
    const labels = dropName && !ctx.delayedNameRemoval ? withoutMetadata(series.labels) : series.labels;
    vector.push(out.series(labels, dropName));
    if ((plan.func === 'rate' || plan.func === 'increase') && out.kinds.includes(FLOAT))
      remarkNonCounter(ctx, series, position);
  }
  if (!ctx.delayedNameRemoval && plan.func !== 'absent_over_time' && hasDuplicates(vector))
    throw duplicateLabels();
  return vector;
}

function checkMode(func: string, mode: RangeCall['mode']): void {
  if (mode === 'plain') return;
  const allowed = mode === 'anchored' ? ANCHORED : SMOOTHED;
  if (!allowed.includes(func))
    throw executionError(`${mode} modifier can only be used with: ${allowed.join(', ')} - not with ${func}`);
}

function remarkNonCounter(ctx: EvalContext, series: RangeSeries, position: PositionRange): void {
  const { metricName } = series.labels;
  if (metricName === '') return;
  if (ctx.typeAndUnitLabels) {
    const type = series.labels.get('__type__');
    if (type !== 'counter' && type !== 'histogram')
      ctx.annotations.add(possibleNonCounterType(metricName, type, position));
  } else if (!/_(?:total|sum|count|bucket)$/.test(metricName))
    ctx.annotations.add(possibleNonCounter(metricName, position));
}
