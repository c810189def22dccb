import type {
  DurationExpr,
  Expr,
  MatrixSelector,
  SubqueryExpr,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { functionSignature } from './function-signatures.ts';
import { formatPlain } from './go-number.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * The tree as `/api/v1/parse_query` answers it; keys in the order of the alphabet, as Go writes its maps.
 * Throws a RangeError where a `fill` value is no JSON number.
 */
export function exprToJson(expr: Expr): Json {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: formatPlain(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: expr.value.toWellFormed() };
    case 'vectorSelector':
      return {
        anchored: expr.anchored,
        matchers: matchersToJson(expr),
        name: expr.name,
        ...offsetToJson(expr),
        smoothed: expr.smoothed,
        ...atToJson(expr),
        type: 'vectorSelector',
      };
    case 'matrixSelector':
      return {
        anchored: expr.vector.anchored,
        matchers: matchersToJson(expr.vector),
        name: expr.vector.name,
        ...offsetToJson(expr.vector),
        ...rangeToJson(expr),
        smoothed: expr.vector.smoothed,
        ...atToJson(expr.vector),
        type: 'matrixSelector',
      };
    case 'subquery': {
      const { startOrEnd, timestamp } = atToJson(expr);
      return {
        expr: exprToJson(expr.expr),
        ...offsetToJson(expr),
        ...rangeToJson(expr),
        startOrEnd,
        step: Math.trunc(expr.stepMs),
        stepExpr: durationToJson(expr.stepExpr),
        timestamp,
        type: 'subquery',
      };
    }
    case 'unary':
      return { expr: exprToJson(expr.expr), op: expr.operator, type: 'unaryExpr' };
    case 'paren':
      return { expr: exprToJson(expr.expr), type: 'parenExpr' };
    case 'binary':
      return {
        bool: expr.returnBool,
        lhs: exprToJson(expr.lhs),
        matching: expr.matching ? matchingToJson(expr.matching) : null,
        op: expr.operator,
        rhs: exprToJson(expr.rhs),
        type: 'binaryExpr',
      };
    case 'aggregate':
      return {
        expr: exprToJson(expr.expr),
        grouping: expr.grouping.map((label) => label.toWellFormed()),
        op: expr.operator,
        param: expr.param ? exprToJson(expr.param) : null,
        type: 'aggregation',
        without: expr.without,
      };
    case 'call': {
      const signature = functionSignature(expr.func);
      if (!signature) throw new Error(`BUG: function ${expr.func} passed the parser`);
      const { args, returns, variadic } = signature;
      return {
        args: expr.args.map(exprToJson),
        func: { argTypes: args, name: expr.func, returnType: returns, variadic },
        type: 'call',
      };
    }
    default:
      throw new Error(`BUG: no JSON for ${expr satisfies never}`);
  }
}

function matchersToJson({ matchers }: VectorSelector): Json {
  return matchers.map(({ name, operator, value }) => ({
    name: name.toWellFormed(),
    type: operator,
    value: value.toWellFormed(),
  }));
}

function offsetToJson({ offsetMs, offsetExpr }: Pick<VectorSelector, 'offsetMs' | 'offsetExpr'>) {
  return { offset: Math.trunc(offsetMs), offsetExpr: durationToJson(offsetExpr) };
}

function atToJson({ atMs, atBound }: Pick<VectorSelector, 'atMs' | 'atBound'>) {
  return { startOrEnd: atBound ?? null, timestamp: atMs ?? null };
}

function rangeToJson({ rangeMs, rangeExpr }: MatrixSelector | SubqueryExpr) {
  return { range: Math.trunc(rangeMs), rangeExpr: durationToJson(rangeExpr) };
}

function matchingToJson({ cardinality, labels, on, include, fillLeft, fillRight }: VectorMatching): Json {
  return {
    card: cardinality,
    fillValues: { lhs: fillToJson(fillLeft), rhs: fillToJson(fillRight) },
    include,
    labels,
    on,
  };
}

/** JSON has no NaN and no infinities; Prometheus fails at them too, and a null would say that nothing is filled. */
function fillToJson(value: number | undefined): number | null {
  if (value === undefined) return null;
  if (!Number.isFinite(value)) throw new RangeError(`json: unsupported value: ${formatPlain(value)}`);
  return value;
}

function durationToJson(expr: DurationExpr | undefined): Json {
  if (!expr) return null;
  if (expr.kind === 'number') {
    return { duration: expr.duration, type: 'numberLiteral', val: formatPlain(expr.value) };
  }
  return {
    lhs: durationToJson(expr.lhs),
    op: expr.operator,
    rhs: durationToJson(expr.rhs),
    type: 'durationExpr',
    wrapped: expr.wrapped,
  };
}
