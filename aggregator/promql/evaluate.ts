import { Labels } from '../../model/labels.ts';
import { absent } from './absent.ts';
import { aggregate } from './aggregations.ts';
import { vectorVector } from './binary.ts';
import { scalarScalar, vectorScalar } from './binary-scalar.ts';
import type { EvalContext } from './context.ts';
import { executionError } from './context.ts';
import { dateFunction } from './date-functions.ts';
import { max, min } from './go-math.ts';
import { enrichWithInfo } from './info.ts';
import { toScalar } from './instant-functions.ts';
import { negate } from './negate.ts';
import type { BinaryPlan, CallPlan, Plan, StepInvariantPlan, SubqueryPlan } from './plan.ts';
import { planType } from './plan.ts';
import type { RangeSource } from './range-evaluation.ts';
import { evaluateRangeFunction, storedRange } from './range-evaluation.ts';
import { evaluateSelector } from './selector.ts';
import { evaluateSmoothed } from './smoothed-selector.ts';
import { setOffsets } from './step-invariance.ts';
import { subqueryRange, subquerySteps } from './subquery.ts';
import { timesOfSamples } from './timestamp-functions.ts';
import type { StepSeries, Steps } from './value.ts';
import { columnWeight, StepColumns, seriesWeight } from './value.ts';
import { vectorCall } from './vector-call.ts';

/** An instant vector at all steps. What it holds in memory counts in the budget until its user is done. */
export async function evaluateVector(ctx: EvalContext, plan: Plan): Promise<StepSeries[]> {
  ctx.budget.check();
  if (ctx.steps.count === 0) return [];
  const vector = await vectorOf(ctx, plan);
  let weight = 0;
  for (const series of vector) weight += seriesWeight(series);
  ctx.budget.hold(weight);
  return vector;
}

/** A scalar at all steps. */
export async function evaluateScalar(ctx: EvalContext, plan: Plan): Promise<Float64Array> {
  const { steps } = ctx;
  switch (plan.kind) {
    case 'number':
      return new Float64Array(steps.count).fill(plan.value);
    case 'paren':
      return evaluateScalar(ctx, plan.expr);
    case 'unary': {
      const values = await evaluateScalar(ctx, plan.expr);
      return plan.operator === '-' ? values.map((value) => -value) : values;
    }
    case 'binary':
      return scalarScalar(plan, await evaluateScalar(ctx, plan.lhs), await evaluateScalar(ctx, plan.rhs));
    case 'stepInvariant': {
      const values = await evaluateScalar(atFirstStep(ctx), plan.expr);
      return new Float64Array(steps.count).fill(values[0]!);
    }
    case 'call':
      return scalarCall(ctx, plan);
    default:
      throw new Error(`BUG: ${plan.kind} is no scalar`);
  }
}

/** What a subquery gives as the range vector of a query. */
export async function evaluateSubquery(
  ctx: EvalContext,
  plan: SubqueryPlan,
): Promise<{ vector: StepSeries[]; steps: Steps }> {
  const steps = subquerySteps(ctx, plan);
  // What is pinned inside counts from where the evaluation inside begins.
  if (steps.startMs !== ctx.steps.startMs) setOffsets(plan.expr, steps.startMs);
  const inner = { ...ctx, steps };
  ctx.budget.ensure(columnWeight(steps.count));
  if (steps.count === 0) return { vector: [], steps };
  if (planType(plan.expr) !== 'scalar') return { vector: await evaluateVector(inner, plan.expr), steps };
  return { vector: [await scalarSeries(inner, plan.expr)], steps };
}

async function vectorOf(ctx: EvalContext, plan: Plan): Promise<StepSeries[]> {
  switch (plan.kind) {
    case 'selector':
      return plan.smoothed ? evaluateSmoothed(ctx, plan) : evaluateSelector(ctx, plan);
    case 'paren':
      return vectorOf(ctx, plan.expr);
    case 'unary': {
      const vector = await evaluateVector(ctx, plan.expr);
      return releasing(ctx, vector, plan.operator === '-' ? negate(ctx, vector) : vector);
    }
    case 'binary':
      return binary(ctx, plan);
    case 'aggregate': {
      const { param } = plan;
      const values = param && param.kind !== 'string' ? await evaluateScalar(ctx, param) : undefined;
      const vector = await evaluateVector(ctx, plan.expr);
      return releasing(ctx, vector, aggregate(ctx, plan, vector, values));
    }
    case 'call':
      return call(ctx, plan);
    case 'stepInvariant':
      return stepInvariant(ctx, plan);
    default:
      throw new Error(`BUG: ${plan.kind} is no vector`);
  }
}

async function binary(ctx: EvalContext, plan: BinaryPlan): Promise<StepSeries[]> {
  if (planType(plan.lhs) === 'scalar') {
    const scalar = await evaluateScalar(ctx, plan.lhs);
    const vector = await evaluateVector(ctx, plan.rhs);
    return releasing(ctx, vector, vectorScalar(ctx, plan, vector, scalar, true));
  }
  const left = await evaluateVector(ctx, plan.lhs);
  if (planType(plan.rhs) === 'scalar') {
    const scalar = await evaluateScalar(ctx, plan.rhs);
    return releasing(ctx, left, vectorScalar(ctx, plan, left, scalar, false));
  }
  const right = await evaluateVector(ctx, plan.rhs);
  return releasing(ctx, [...left, ...right], vectorVector(ctx, plan, left, right));
}

