import { Labels, METRIC_NAME } from '../../model/labels.ts';
import { setStale } from '../../model/sample.ts';
import type { Appender, VectorSample } from '../engine/engine.ts';
import { parseExpr } from '../promql/parser.ts';
import { printExpr } from '../promql/print.ts';
import {
  type Alert,
  activeSamples,
  alertSeries,
  needsSending,
  nextAlerts,
  RuleEvaluationError,
} from './alerting.ts';
import type { AlertingRuleSpec, RecordingRuleSpec, RuleGroupSpec, RuleSpec } from './rule-file.ts';
import type { RuleGroupView, RuleView } from './view.ts';

/** What a group needs of the rest of the hub. */
export interface RuleContext {
  /** An instant query; a scalar comes as one sample without labels. */
  query(expression: string, timeMs: number, signal: AbortSignal): Promise<readonly VectorSample[]>;
  readonly appender: Appender;
  /** Takes alerts that are due for sending; never waits for the network. */
  notify(alerts: readonly DueAlert[]): void;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** A firing alert is sent again after this long. */
  readonly resendDelayMs: number;
  /** Called once for each rule that was evaluated. */
  evaluated(group: string, ok: boolean, durationMs: number): void;
  /** A stopwatch in milliseconds, for durations only. */
  stopwatch(): number;
}

/** An alert as it leaves for Alertmanager. */
export interface DueAlert {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly expression: string;
}

/** A firing alert ends by itself after this many intervals (or resend delays), should we fall silent. */
const END_AFTER_INTERVALS = 4;

interface RuleState {
  readonly spec: RuleSpec;
  alerts: ReadonlyMap<string, Alert>;
  /** Series of the last successful evaluation, by Labels.key: those missing next time end with a stale marker. */
  written: ReadonlyMap<string, Labels>;
  health: 'ok' | 'err' | 'unknown';
  lastError: string;
  lastEvaluationMs: number;
  durationMs: number;
}

/**
 * The rules of one group, evaluated one after the other for one time: what a rule writes is stored before
 * the next one asks. A rule that fails keeps its alerts and series as they were and does not stop the others.
 */
export class RuleGroup {
  readonly spec: RuleGroupSpec;
  readonly intervalMs: number;
  readonly #context: RuleContext;
  readonly #rules: RuleState[];
  #lastEvaluationMs = 0;
  #durationMs = 0;

