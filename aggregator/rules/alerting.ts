import { type Labels, METRIC_NAME } from '../../model/labels.ts';
import type { VectorSample } from '../engine/engine.ts';
import type { AlertingRuleSpec } from './rule-file.ts';
import { expandTemplate, type TemplateContext, type TemplateData } from './template.ts';

export type AlertState = 'inactive' | 'pending' | 'firing';

/** One alert of a rule: one label set for which the expression gave, or lately gave, a sample. Times are milliseconds. */
export interface Alert {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: AlertState;
  readonly value: number;
  readonly activeAtMs: number;
  readonly firedAtMs: number | undefined;
  /** When the expression first gave nothing for a firing alert that `keep_firing_for` holds. */
  readonly keepFiringSinceMs: number | undefined;
  readonly resolvedAtMs: number | undefined;
  readonly lastSentAtMs: number | undefined;
}

/** A resolved alert is kept, and sent again, this long: an Alertmanager that missed it hears it later. */
const RESOLVED_RETENTION_MS = 15 * 60_000;

/** One sample of the result with what its templates gave. */
export interface ActiveSample {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A rule's whole evaluation fails, and nothing of it is sent or written. */
export class RuleEvaluationError extends Error {}

/** Puts labels and annotations on the samples of a result. Throws when two alerts would be the same. */
export async function activeSamples(
  rule: AlertingRuleSpec,
  result: readonly VectorSample[],
  external: { readonly labels: Readonly<Record<string, string>>; readonly url: string },
  context: TemplateContext,
): Promise<ActiveSample[]> {
  const seen = new Set<string>();
  const samples: ActiveSample[] = [];
  for (const sample of result) {
    const data: TemplateData = {
      labels: sample.labels.toObject(),
      value: sample.value,
      externalLabels: external.labels,
      externalUrl: external.url,
    };
    const added: Record<string, string> = {};
    for (const [name, text] of Object.entries(rule.labels))
      added[name] = await expandTemplate(text, data, context);
    const labels = sample.labels.with({ ...added, [METRIC_NAME]: '', alertname: rule.name });
    if (seen.has(labels.key)) {
      throw new RuleEvaluationError(
        'vector contains metrics with the same labelset after applying alert labels',
      );
    }
    seen.add(labels.key);
    const annotations: Record<string, string> = {};
    for (const [name, text] of Object.entries(rule.annotations))
      annotations[name] = await expandTemplate(text, data, context);
    samples.push({ labels, annotations, value: sample.value });
  }
  return samples;
}

/**
 * The alerts of a rule after an evaluation at a time: a pure step over the ones before, by Labels.key.
 *
 * A new one is pending, and fires once it has been active for `for` (at once for 0). A pending one whose
 * sample is gone is forgotten; a firing one is held by `keep_firing_for` or else becomes inactive, which is
 * how it resolves. The same labels again after that are a new alert.
 */
export function nextAlerts(
  before: ReadonlyMap<string, Alert>,
  active: readonly ActiveSample[],
  rule: { readonly forMs: number; readonly keepFiringForMs: number },
  timeMs: number,
): Map<string, Alert> {
  const after = new Map<string, Alert>();
  for (const sample of active) {
    const known = before.get(sample.labels.key);
    const going = known && known.state !== 'inactive' ? known : undefined;
    const activeAtMs = going?.activeAtMs ?? timeMs;
    const due = timeMs - activeAtMs >= rule.forMs;
    after.set(sample.labels.key, {
      ...sample,
      state: due ? 'firing' : 'pending',
      activeAtMs,
      firedAtMs: due ? (going?.firedAtMs ?? timeMs) : undefined,
      keepFiringSinceMs: undefined,
      resolvedAtMs: undefined,
      lastSentAtMs: going?.lastSentAtMs,
    });
  }
  for (const [key, alert] of before) {
    if (after.has(key) || alert.state === 'pending') continue;
    const next = alert.state === 'firing' ? held(alert, rule.keepFiringForMs, timeMs) : alert;
    if (next.state === 'inactive' && timeMs - next.resolvedAtMs! > RESOLVED_RETENTION_MS) continue;
    after.set(key, next);
  }
  return after;
}

function held(alert: Alert, keepFiringForMs: number, timeMs: number): Alert {
  const sinceMs = alert.keepFiringSinceMs ?? timeMs;
  if (keepFiringForMs > 0 && timeMs - sinceMs < keepFiringForMs)
    return { ...alert, keepFiringSinceMs: sinceMs };
  return { ...alert, state: 'inactive', keepFiringSinceMs: undefined, resolvedAtMs: timeMs };
}

/**
 * Whether an alert is to be sent now: when it fires or resolves, and again each `resendDelayMs`. The
 * comparison is strict, as Prometheus' is: on an exact grid a resend comes one slot later than one thinks.
 */
export function needsSending(alert: Alert, timeMs: number, resendDelayMs: number): boolean {
  if (alert.state === 'pending') return false;
  if (alert.lastSentAtMs === undefined) return true;
  if (alert.resolvedAtMs !== undefined && alert.resolvedAtMs > alert.lastSentAtMs) return true;
  return alert.lastSentAtMs + resendDelayMs < timeMs;
}

/** The series `ALERTS` and `ALERTS_FOR_STATE` of the alerts that are active. */
export function alertSeries(alerts: Iterable<Alert>): { labels: Labels; value: number }[] {
  const series: { labels: Labels; value: number }[] = [];
  for (const alert of alerts) {
    if (alert.state === 'inactive') continue;
    series.push({
      labels: alert.labels.with({ [METRIC_NAME]: 'ALERTS', alertstate: alert.state }),
      value: 1,
    });
    series.push({
      labels: alert.labels.with({ [METRIC_NAME]: 'ALERTS_FOR_STATE' }),
      value: Math.floor(alert.activeAtMs / 1000),
    });
  }
  return series;
}
