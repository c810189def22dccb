import { Counter, Gauge } from 'prom-client';
import { Labels } from '../../model/labels.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import type { TargetGroup } from '../discovery/discovery.ts';
import type { ScrapeJob } from './config.ts';
import type { Fetch, LoopStatus, ScrapeLoop } from './loop.ts';
import { ScrapePool } from './pool.ts';
import type { Sink } from './sink.ts';
import { type ScrapeContext, startLoop } from './start-loop.ts';
import type { Target } from './target.ts';

/** Something in this process that is scraped like a target, on the same grid and with the same staleness. */
export interface ScrapeSource {
  readonly job: string;
  readonly instance: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly fetch: Fetch;
}

export interface ActiveTarget {
  readonly target: Target;
  readonly status: LoopStatus;
}

/** Scrapes the targets of all jobs. */
export class ScrapeManager {
  readonly #context: ScrapeContext;
  readonly #pools = new Map<string, ScrapePool>();
  readonly #sources: { readonly target: Target; readonly loop: ScrapeLoop }[] = [];

  constructor(options: {
    readonly jobs: readonly ScrapeJob[];
    readonly sink: Sink;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly registry: Registry;
    readonly seed: string;
  }) {
    const rejected = new Counter({
      name: 'karmascope_collector_scrape_samples_rejected_total',
      help: 'Samples of good pages that are not stored: their series came twice, or their time is not after the last one.',
      labelNames: ['reason'],
      registers: [options.registry],
    });
    for (const reason of ['duplicate', 'out_of_order', 'future']) rejected.inc({ reason }, 0);
    this.#context = { ...options, onRejected: (reason) => rejected.inc({ reason }) };
    for (const job of options.jobs) this.#pools.set(job.name, new ScrapePool(job, this.#context));
    this.#registerTargets(options.registry);
  }

  /** Takes what discovery found for a job; groups that are not named stay as they are. */
  update(job: string, groups: readonly TargetGroup[]): void {
    const pool = this.#pools.get(job);
    if (pool === undefined) throw new Error(`BUG: targets for the unknown job "${job}"`);
    pool.update(groups);
  }

  /** Starts to scrape something in this process. */
  addSource(source: ScrapeSource): void {
    const { job, instance, intervalMs, timeoutMs, fetch } = source;
    const labels = Labels.fromObject({ job, instance });
    const url = `in-process:${job}`;
    const key = `${job}\xfe${instance}`;
    const target: Target = { job, labels, discoveredLabels: {}, url, intervalMs, timeoutMs, key };
    const loop = startLoop(this.#context, target, fetch, {
      honorLabels: false,
      honorTimestamps: false,
      trackTimestampsStaleness: false,
      rules: [],
      sampleLimit: 0,
    });
    this.#sources.push({ target, loop });
  }

  /** Jobs by name, targets by their labels. */
  activeTargets(): ActiveTarget[] {
    const pools = Array.from(this.#pools.values(), (pool) => pool.activeTargets()).flat();
    const sources = this.#sources.map(({ target, loop }) => ({ target, status: loop.status }));
    return [...pools, ...sources].sort(
      (a, b) => compare(a.target.job, b.target.job) || Labels.compare(a.target.labels, b.target.labels),
    );
  }

  /** Discovered labels of what relabeling dropped, and how many there are; the list itself is bounded. */
  droppedTargets(): { job: string; count: number; examples: readonly Readonly<Record<string, string>>[] }[] {
    return Array.from(this.#pools, ([job, pool]) => ({ job, ...pool.droppedTargets() }));
  }

  /** Ends all scrapes; the series are not marked stale, for they go on when the process comes back. */
  async stop(): Promise<void> {
    await Promise.all([
      ...Array.from(this.#pools.values(), (pool) => pool.stop()),
      ...this.#sources.map(({ loop }) => loop.stop()),
    ]);
  }

  #registerTargets(registry: Registry): void {
    const manager = this;
    new Gauge({
      name: 'karmascope_collector_targets',
      help: 'Targets by the outcome of their last scrape; unknown before the first.',
      labelNames: ['state'],
      registers: [registry],
      collect() {
        const counts = { up: 0, down: 0, unknown: 0 };
        for (const { status } of manager.activeTargets()) counts[status.health]++;
        for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
      },
    });
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
