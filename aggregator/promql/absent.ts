import { Labels, METRIC_NAME } from '../../model/labels.ts';
import type { EvalContext } from './context.ts';
import type { Plan } from './plan.ts';
import type { StepSeries } from './value.ts';
import { ABSENT, isEmptySeries, StepColumns } from './value.ts';

/** One series that is 1 wherever the vector has no sample, with the labels that the selector asks for. */
export function absent(
  ctx: EvalContext,
  vector: readonly StepSeries[],
  selector: Plan,
  dropName: boolean,
): StepSeries[] {
  const out = new StepColumns(ctx.steps.count);
  for (let step = 0; step < ctx.steps.count; step++)
    if (vector.every(({ kinds }) => kinds[step] === ABSENT)) out.setFloat(step, 1);
  const series = out.series(askedLabels(selector), dropName);
  return isEmptySeries(series) ? [] : [series];
}

/** Labels with exactly one equality matcher; a label named twice is left out. */
function askedLabels(plan: Plan): Labels {
  const selector = plan.kind === 'range' ? plan.selector : plan;
  if (selector.kind !== 'selector') return Labels.empty;
  const asked = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, operator, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (operator === '=' && !seen.has(name)) {
      asked.set(name, value);
      seen.add(name);
    } else asked.delete(name);
  }
  return Labels.fromPairs(asked);
}
