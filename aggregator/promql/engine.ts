import type { Clock } from '../../runtime/clock.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { InstantQuery, QueryOptions, QueryResult, QueryValue, RangeQuery } from '../engine/engine.ts';
import { QueryError } from '../engine/engine.ts';
import { Annotations } from './annotations.ts';
import type { Expr, ValueType } from './ast.ts';
import { Budget } from './budget.ts';
import type { EvalContext } from './context.ts';
import { evaluateScalar, evaluateVector } from './evaluate.ts';
import { ParseError, type ParserOptions, parseExpr, valueType } from './parser.ts';
import { buildPlan, type Plan, planType } from './plan.ts';
import { finishVector, rangeVector, toMatrix, toVector } from './result.ts';
import { markStatisticsOnly, type Selector, selectAll } from './selection.ts';
import { markStepInvariant, setOffsets } from './step-invariance.ts';
import type { QueryTimes, Steps } from './value.ts';
import { columnWeight, makeSteps } from './value.ts';

export interface PromqlEngineOptions {
  readonly clock?: Clock;
  /** How old the newest sample of a series may be to count; 0 for the default. */
  readonly lookbackMs?: number;
  /** Samples one query may hold in memory, as fetched and in between. */
  readonly maxSamples?: number;
  readonly timeoutMs?: number;
  /** The step of a subquery that names none. */
  readonly defaultSubqueryStepMs?: number;
  /** `promql-delayed-name-removal` of Prometheus; off as there. */
  readonly delayedNameRemoval?: boolean;
  /** Take samples' start timestamps for counter resets; off as there. */
  readonly useStartTimestamps?: boolean;
  /** `type-and-unit-labels`; off as there. */
  readonly typeAndUnitLabels?: boolean;
  readonly parser?: ParserOptions;
}

/** What a Prometheus server does without flags. */
const DEFAULTS = {
  lookbackMs: 5 * 60_000,
  // 16 bytes each: 800 MB at most.
  maxSamples: 50_000_000,
  timeoutMs: 120_000,
  defaultSubqueryStepMs: 60_000,
} as const;

/** Answers PromQL over whatever storage the querier reads, bit for bit as Prometheus 3.14. */
export class PromqlEngine {
  readonly #querier: Selector;
  readonly #options: PromqlEngineOptions;

  constructor(querier: Selector, options: PromqlEngineOptions = {}) {
    this.#querier = querier;
    this.#options = options;
  }

  async instant(request: InstantQuery, signal: AbortSignal): Promise<QueryResult> {
    const { timeMs } = request;
    const times: QueryTimes = { startMs: timeMs, endMs: timeMs, stepMs: 0 };
    const expr = this.#parse(request.query);
    return this.#run(request, expr, times, makeSteps(timeMs, timeMs, 1), signal, instantValue);
  }

  async range(request: RangeQuery, signal: AbortSignal): Promise<QueryResult> {
    const { startMs, endMs, stepMs } = request;
    if (!(stepMs > 0))
      throw new QueryError(
        'bad_data',
        'zero or negative query resolution step widths are not accepted. Try a positive integer',
      );
    const expr = this.#parse(request.query);
    checkRangeType(valueType(expr));
    const steps = makeSteps(startMs, endMs, stepMs);
    return this.#run(request, expr, { startMs, endMs, stepMs }, steps, signal, rangeValue);
  }

  #parse(query: string): Expr {
    try {
      return parseExpr(query, this.#options.parser);
    } catch (error) {
      if (error instanceof ParseError) throw new QueryError('bad_data', error.message, { cause: error });
      throw error;
    }
  }

  async #run(
    request: QueryOptions,
    expr: Expr,
    times: QueryTimes,
    steps: Steps,
    signal: AbortSignal,
    finish: (ctx: EvalContext, plan: Plan) => Promise<QueryValue>,
  ): Promise<QueryResult> {
    const options = this.#options;
    let plan = buildPlan(expr, times);
    markStatisticsOnly(plan);
    plan = markStepInvariant(plan, times);
    const lookbackMs = request.lookbackMs || options.lookbackMs || DEFAULTS.lookbackMs;
    const budget = new Budget(options.clock ?? systemClock, signal, {
      // A request can only ask for less time.
      timeoutMs: Math.min(
        request.timeoutMs ?? Number.POSITIVE_INFINITY,
        options.timeoutMs ?? DEFAULTS.timeoutMs,
      ),
      maxSamples: options.maxSamples ?? DEFAULTS.maxSamples,
    });
    budget.check();
    budget.ensure(columnWeight(steps.count));
    const data = await selectAll(plan, times, lookbackMs, this.#querier, budget);
    setOffsets(plan, times.startMs);
    const annotations = new Annotations();
    const ctx: EvalContext = {
      querier: this.#querier,
      budget,
      annotations,
      lookbackMs,
      defaultSubqueryStepMs: options.defaultSubqueryStepMs ?? DEFAULTS.defaultSubqueryStepMs,
      delayedNameRemoval: options.delayedNameRemoval ?? false,
      useStartTimestamps: options.useStartTimestamps ?? false,
      typeAndUnitLabels: options.typeAndUnitLabels ?? false,
      data,
      steps,
    };
    const value = await finish(ctx, plan);
    const { limited, truncated } = limit(value, request.limit);
    const { warnings, infos } = annotations.render(request.query);
    if (truncated) warnings.push('results truncated due to limit');
    return { value: limited, warnings, infos };
  }
}

async function instantValue(ctx: EvalContext, plan: Plan): Promise<QueryValue> {
  const timestampMs = ctx.steps.startMs;
  const type = planType(plan);
  switch (type) {
    case 'string': {
      let node = plan;
      while (node.kind === 'paren' || node.kind === 'stepInvariant') node = node.expr;
      if (node.kind !== 'string') throw new Error(`BUG: ${node.kind} is no string`);
      return { type, timestampMs, value: node.value };
    }
    case 'scalar':
      return { type, timestampMs, value: (await evaluateScalar(ctx, plan))[0]! };
    case 'vector':
      return toVector(finishVector(ctx, await evaluateVector(ctx, plan)), timestampMs);
    case 'matrix':
      return rangeVector(ctx, plan);
    default:
      throw new Error(`BUG: an expression of type ${type}`);
  }
}

async function rangeValue(ctx: EvalContext, plan: Plan): Promise<QueryValue> {
  if (planType(plan) === 'scalar')
    return toMatrix(ctx.steps.count === 0 ? undefined : await evaluateScalar(ctx, plan), ctx.steps);
  return toMatrix(finishVector(ctx, await evaluateVector(ctx, plan)), ctx.steps);
}

function checkRangeType(type: ValueType): void {
  if (type === 'vector' || type === 'scalar') return;
  const documented = type === 'matrix' ? 'range vector' : type;
  throw new QueryError(
    'bad_data',
    `invalid expression type "${documented}" for range query, must be Scalar or instant Vector`,
  );
}

/** The API's `limit`: at most that many series; 0 for no limit. */
function limit(value: QueryValue, count = 0): { limited: QueryValue; truncated: boolean } {
  if (count > 0 && value.type === 'vector' && value.samples.length > count)
    return { limited: { ...value, samples: value.samples.slice(0, count) }, truncated: true };
  if (count > 0 && value.type === 'matrix' && value.series.length > count)
    return { limited: { ...value, series: value.series.slice(0, count) }, truncated: true };
  return { limited: value, truncated: false };
}
