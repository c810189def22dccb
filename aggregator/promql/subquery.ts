import type { EvalContext } from './context.ts';
import type { SubqueryPlan } from './plan.ts';
import type { RangeSource } from './range-evaluation.ts';
import { fromSteps } from './range-window.ts';
import type { StepSeries, Steps } from './value.ts';
import { makeSteps } from './value.ts';

/**
 * The steps of a subquery: multiples of its own step, the first one inside the range that the first step
 * around it looks at, the last one before what the last step looks at.
 */
export function subquerySteps(ctx: EvalContext, plan: SubqueryPlan): Steps {
  const { startMs, stepMs, count } = ctx.steps;
  const stepOfSubquery = plan.stepMs === 0 ? ctx.defaultSubqueryStepMs : plan.stepMs;
  const lastMs = startMs + Math.max(0, count - 1) * stepMs;
  const afterMs = startMs - plan.effectiveOffsetMs - plan.rangeMs;
  let firstMs = stepOfSubquery * Math.trunc(afterMs / stepOfSubquery);
  if (firstMs <= afterMs) firstMs += stepOfSubquery;
  return makeSteps(firstMs, lastMs - plan.effectiveOffsetMs, stepOfSubquery);
}

/** The result of a subquery as the range of a function. Remarks on it point nowhere, as in the reference. */
export function subqueryRange(
  ctx: EvalContext,
  plan: SubqueryPlan,
  vector: readonly StepSeries[],
  steps: Steps,
): RangeSource {
  return {
    series: vector.map((series) => fromSteps(series, steps)),
    rangeMs: plan.rangeMs,
    offsetMs:
      plan.atMs === undefined ? plan.effectiveOffsetMs : plan.offsetMs + ctx.steps.startMs - plan.atMs,
    mode: 'plain',
    pinned: plan.atMs !== undefined,
    position: { start: 0, end: 0 },
  };
}
