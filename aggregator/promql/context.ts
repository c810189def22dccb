import { QueryError } from '../engine/engine.ts';
import type { Annotations } from './annotations.ts';
import type { Budget } from './budget.ts';
import type { SelectorPlan } from './plan.ts';
import type { SelectedSeries, Selector } from './selection.ts';
import type { Steps } from './value.ts';

/** What stays the same in all of one query's evaluation. */
export interface QueryContext {
  readonly querier: Selector;
  readonly budget: Budget;
  readonly annotations: Annotations;
  readonly lookbackMs: number;
  readonly defaultSubqueryStepMs: number;
  /** Keep the metric's name until the end of evaluation (a feature flag of Prometheus). */
  readonly delayedNameRemoval: boolean;
  /** Take samples' start timestamps for counter resets (a feature flag). */
  readonly useStartTimestamps: boolean;
  /** Trust `__type__` (a feature flag). */
  readonly typeAndUnitLabels: boolean;
  readonly data: ReadonlyMap<SelectorPlan, readonly SelectedSeries[]>;
}

/** The query and the steps that a part of it is evaluated at. */
export interface EvalContext extends QueryContext {
  readonly steps: Steps;
}

export function executionError(message: string): QueryError {
  return new QueryError('execution', message);
}

export function duplicateLabels(): QueryError {
  return executionError('vector cannot contain metrics with the same labelset');
}
