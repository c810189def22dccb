import type { Annotation } from './annotations.ts';
import {
  ARITHMETIC,
  COMPARISONS,
  type Element,
  isArithmetic,
  isComparison,
  operate,
} from './binary-element.ts';
import type { EvalContext } from './context.ts';
import { dropMetadata } from './instant-functions.ts';
import { collect, mapSeries } from './merge.ts';
import type { BinaryPlan } from './plan.ts';
import type { StepSeries } from './value.ts';
import { ABSENT, FLOAT, HISTOGRAM, StepColumns } from './value.ts';

/** An operation on two scalars at every step. */
export function scalarScalar(plan: BinaryPlan, left: Float64Array, right: Float64Array): Float64Array {
  const { operator } = plan;
  if (isArithmetic(operator)) {
    const apply = ARITHMETIC[operator];
    return left.map((value, step) => apply(value, right[step]!));
  }
  if (isComparison(operator)) {
    const holds = COMPARISONS[operator];
    return left.map((value, step) => (holds(value, right[step]!) ? 1 : 0));
  }
  throw new Error(`BUG: operator ${operator} between scalars`);
}

/** An operation of a vector and a scalar. `swapped`: the scalar stands on the left. */
export async function vectorScalar(
  ctx: EvalContext,
  plan: BinaryPlan,
  vector: readonly StepSeries[],
  scalar: Float64Array,
  swapped: boolean,
): Promise<StepSeries[]> {
  const { operator, returnBool } = plan;
  const changes = isArithmetic(operator) || returnBool;
  // The reference keeps the last remark of each step only.
  const remarks: (Annotation | undefined)[] = [];
  const series = await mapSeries(ctx, vector, (one) => {
    const out = new StepColumns(ctx.steps.count);
    if (one.histograms || !(isArithmetic(operator) || isComparison(operator)))
      mixedSteps(plan, one, scalar, swapped, out, remarks);
    else floatSteps(plan, one, scalar, swapped, out);
    const labels = changes ? dropMetadata(ctx, one) : one.labels;
    return out.series(labels, one.dropName || changes);
  });
  for (const remark of remarks) if (remark) ctx.annotations.add(remark);
  return collect(ctx, series);
}

function floatSteps(
  { operator, returnBool }: BinaryPlan,
  { kinds, values }: StepSeries,
  scalar: Float64Array,
  swapped: boolean,
  out: StepColumns,
): void {
  if (isArithmetic(operator)) {
    const apply = ARITHMETIC[operator];
    for (let step = 0; step < kinds.length; step++) {
      if (kinds[step] !== FLOAT) continue;
      const value = values[step]!;
      const other = scalar[step]!;
      out.setFloat(step, swapped ? apply(other, value) : apply(value, other));
    }
  } else if (isComparison(operator)) {
    const holds = COMPARISONS[operator];
    for (let step = 0; step < kinds.length; step++) {
      if (kinds[step] !== FLOAT) continue;
      const value = values[step]!;
      const other = scalar[step]!;
      const result = swapped ? holds(other, value) : holds(value, other);
      // The vector's value stays, on whichever side it stands.
      if (returnBool) out.setFloat(step, result ? 1 : 0);
      else if (result) out.setFloat(step, value);
    }
  }
}

function mixedSteps(
  plan: BinaryPlan,
  series: StepSeries,
  scalar: Float64Array,
  swapped: boolean,
  out: StepColumns,
  remarks: (Annotation | undefined)[],
): void {
  for (let step = 0; step < series.kinds.length; step++) {
    const element = elementAt(series, step);
    if (element === undefined) continue;
    const other = scalar[step]!;
    const result = swapped ? operate(plan, other, element) : operate(plan, element, other);
    remarks[step] = result.remark ?? remarks[step];
    if (result.failed) continue;
    if (plan.returnBool) out.setFloat(step, result.keep ? 1 : 0);
    else if (result.keep) {
      const value = isComparison(plan.operator) ? element : result.value;
      if (typeof value === 'number') out.setFloat(step, value);
      else out.setHistogram(step, value);
    }
  }
}

export function elementAt(series: StepSeries, step: number): Element | undefined {
  const kind = series.kinds[step];
  if (kind === ABSENT) return undefined;
  return kind === HISTOGRAM ? series.histograms![step]! : series.values[step]!;
}
