import type { Matcher } from '../../model/matcher.ts';
import type {
  Aggregation,
  BinaryOperator,
  Expr,
  PositionRange,
  SubqueryExpr,
  ValueType,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { resolveDuration } from './duration-value.ts';
import { functionSignature } from './function-signatures.ts';
import { durationSeconds, type QueryTimes } from './value.ts';

/**
 * What is evaluated: the syntax tree with durations, `step()`, `range()`, `start()` and `end()` of one query put
 * in. Selectors and subqueries carry the offset that the evaluation of their surroundings sets.
 */
export type Plan =
  | { readonly kind: 'number'; readonly value: number; readonly position: PositionRange }
  | { readonly kind: 'string'; readonly value: string; readonly position: PositionRange }
  | SelectorPlan
  | RangePlan
  | SubqueryPlan
  | UnaryPlan
  | BinaryPlan
  | AggregatePlan
  | CallPlan
  | ParenPlan
  | StepInvariantPlan;

export interface SelectorPlan {
  readonly kind: 'selector';
  readonly matchers: readonly Matcher[];
  readonly anchored: boolean;
  readonly smoothed: boolean;
  /** As written. */
  readonly offsetMs: number;
  atMs: number | undefined;
  readonly atBound: 'start' | 'end' | undefined;
  /** From the time of evaluation back to the time looked at; `@` is in it. */
  effectiveOffsetMs: number;
  /** Only count and sum of native histograms are needed. */
  statisticsOnly: boolean;
  readonly position: PositionRange;
}

export interface RangePlan {
  readonly kind: 'range';
  readonly selector: SelectorPlan;
  readonly rangeMs: number;
  readonly position: PositionRange;
}

export interface SubqueryPlan {
  readonly kind: 'subquery';
  expr: Plan;
  readonly rangeMs: number;
  /** 0: the engine's default. */
  readonly stepMs: number;
  readonly offsetMs: number;
  atMs: number | undefined;
  readonly atBound: 'start' | 'end' | undefined;
  effectiveOffsetMs: number;
  readonly position: PositionRange;
}

export interface UnaryPlan {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly expr: Plan;
  readonly position: PositionRange;
}

export interface BinaryPlan {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  lhs: Plan;
  rhs: Plan;
  readonly matching: VectorMatching | undefined;
  readonly returnBool: boolean;
  /** Found once: long chains would ask again at every link. */
  readonly type: 'scalar' | 'vector';
  readonly position: PositionRange;
}

export interface AggregatePlan {
  readonly kind: 'aggregate';
  readonly operator: Aggregation;
  expr: Plan;
  param: Plan | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly position: PositionRange;
}

export interface CallPlan {
  readonly kind: 'call';
  readonly func: string;
  readonly args: Plan[];
  readonly position: PositionRange;
}

export interface ParenPlan {
  readonly kind: 'paren';
  readonly expr: Plan;
  readonly position: PositionRange;
}

/** Has the same value at all steps: evaluated at the first only. */
export interface StepInvariantPlan {
  readonly kind: 'stepInvariant';
  readonly expr: Plan;
  readonly position: PositionRange;
}

export function buildPlan(expr: Expr, times: QueryTimes): Plan {
  const build = (node: Expr): Plan => buildPlan(node, times);
  const { position } = expr;
  switch (expr.kind) {
    case 'number':
      return { kind: 'number', value: expr.value, position };
    case 'string':
      return { kind: 'string', value: expr.value, position };
    case 'vectorSelector':
      return buildSelector(expr, times);
    case 'matrixSelector': {
      const rangeMs = expr.rangeExpr ? resolveDuration(expr.rangeExpr, times, 'positive') : expr.rangeMs;
      return { kind: 'range', selector: buildSelector(expr.vector, times), rangeMs, position };
    }
    case 'subquery':
      return buildSubquery(expr, times);
    case 'unary':
      return { kind: 'unary', operator: expr.operator, expr: build(expr.expr), position };
    case 'binary': {
      const { operator, matching, returnBool } = expr;
      const lhs = build(expr.lhs);
      const rhs = build(expr.rhs);
      const type = planType(lhs) === 'scalar' && planType(rhs) === 'scalar' ? 'scalar' : 'vector';
      return { kind: 'binary', operator, lhs, rhs, matching, returnBool, type, position };
    }
    case 'aggregate': {
      const { operator, grouping, without } = expr;
      const param = expr.param && unwrap(build(expr.param));
      return {
        kind: 'aggregate',
        operator,
        expr: unwrap(build(expr.expr)),
        param,
        grouping,
        without,
        position,
      };
    }
    case 'call': {
      const value = contextValue(expr.func, times);
      if (value !== undefined) return { kind: 'number', value, position };
      return { kind: 'call', func: expr.func, args: expr.args.map((arg) => unwrap(build(arg))), position };
    }
    case 'paren':
      return { kind: 'paren', expr: build(expr.expr), position };
    default:
      throw new Error(`BUG: no plan for ${expr satisfies never}`);
  }
}

export function planType(plan: Plan): ValueType {
  switch (plan.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
    case 'aggregate':
      return 'vector';
    case 'range':
    case 'subquery':
      return 'matrix';
    case 'call':
      return functionSignature(plan.func)?.returns ?? 'none';
    case 'paren':
    case 'unary':
    case 'stepInvariant':
      return planType(plan.expr);
    case 'binary':
      return plan.type;
    default:
      throw new Error(`BUG: no type for ${plan satisfies never}`);
  }
}

function buildSelector(node: VectorSelector, times: QueryTimes): SelectorPlan {
  const offsetMs = node.offsetExpr ? resolveDuration(node.offsetExpr, times, 'any') : node.offsetMs;
  const { matchers, anchored, smoothed, atMs, atBound, position } = node;
  return {
    kind: 'selector',
    matchers,
    anchored,
    smoothed,
    offsetMs,
    atMs,
    atBound,
    effectiveOffsetMs: offsetMs,
    statisticsOnly: false,
    position,
  };
}

function buildSubquery(node: SubqueryExpr, times: QueryTimes): SubqueryPlan {
  const offsetMs = node.offsetExpr ? resolveDuration(node.offsetExpr, times, 'any') : node.offsetMs;
  const stepMs = node.stepExpr ? resolveDuration(node.stepExpr, times, 'positive') : node.stepMs;
  const rangeMs = node.rangeExpr ? resolveDuration(node.rangeExpr, times, 'positive') : node.rangeMs;
  return {
    kind: 'subquery',
    expr: buildPlan(node.expr, times),
    rangeMs,
    stepMs,
    offsetMs,
    atMs: node.atMs,
    atBound: node.atBound,
    effectiveOffsetMs: offsetMs,
    position: node.position,
  };
}

function unwrap(plan: Plan): Plan {
  let node = plan;
  while (node.kind === 'paren') node = node.expr;
  return node;
}

/** Functions whose value is the same in the whole query. */
function contextValue(func: string, times: QueryTimes): number | undefined {
  switch (func) {
    case 'start':
      return times.startMs / 1000;
    case 'end':
      return times.endMs / 1000;
    case 'range':
      return durationSeconds(times.endMs - times.startMs);
    case 'step':
      return times.startMs === times.endMs ? 0 : durationSeconds(times.stepMs);
    default:
      return undefined;
  }
}
