import type { Plan, SubqueryPlan } from './plan.ts';
import { walkPlan } from './plan-walk.ts';
import type { QueryTimes } from './value.ts';

/**
 * Functions whose value may change with the time of evaluation though their arguments do not, or that use
 * the timestamps of their argument.
 */
const TIME_DEPENDENT = new Set(
  'days_in_month day_of_month day_of_week day_of_year end hour minute month year predict_linear range start step time timestamp'.split(
    ' ',
  ),
);

/** Resolves `@ start()` and `@ end()`, and marks the highest parts of the tree that do not change with the step. */
export function markStepInvariant(plan: Plan, times: QueryTimes): Plan {
  return mark(plan, times).wrap ? wrap(plan) : plan;
}

/**
 * Sets the offsets so that `@` holds: an evaluation begins at `startMs`, and the offset leads from there to
 * the time asked for. Only right at the first step, which is the only one of what is step-invariant.
 */
export function setOffsets(plan: Plan, startMs: number): void {
  const effective = (atMs: number | undefined, offsetMs: number, path: readonly Plan[]): number => {
    if (atMs === undefined) return offsetMs;
    const above = subqueryTimes(path);
    const subqueryOffsetMs = above.offsetMs + (above.atMs === undefined ? 0 : startMs - above.atMs);
    return offsetMs + (startMs - atMs - subqueryOffsetMs);
  };
  walkPlan(plan, (node, path) => {
    if (node.kind === 'selector' || node.kind === 'subquery')
      node.effectiveOffsetMs = effective(node.atMs, node.offsetMs, path);
    return true;
  });
}

/** Offsets and ranges of all subqueries above, counted from the last `@` among them. */
export function subqueryTimes(path: readonly Plan[]): {
  offsetMs: number;
  rangeMs: number;
  atMs: number | undefined;
} {
  let offsetMs = 0;
  let rangeMs = 0;
  let atMs: number | undefined;
  for (const node of path) {
    if (node.kind !== 'subquery') continue;
    offsetMs += node.offsetMs;
    rangeMs += node.rangeMs;
    if (node.atMs === undefined) continue;
    offsetMs = node.offsetMs;
    rangeMs = node.rangeMs;
    atMs = node.atMs;
  }
  return { offsetMs, rangeMs, atMs };
}

/** A part that is invariant need not be marked itself: a literal costs nothing, a range is not a vector. */
interface Invariance {
  readonly invariant: boolean;
  readonly wrap: boolean;
}

const CHANGES: Invariance = { invariant: false, wrap: false };
const SAME: Invariance = { invariant: true, wrap: true };

function mark(plan: Plan, times: QueryTimes): Invariance {
  switch (plan.kind) {
    case 'number':
    case 'string':
      return { invariant: true, wrap: false };
    case 'selector':
      plan.atMs = resolveAt(plan, times);
      return plan.atMs === undefined ? CHANGES : SAME;
    case 'range':
      return { invariant: mark(plan.selector, times).invariant, wrap: false };
    case 'subquery':
      if (mark(plan.expr, times).invariant) plan.expr = wrap(plan.expr);
      plan.atMs = resolveAt(plan, times);
      return { invariant: plan.atMs !== undefined, wrap: false };
    // The parameter is not looked at, as in the reference.
    case 'aggregate':
    case 'paren':
    case 'unary':
    case 'stepInvariant':
      return mark(plan.expr, times);
    case 'binary': {
      const left = mark(plan.lhs, times);
      const right = mark(plan.rhs, times);
      if (left.invariant && right.invariant) return SAME;
      if (left.wrap) plan.lhs = wrap(plan.lhs);
      if (right.wrap) plan.rhs = wrap(plan.rhs);
      return CHANGES;
    }
    case 'call': {
      const args = plan.args.map((arg) => mark(arg, times));
      const invariant = args.every((arg) => arg.invariant);
      // timestamp(metric @ t) is safe; of anything else it is the time of evaluation.
      const pinned = plan.func === 'timestamp' && plan.args.every((arg) => arg.kind === 'selector');
      if (invariant && (pinned || !TIME_DEPENDENT.has(plan.func))) return SAME;
      for (const [i, arg] of args.entries()) if (arg.wrap) plan.args[i] = wrap(plan.args[i]!);
      return CHANGES;
    }
    default:
      throw new Error(`BUG: no such plan: ${plan satisfies never}`);
  }
}

function resolveAt(node: Pick<SubqueryPlan, 'atMs' | 'atBound'>, times: QueryTimes): number | undefined {
  if (node.atBound === 'start') return times.startMs;
  if (node.atBound === 'end') return times.endMs;
  return node.atMs;
}

function wrap(expr: Plan): Plan {
  return { kind: 'stepInvariant', expr, position: expr.position };
}
