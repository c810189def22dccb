import { createHash } from 'node:crypto';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import type { Appender, VectorSample } from '../engine/engine.ts';
import { type DueAlert, RuleGroup } from './group.ts';
import type { RuleGroupSpec } from './rule-file.ts';
import type { RuleGroupView, RuleSource } from './view.ts';

export interface RuleManagerOptions {
  readonly query: (
    expression: string,
    timeMs: number,
    signal: AbortSignal,
  ) => Promise<readonly VectorSample[]>;
  readonly appender: Appender;
  readonly notify: (alerts: readonly DueAlert[]) => void;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Where people reach the hub: links in alerts begin with it. */
  readonly externalUrl: string;
  /** Of groups that name none. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** A firing alert is sent again after this long, as in Prometheus. */
const RESEND_DELAY_MS = 60_000;

interface Running {
  readonly group: RuleGroup;
  /** Stops its timer and what it is doing. */
  stop(): Promise<void>;
}

/**
 * Runs rule groups on the grid of their slots: a group's slot is its interval shifted by a hash of its file
 * and name, so that groups spread out and always use the same timestamps. A slot that is missed, because an
 * evaluation took longer than the interval, is counted and skipped.
 */
export class RuleManager implements RuleSource {
  readonly #options: RuleManagerOptions;
  readonly #running = new Map<string, Running>();
  readonly #metrics: ReturnType<typeof createMetrics>;

  constructor(options: RuleManagerOptions) {
    this.#options = options;
    this.#metrics = createMetrics(options.registry);
  }

  /**
   * Takes a whole set of groups: the ones that are the same go on, changed ones take over the state of
   * their alerts, those that are gone end their series.
   */
  async load(specs: readonly RuleGroupSpec[]): Promise<void> {
    const wanted = new Map(specs.map((spec) => [keyOf(spec), spec]));
    for (const [key, running] of [...this.#running]) {
      const spec = wanted.get(key);
      if (spec && running.group.isSame(spec, this.#intervalOf(spec))) {
        wanted.delete(key);
        continue;
      }
      await running.stop();
      this.#running.delete(key);
      if (spec) {
        wanted.delete(key);
        this.#run(key, this.#groupOf(spec, running.group));
      } else {
        await running.group.end(this.#options.clock.now());
      }
    }
    for (const [key, spec] of wanted) this.#run(key, this.#groupOf(spec));
    this.#metrics.rules.set(specs.reduce((sum, spec) => sum + spec.rules.length, 0));
  }

  groups(): RuleGroupView[] {
    const views = [...this.#running.values()].map(({ group }) => group.view());
    return views.toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.name < b.name ? -1 : 1));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map((running) => running.stop()));
    this.#running.clear();
  }

  #run(key: string, group: RuleGroup): void {
    const { clock, logger } = this.#options;
    const abort = new AbortController();
    const offsetMs = slotOffset(key, group.intervalMs);
    let evaluation: Promise<void> = Promise.resolve();
    let cancelTimer = () => {};
    const schedule = (afterMs: number) => {
      const now = clock.now();
      const slotMs = nextSlot(Math.max(now, afterMs), group.intervalMs, offsetMs);
      cancelTimer = clock.after(slotMs - now, () => {
        // The evaluation's time is the latest slot that has begun, however late the timer is.
        const timeMs = latestSlot(clock.now(), group.intervalMs, offsetMs);
        const missed = Math.round((timeMs - slotMs) / group.intervalMs);
        if (missed > 0) this.#metrics.missed.inc({ group: group.spec.name }, missed);
        evaluation = group
          .evaluate(timeMs, abort.signal)
          .catch((error: unknown) =>
            logger.error({ err: error, group: group.spec.name }, 'Cannot evaluate rule group'),
          )
          .then(() => {
            if (!abort.signal.aborted) schedule(timeMs);
          });
      });
    };
    schedule(clock.now());
    this.#running.set(key, {
      group,
      stop: async () => {
        abort.abort();
        cancelTimer();
        await evaluation;
      },
    });
  }

  #groupOf(spec: RuleGroupSpec, replaces?: RuleGroup): RuleGroup {
    const { query, appender, notify, externalLabels, externalUrl } = this.#options;
    const metrics = this.#metrics;
    return new RuleGroup(
      spec,
      this.#intervalOf(spec),
      {
        query,
        appender,
        notify,
        externalLabels,
        externalUrl,
        resendDelayMs: RESEND_DELAY_MS,
        stopwatch: () => performance.now(),
        evaluated: (group, ok, durationMs) => {
          metrics.evaluations.inc({ group });
          if (!ok) metrics.failures.inc({ group });
          metrics.duration.observe(durationMs / 1000);
        },
      },
      replaces,
    );
  }

  #intervalOf(spec: RuleGroupSpec): number {
    return spec.intervalMs ?? this.#options.intervalMs;
  }
}

/** The first slot after a time. */
export function nextSlot(timeMs: number, intervalMs: number, offsetMs: number): number {
  return latestSlot(timeMs, intervalMs, offsetMs) + intervalMs;
}

/** The last slot that has begun at a time. */
export function latestSlot(timeMs: number, intervalMs: number, offsetMs: number): number {
  return Math.floor((timeMs - offsetMs) / intervalMs) * intervalMs + offsetMs;
}

/** Where in the interval a group's slots lie: stable over restarts and the same on every hub. */
export function slotOffset(key: string, intervalMs: number): number {
  return createHash('sha256').update(key).digest().readUInt32LE(0) % intervalMs;
}

function keyOf(spec: RuleGroupSpec): string {
  return `${spec.file};${spec.name}`;
}

function createMetrics(registry: Registry) {
  const registers = [registry];
  return {
    rules: new Gauge({ name: 'karmascope_aggregator_rules', help: 'Rules that are loaded.', registers }),
    evaluations: new Counter({
      name: 'karmascope_aggregator_rule_evaluations_total',
      help: 'Evaluations of single rules.',
      labelNames: ['group'],
      registers,
    }),
    failures: new Counter({
      name: 'karmascope_aggregator_rule_evaluation_failures_total',
      help: 'Evaluations of single rules that failed; /api/v1/rules says why.',
      labelNames: ['group'],
      registers,
    }),
    missed: new Counter({
      name: 'karmascope_aggregator_rule_group_iterations_missed_total',
      help: 'Slots that passed while a slow evaluation was still running.',
      labelNames: ['group'],
      registers,
    }),
    duration: new Histogram({
      name: 'karmascope_aggregator_rule_evaluation_duration_seconds',
      help: 'Time that one rule took.',
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
      registers,
    }),
  };
}