async function call(ctx: EvalContext, plan: CallPlan): Promise<StepSeries[]> {
  const { func, args } = plan;
  const rangeAt = args.findIndex((arg) => arg.kind === 'range' || arg.kind === 'subquery');
  if (rangeAt !== -1) return rangeCall(ctx, plan, rangeAt);
  switch (func) {
    case 'vector':
      return [await scalarSeries(ctx, args[0]!)];
    case 'timestamp':
    case 'start_timestamp':
      if (args[0]!.kind === 'selector') return timesOfSamples(ctx, args[0]!, func);
      break;
    case 'info': {
      const vector = await evaluateVector(ctx, args[0]!);
      return releasing(ctx, vector, enrichWithInfo(ctx, vector, args[0]!, args[1]));
    }
    default:
  }
  if (args.length === 0) {
    const part = dateFunction(func);
    if (!part) throw executionError(`not supported yet: function ${func}`);
    const out = new StepColumns(ctx.steps.count);
    for (let step = 0; step < ctx.steps.count; step++)
      out.setFloat(step, part(Math.trunc((ctx.steps.startMs + step * ctx.steps.stepMs) / 1000)));
    return [out.series(Labels.empty, false)];
  }
  const vectorAt = args.findIndex((arg) => planType(arg) === 'vector');
  const vector = await evaluateVector(ctx, args[vectorAt]!);
  const scalars: Float64Array[] = [];
  for (const arg of args) if (planType(arg) === 'scalar') scalars.push(await evaluateScalar(ctx, arg));
  return releasing(ctx, vector, vectorCall(ctx, plan, vector, args[vectorAt]!, scalars));
}

async function rangeCall(ctx: EvalContext, plan: CallPlan, rangeAt: number): Promise<StepSeries[]> {
  const { args, func } = plan;
  const arg = args[rangeAt]!;
  let source: RangeSource;
  let held: StepSeries[] = [];
  if (arg.kind === 'subquery') {
    const { vector, steps } = await evaluateSubquery(ctx, arg);
    source = subqueryRange(ctx, arg, vector, steps);
    held = vector;
  } else if (arg.kind === 'range') source = storedRange(ctx, arg, func);
  else throw new Error(`BUG: ${arg.kind} is no range`);
  const params: Float64Array[] = [];
  for (const [i, other] of args.entries()) if (i !== rangeAt) params.push(await evaluateScalar(ctx, other));
  const vector = await releasing(ctx, held, evaluateRangeFunction(ctx, plan, source, params));
  if (func !== 'absent_over_time') return vector;
  // A subquery is no selector: it asks for no labels.
  return absent(ctx, vector, arg, true);
}

async function scalarCall(ctx: EvalContext, plan: CallPlan): Promise<Float64Array> {
  const { steps } = ctx;
  switch (plan.func) {
    case 'time':
      return Float64Array.from({ length: steps.count }, (_, i) => (steps.startMs + i * steps.stepMs) / 1000);
    case 'pi':
      return new Float64Array(steps.count).fill(Math.PI);
    case 'scalar': {
      const vector = await evaluateVector(ctx, plan.args[0]!);
      return releasing(ctx, vector, toScalar(ctx, vector));
    }
    case 'max_of':
    case 'min_of': {
      const left = await evaluateScalar(ctx, plan.args[0]!);
      const right = await evaluateScalar(ctx, plan.args[1]!);
      const pick = plan.func === 'max_of' ? max : min;
      return left.map((value, step) => pick(value, right[step]!));
    }
    default:
      throw executionError(`not supported yet: function ${plan.func}`);
  }
}

async function stepInvariant(ctx: EvalContext, plan: StepInvariantPlan): Promise<StepSeries[]> {
  const vector = await evaluateVector(atFirstStep(ctx), plan.expr);
  const { count } = ctx.steps;
  const repeated = vector.map(({ labels, dropName, kinds, values, histograms }) => ({
    labels,
    dropName,
    kinds: new Uint8Array(count).fill(kinds[0]!),
    values: new Float64Array(count).fill(values[0]!),
    histograms: histograms && new Array(count).fill(histograms[0]),
  }));
  return releasing(ctx, vector, repeated);
}

function atFirstStep(ctx: EvalContext): EvalContext {
  const { startMs, stepMs } = ctx.steps;
  return { ...ctx, steps: makeFirst(startMs, stepMs) };
}

function makeFirst(startMs: number, stepMs: number): Steps {
  return { startMs, endMs: startMs, stepMs, count: 1 };
}

async function scalarSeries(ctx: EvalContext, plan: Plan): Promise<StepSeries> {
  const values = await evaluateScalar(ctx, plan);
  const out = new StepColumns(ctx.steps.count);
  for (const [step, value] of values.entries()) out.setFloat(step, value);
  return out.series(Labels.empty, false);
}

/** Gives the operands' share of the budget back when the result is there. */
async function releasing<T>(
  ctx: EvalContext,
  operands: readonly StepSeries[],
  result: T | Promise<T>,
): Promise<T> {
  const value = await result;
  for (const series of operands) ctx.budget.release(seriesWeight(series));
  return value;
}
