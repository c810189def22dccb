import type { Labels } from '../../model/labels.ts';

/** What the API and the console show of rules: plain data in the shape of Prometheus' `/api/v1/rules`. */
export interface RuleSource {
  /** In order of file and name. */
  groups(): readonly RuleGroupView[];
}

export interface RuleGroupView {
  readonly name: string;
  readonly file: string;
  readonly intervalMs: number;
  readonly limit: number;
  readonly rules: readonly RuleView[];
  /** How long the last evaluation took, and for which time it was; 0 before the first. */
  readonly evaluationTimeMs: number;
  readonly lastEvaluationMs: number;
}

export type RuleView = AlertingRuleView | RecordingRuleView;

interface CommonRuleView {
  readonly name: string;
  readonly query: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError: string;
  readonly evaluationTimeMs: number;
  readonly lastEvaluationMs: number;
}

export interface RecordingRuleView extends CommonRuleView {
  readonly type: 'recording';
}

export interface AlertingRuleView extends CommonRuleView {
  readonly type: 'alerting';
  readonly state: 'inactive' | 'pending' | 'firing';
  readonly durationMs: number;
  readonly keepFiringForMs: number;
  /** As written, not expanded. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Pending and firing ones. */
  readonly alerts: readonly AlertView[];
}

export interface AlertView {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  readonly activeAtMs: number;
  readonly value: number;
}
