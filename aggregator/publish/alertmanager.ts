import { Counter, Gauge, Histogram } from 'prom-client';
import type { Labels } from '../../model/labels.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';

/** One Alertmanager, by its base URL: `http://127.0.0.1:9093` or with a path prefix. */
export interface AlertmanagerTarget {
  readonly url: string;
  readonly timeoutMs: number;
}

export interface OutgoingAlert {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly expression: string;
}

export interface AlertmanagerOptions {
  readonly targets: readonly AlertmanagerTarget[];
  /** Put on alerts where they have no such label. */
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** What an Alertmanager may be behind: at 1,000 alerts a minute this is ten minutes; then the oldest go. */
const QUEUE_ALERTS = 10_000;
const BATCH_ALERTS = 256;

/**
 * Sends alerts to every Alertmanager (its API v2), each from a queue of its own, so that one that hangs
 * delays no other. A batch that cannot be delivered is not repeated: firing alerts are due again within
 * minutes anyway, and by then they are newer. Resolved ones come again for fifteen minutes.
 */
export class AlertmanagerClient {
  readonly #options: AlertmanagerOptions;
  readonly #queues: Queue[];
  readonly #metrics: ReturnType<typeof createMetrics>;

  constructor(options: AlertmanagerOptions) {
    this.#options = options;
    this.#metrics = createMetrics(options.registry, options.targets.length);
    this.#queues = options.targets.map((target) => new Queue(target, options, this.#metrics));
  }

  /** Takes alerts; never waits for the network. */
  send(alerts: readonly OutgoingAlert[]): void {
    const posted = alerts.map((alert) => toPost(alert, this.#options));
    for (const queue of this.#queues) queue.push(posted);
  }

  /** Where alerts go, and how the last delivery went: for `/api/v1/alertmanagers` and the console. */
  targets(): { url: string; lastError: string | undefined; lastSuccessMs: number | undefined }[] {
    return this.#queues.map((queue) => queue.status());
  }

  /** Delivers what is queued, each Alertmanager within its own timeout. */
  async stop(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.stop()));
  }
}

interface PostedAlert {
  readonly labels: Record<string, string>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
}

class Queue {
  readonly #url: string;
  readonly #target: AlertmanagerTarget;
  readonly #options: AlertmanagerOptions;
  readonly #metrics: ReturnType<typeof createMetrics>;
  #waiting: PostedAlert[] = [];
  #sending: Promise<void> | undefined;
  #lastError: string | undefined;
  #lastSuccessMs: number | undefined;

  constructor(
    target: AlertmanagerTarget,
    options: AlertmanagerOptions,
    metrics: ReturnType<typeof createMetrics>,
  ) {
    this.#target = target;
    this.#url = `${target.url.replace(/\/$/, '')}/api/v2/alerts`;
    this.#options = options;
    this.#metrics = metrics;
  }

  push(alerts: readonly PostedAlert[]): void {
    this.#waiting.push(...alerts);
    const excess = this.#waiting.length - QUEUE_ALERTS;
    if (excess > 0) {
      this.#waiting.splice(0, excess);
      this.#metrics.dropped.inc({ alertmanager: this.#target.url }, excess);
    }
    this.#sending ??= this.#drain().finally(() => {
      this.#sending = undefined;
    });
  }

  status() {
    return { url: this.#url, lastError: this.#lastError, lastSuccessMs: this.#lastSuccessMs };
  }

  async stop(): Promise<void> {
    await this.#sending;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_ALERTS);
      await this.#post(batch);
    }
  }

  async #post(batch: readonly PostedAlert[]): Promise<void> {
    const labels = { alertmanager: this.#target.url };
    const end = this.#metrics.latency.startTimer(labels);
    try {
      const response = await this.#options.fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(batch),
        signal: AbortSignal.timeout(this.#target.timeoutMs),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`status ${response.status}: ${text.slice(0, 500)}`);
      this.#metrics.sent.inc(labels, batch.length);
      this.#lastError = undefined;
      this.#lastSuccessMs = this.#options.clock.now();
    } catch (error) {
      this.#metrics.errors.inc(labels, batch.length);
      const reason =
        error instanceof Error
          ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}`
          : String(error);
      // One line when it begins to fail, not one a batch.
      if (this.#lastError === undefined) {
        this.#options.logger.error(
          { alertmanager: this.#target.url, alerts: batch.length, reason },
          'Cannot send alerts',
        );
      }
      this.#lastError = reason;
    } finally {
      end();
    }
  }
}

function toPost(alert: OutgoingAlert, { externalLabels, externalUrl }: AlertmanagerOptions): PostedAlert {
  return {
    labels: { ...externalLabels, ...alert.labels.toObject() },
    annotations: alert.annotations,
    startsAt: new Date(alert.startsAtMs).toISOString(),
    endsAt: new Date(alert.endsAtMs).toISOString(),
    generatorURL: `${externalUrl.replace(/\/$/, '')}/?g0.expr=${encodeURIComponent(alert.expression)}&g0.tab=1`,
  };
}

function createMetrics(registry: Registry, discovered: number) {
  const registers = [registry];
  const labelNames = ['alertmanager'] as const;
  new Gauge({
    name: 'karmascope_aggregator_notifications_alertmanagers',
    help: 'Alertmanagers that alerts are sent to. At 0 nobody is paged.',
    registers,
  }).set(discovered);
  return {
    sent: new Counter({
      name: 'karmascope_aggregator_notifications_sent_total',
      help: 'Alerts that an Alertmanager has taken.',
      labelNames,
      registers,
    }),
    errors: new Counter({
      name: 'karmascope_aggregator_notifications_errors_total',
      help: 'Alerts that could not be delivered.',
      labelNames,
      registers,
    }),
    dropped: new Counter({
      name: 'karmascope_aggregator_notifications_dropped_total',
      help: 'Alerts dropped because the queue was full.',
      labelNames,
      registers,
    }),
    latency: new Histogram({
      name: 'karmascope_aggregator_notifications_latency_seconds',
      help: 'Time of one delivery.',
      labelNames,
      buckets: [0.01, 0.05, 0.25, 1, 5, 10],
      registers,
    }),
  };
}
