import type { Plan } from './plan.ts';

/**
 * Visits every node in the order of the text, with those above it; the path is only good during the visit.
 * A visit that answers false ends the walk.
 */
export function walkPlan(
  plan: Plan,
  visit: (node: Plan, path: readonly Plan[]) => boolean,
  path: Plan[] = [],
): boolean {
  if (!visit(plan, path)) return false;
  path.push(plan);
  const finished = childrenOf(plan).every((child) => walkPlan(child, visit, path));
  path.pop();
  return finished;
}

function childrenOf(plan: Plan): readonly Plan[] {
  switch (plan.kind) {
    case 'range':
      return [plan.selector];
    case 'subquery':
    case 'unary':
    case 'paren':
    case 'stepInvariant':
      return [plan.expr];
    case 'binary':
      return [plan.lhs, plan.rhs];
    case 'aggregate':
      return plan.param ? [plan.expr, plan.param] : [plan.expr];
    case 'call':
      return plan.args;
    default:
      return [];
  }
}
