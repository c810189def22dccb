import type { Labels } from '../../model/labels.ts';
import { METRIC_NAME } from '../../model/labels.ts';
import type { VectorMatching } from './ast.ts';
import type { EvalContext } from './context.ts';
import { Join } from './join.ts';
import { collect } from './merge.ts';
import type { BinaryPlan } from './plan.ts';
import { setOperation } from './set-operators.ts';
import type { StepSeries } from './value.ts';

/** An operation between two vectors. Join signatures are found once for each series, not at every step. */
export async function vectorVector(
  ctx: EvalContext,
  plan: BinaryPlan,
  left: readonly StepSeries[],
  right: readonly StepSeries[],
): Promise<StepSeries[]> {
  const matching = plan.matching!;
  const numbers = new Map<string, number>();
  const leftSignatures = left.map((series) => signature(series.labels, matching, numbers));
  const rightSignatures = right.map((series) => signature(series.labels, matching, numbers));
  if (plan.operator === 'and' || plan.operator === 'or' || plan.operator === 'unless') {
    const operands = { left, right, leftSignatures, rightSignatures };
    const sizes = { signatureCount: numbers.size, steps: ctx.steps.count };
    return collect(ctx, setOperation(plan.operator, { ...operands, ...sizes }));
  }
  const swapped = matching.cardinality === 'one-to-many';
  const join = new Join(
    ctx,
    plan,
    swapped ? right : left,
    swapped ? left : right,
    swapped ? rightSignatures : leftSignatures,
    swapped ? leftSignatures : rightSignatures,
    numbers.size,
  );
  const joined = await (join.isSimple() ? join.columns() : join.stepByStep());
  return collect(ctx, joined);
}

function signature(labels: Labels, matching: VectorMatching, numbers: Map<string, number>): number {
  const { key } = matching.on
    ? labels.only(...matching.labels)
    : labels.without(METRIC_NAME, ...matching.labels);
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, numbers.size);
  return numbers.size - 1;
}
