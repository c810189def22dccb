import { normalizeFloatLabel } from '../../model/exposition-float.ts';
import { Labels, METRIC_NAME } from '../../model/labels.ts';
import type { MetricType } from '../../model/metadata.ts';
import { setStale } from '../../model/sample.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import type { Appender, SeriesRef } from '../engine/engine.ts';

/** Something the hub says of itself. */
export interface SelfSample {
  readonly labels: Labels;
  readonly value: number;
}

export type SelfSource = () => Promise<Iterable<SelfSample>> | Iterable<SelfSample>;

export interface SelfWriterOptions {
  readonly appender: Appender;
  /** Puts the global labels on. */
  readonly stamp: (labels: Labels) => Labels;
  readonly sources: readonly SelfSource[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Slots are multiples of this, so that every hub and every restart uses the same timestamps. */
export const SELF_INTERVAL_MS = 15_000;

/**
 * Writes the hub's own series into its store, as if it scraped itself: all sources on one grid, and a stale
 * marker when a series is no longer said.
 */
export class SelfWriter {
  readonly #options: SelfWriterOptions;
  readonly #abort = new AbortController();
  #cancelTimer: () => void = () => {};
  #writing: Promise<void> = Promise.resolve();
  /** Series of the slot before, by the key of their final labels. */
  #previous = new Map<string, SeriesRef>();

  constructor(options: SelfWriterOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, logger } = this.#options;
    const slotMs = (Math.floor(clock.now() / SELF_INTERVAL_MS) + 1) * SELF_INTERVAL_MS;
    this.#cancelTimer = clock.after(slotMs - clock.now(), () => {
      this.#writing = this.write(slotMs)
        .catch((error: unknown) => logger.error({ err: error }, "Cannot write the hub's own series"))
        .then(() => {
          if (!this.#abort.signal.aborted) this.start();
        });
    });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#cancelTimer();
    await this.#writing;
  }

  /** One slot. A slot that cannot be stored is lost; the next one is written all the same. */
  async write(timestampMs: number): Promise<void> {
    const { appender, sources, stamp } = this.#options;
    const current = new Map<string, SeriesRef>();
    const refs: SeriesRef[] = [];
    const samples: number[] = [];
    for (const source of sources) {
      for (const { labels, value } of await source()) {
        const stamped = stamp(labels);
        if (current.has(stamped.key)) continue;
        const ref = this.#previous.get(stamped.key) ?? appender.ref(stamped);
        current.set(stamped.key, ref);
        refs.push(ref);
        samples.push(value);
      }
    }
    const vanished = [...this.#previous].flatMap(([key, ref]) => (current.has(key) ? [] : ref));
    const length = refs.length + vanished.length;
    const values = new Float64Array(length);
    values.set(samples);
    for (let i = samples.length; i < length; i++) setStale(values, i);
    const timestamps = new Float64Array(length).fill(timestampMs);
    await appender.append({ series: [...refs, ...vanished], timestamps, values, length });
    this.#previous = current;
  }
}

/** The metrics of this process, as its /metrics page shows them. */
export function processSource(
  registry: Registry,
  {
    job,
    instance,
    appender,
    cluster,
  }: { job: string; instance: string; appender: Appender; cluster: string },
): SelfSource {
  const described = new Set<string>();
  return async () => {
    const samples: SelfSample[] = [];
    for (const family of await registry.getMetricsAsJSON()) {
      const { name, help } = family;
      if (!described.has(name)) {
        described.add(name);
        appender.setMetadata(cluster, name, { type: String(family.type) as MetricType, help, unit: '' });
      }
      for (const { labels, value, metricName } of family.values as readonly ProcessValue[])
        samples.push({ labels: seriesLabels(metricName ?? name, labels, job, instance), value });
    }
    return samples;
  };
}

/** What prom-client gives; histograms and summaries have a name of their own for each series. */
interface ProcessValue {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

function seriesLabels(
  name: string,
  labels: Readonly<Record<string, string | number>>,
  job: string,
  instance: string,
): Labels {
  const own: Record<string, string> = {};
  for (const [label, value] of Object.entries(labels)) {
    const isFloat = label === 'le' || label === 'quantile';
    own[label] = isFloat ? normalizeFloatLabel(String(value)) : String(value);
  }
  return Labels.fromObject({ ...own, [METRIC_NAME]: name, job, instance });
}