  /** State is taken over from the group that a reload replaces: by name and labels of the rule, in order. */
  constructor(spec: RuleGroupSpec, intervalMs: number, context: RuleContext, replaces?: RuleGroup) {
    this.spec = spec;
    this.intervalMs = intervalMs;
    this.#context = context;
    const old = replaces ? [...replaces.#rules] : [];
    this.#rules = spec.rules.map((rule) => {
      const index = old.findIndex((candidate) => sameRule(candidate.spec, rule));
      const [before] = index < 0 ? [] : old.splice(index, 1);
      return before ? { ...before, spec: rule } : newState(rule);
    });
    // Series of rules that are gone end at the next evaluation, with those of the first rule that is left.
    const orphans = old.flatMap((state) => [...state.written]);
    const heir = this.#rules[0];
    if (heir) heir.written = new Map([...orphans, ...heir.written]);
  }

  async evaluate(timeMs: number, signal: AbortSignal): Promise<void> {
    const start = this.#context.stopwatch();
    for (const rule of this.#rules) {
      if (signal.aborted) return;
      await this.#evaluateRule(rule, timeMs, signal);
    }
    this.#lastEvaluationMs = timeMs;
    this.#durationMs = this.#context.stopwatch() - start;
  }

  /** Ends all series: the group has left the configuration. */
  async end(timeMs: number): Promise<void> {
    for (const rule of this.#rules) {
      await this.#write([], rule.written, timeMs);
      rule.written = new Map();
    }
  }

  /** A group that is the same in a new configuration keeps running. */
  isSame(spec: RuleGroupSpec, intervalMs: number): boolean {
    return intervalMs === this.intervalMs && JSON.stringify(spec) === JSON.stringify(this.spec);
  }

  view(): RuleGroupView {
    return {
      name: this.spec.name,
      file: this.spec.file,
      intervalMs: this.intervalMs,
      limit: this.spec.limit,
      rules: this.#rules.map(viewOf),
      evaluationTimeMs: this.#durationMs,
      lastEvaluationMs: this.#lastEvaluationMs,
    };
  }

  async #evaluateRule(rule: RuleState, timeMs: number, signal: AbortSignal): Promise<void> {
    const start = this.#context.stopwatch();
    try {
      const result = await this.#context.query(
        rule.spec.expression,
        timeMs - this.spec.queryOffsetMs,
        signal,
      );
      if (rule.spec.type === 'recording') await this.#record(rule, rule.spec, result, timeMs);
      else await this.#alert(rule, rule.spec, result, timeMs, signal);
      rule.health = 'ok';
      rule.lastError = '';
    } catch (error) {
      if (signal.aborted) return;
      rule.health = 'err';
      rule.lastError = error instanceof Error ? error.message : String(error);
    }
    rule.lastEvaluationMs = timeMs;
    rule.durationMs = this.#context.stopwatch() - start;
    this.#context.evaluated(this.spec.name, rule.health === 'ok', rule.durationMs);
  }

  async #record(
    rule: RuleState,
    spec: RecordingRuleSpec,
    result: readonly VectorSample[],
    timeMs: number,
  ): Promise<void> {
    this.#checkLimit(result.length, 'series');
    const series = result.map(({ labels, value, histogram }) => {
      if (histogram)
        throw new RuleEvaluationError('rule result is a native histogram, which cannot be stored yet');
      return { labels: labels.with({ ...spec.labels, [METRIC_NAME]: spec.name }), value };
    });
    if (new Set(series.map(({ labels }) => labels.key)).size < series.length) {
      throw new RuleEvaluationError(
        'vector contains metrics with the same labelset after applying rule labels',
      );
    }
    rule.written = await this.#write(series, rule.written, timeMs - this.spec.queryOffsetMs);
  }

  async #alert(
    rule: RuleState,
    spec: AlertingRuleSpec,
    result: readonly VectorSample[],
    timeMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const context = this.#context;
    const active = await activeSamples(
      spec,
      result,
      { labels: context.externalLabels, url: context.externalUrl },
      {
        timeMs,
        externalUrl: context.externalUrl,
        query: async (expression) =>
          (await context.query(expression, timeMs, signal)).map(({ labels, value }) => ({
            labels: labels.toObject(),
            value,
          })),
      },
    );
    try {
      this.#checkLimit(active.length, 'alerts');
    } catch (error) {
      rule.alerts = new Map();
      throw error;
    }
    const alerts = nextAlerts(rule.alerts, active, spec, timeMs);
    rule.written = await this.#write(
      alertSeries(alerts.values()),
      rule.written,
      timeMs - this.spec.queryOffsetMs,
    );
    const due: DueAlert[] = [];
    for (const [key, alert] of alerts) {
      if (!needsSending(alert, timeMs, context.resendDelayMs)) continue;
      alerts.set(key, { ...alert, lastSentAtMs: timeMs });
      due.push({
        labels: alert.labels,
        annotations: alert.annotations,
        startsAtMs: alert.firedAtMs ?? alert.activeAtMs,
        endsAtMs:
          alert.resolvedAtMs ??
          timeMs + END_AFTER_INTERVALS * Math.max(this.intervalMs, context.resendDelayMs),
        expression: spec.expression,
      });
    }
    rule.alerts = alerts;
    if (due.length > 0) context.notify(due);
  }

  /** Stores samples and stale markers for the series that were written before and are not any more. */
  async #write(
    series: readonly { labels: Labels; value: number }[],
    before: ReadonlyMap<string, Labels>,
    timeMs: number,
  ): Promise<Map<string, Labels>> {
    const written = new Map(series.map(({ labels }) => [labels.key, labels]));
    const ended = [...before.values()].filter((labels) => !written.has(labels.key));
    const length = series.length + ended.length;
    if (length === 0) return written;
    const { appender } = this.#context;
    const refs = [...series.map(({ labels }) => labels), ...ended].map((labels) => appender.ref(labels));
    const timestamps = new Float64Array(length).fill(timeMs);
    const values = new Float64Array(length);
    for (const [i, { value }] of series.entries()) values[i] = value;
    for (let i = series.length; i < length; i++) setStale(values, i);
    await appender.append({ series: refs, timestamps, values, length });
    return written;
  }

  #checkLimit(count: number, what: string): void {
    const { limit } = this.spec;
    if (limit > 0 && count > limit)
      throw new RuleEvaluationError(`exceeded limit of ${limit} with ${count} ${what}`);
  }
}

function newState(spec: RuleSpec): RuleState {
  return {
    spec,
    alerts: new Map(),
    written: new Map(),
    health: 'unknown',
    lastError: '',
    lastEvaluationMs: 0,
    durationMs: 0,
  };
}

function sameRule(a: RuleSpec, b: RuleSpec): boolean {
  return (
    a.type === b.type && a.name === b.name && Labels.fromObject(a.labels).equals(Labels.fromObject(b.labels))
  );
}

function viewOf(rule: RuleState): RuleView {
  const common = {
    name: rule.spec.name,
    query: printExpr(parseExpr(rule.spec.expression)),
    labels: rule.spec.labels,
    health: rule.health,
    lastError: rule.lastError,
    evaluationTimeMs: rule.durationMs,
    lastEvaluationMs: rule.lastEvaluationMs,
  };
  if (rule.spec.type === 'recording') return { ...common, type: 'recording' };
  const active = [...rule.alerts.values()].filter(({ state }) => state !== 'inactive');
  return {
    ...common,
    type: 'alerting',
    state: active.some(({ state }) => state === 'firing')
      ? 'firing'
      : active.length > 0
        ? 'pending'
        : 'inactive',
    durationMs: rule.spec.forMs,
    keepFiringForMs: rule.spec.keepFiringForMs,
    annotations: rule.spec.annotations,
    alerts: active.map((alert) => ({
      labels: alert.labels,
      annotations: alert.annotations,
      state: alert.state === 'firing' ? 'firing' : 'pending',
      activeAtMs: alert.activeAtMs,
      value: alert.value,
    })),
  };
}
