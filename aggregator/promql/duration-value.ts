import { QueryError } from '../engine/engine.ts';
import type { DurationExpr } from './ast.ts';
import { max, min, pow } from './go-math.ts';
import { durationSeconds, type QueryTimes } from './value.ts';

/** Milliseconds of a duration expression in one query. Its own arithmetic is in seconds. */
export function resolveDuration(expr: DurationExpr, times: QueryTimes, sign: 'positive' | 'any'): number {
  const seconds = evaluate(expr, times);
  if (!Number.isFinite(seconds)) throw problem(expr, 'duration is NaN or infinite');
  if (seconds <= 0 && sign === 'positive') throw problem(expr, 'duration must be greater than 0');
  // What Go's nanoseconds in 64 bits can hold.
  if (Math.abs(seconds) > 2 ** 63 / 1e9) throw problem(expr, 'duration is out of range');
  return Math.trunc(seconds * 1000);
}

function evaluate(expr: DurationExpr, times: QueryTimes): number {
  if (expr.kind === 'number') return expr.value;
  const left = expr.lhs ? evaluate(expr.lhs, times) : 0;
  const right = expr.rhs ? evaluate(expr.rhs, times) : 0;
  switch (expr.operator) {
    case 'step':
      return durationSeconds(times.stepMs);
    case 'range':
      return durationSeconds(times.endMs - times.startMs);
    case 'min_of':
      return min(left, right);
    case 'max_of':
      return max(left, right);
    case '+':
      return expr.lhs ? left + right : right;
    case '-':
      return expr.lhs ? left - right : -right;
    case '*':
      return left * right;
    case '/':
      if (right === 0) throw problem(expr, 'division by zero');
      return left / right;
    case '%':
      if (right === 0) throw problem(expr, 'modulo by zero');
      return left % right;
    case '^':
      return pow(left, right);
    default:
      throw new Error(`BUG: no duration operator ${expr.operator satisfies never}`);
  }
}

function problem(expr: DurationExpr, text: string): QueryError {
  return new QueryError('bad_data', `${expr.position.start}:${expr.position.end}: ${text}`);
}
