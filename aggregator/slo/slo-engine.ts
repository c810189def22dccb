import type { RootDatabase } from 'lmdb';
import { Counter, Gauge } from 'prom-client';
import { Labels, METRIC_NAME } from '../../model/labels.ts';
import { setStale } from '../../model/sample.ts';
import { type Clock, sleep } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import type { Appender, Querier, SeriesData } from '../engine/engine.ts';
import { type LevelStatus, statusOf } from './objective-status.ts';
import type { Objective } from './openslo.ts';
import { combineSlices, sliceCounts } from './slice.ts';
import { SliceStore } from './slice-store.ts';
import { SliceWindow } from './slice-window.ts';

export interface SloEngineOptions {
  readonly querier: Pick<Querier, 'select'>;
  readonly appender: Appender;
  readonly database: RootDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
}

export const SLICE_MS = 60_000;
/** A slice is closed this long after its end: collectors scrape each 15 s and push within seconds. */
const SETTLE_MS = 20_000;
/** Slices that are computed again each round, so that samples up to so many minutes late still count. */
const AMENDED_SLICES = 5;
/** The samples before a slice that its first increase needs. */
const LOOKBACK_MS = 10 * 60_000;
/** What a new objective is filled with from stored samples, and a restarted hub catches up. */
const BACKFILL_SLICES = 24 * 60;

/** One objective in one cluster. */
export interface ClusterSlices {
  readonly federation: string;
  readonly cluster: string;
  region: string;
  readonly window: SliceWindow;
}

interface Tracked {
  readonly objective: Objective;
  readonly clusters: Map<string, ClusterSlices>;
  statuses: readonly LevelStatus[];
  nextSlice: number | undefined;
}

/**
 * Counts good and total events of every objective in aligned slices, per cluster, and computes from these same
 * slices what each cluster, region and federation has left of its budget. The answers are written as series
 * (`slo:…`) and kept for the API and the console.
 */
export class SloEngine {
  readonly #options: SloEngineOptions;
  readonly #store: SliceStore;
  readonly #metrics: ReturnType<typeof createMetrics>;
  readonly #abort = new AbortController();
  #tracked: Tracked[] = [];
  #written = new Map<string, Labels>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: SloEngineOptions) {
    this.#options = options;
    this.#store = new SliceStore(options.database);
    this.#metrics = createMetrics(options.registry);
  }

  /** Takes a whole set of objectives; slices that were counted before, for the same selectors, are kept. */
  load(objectives: readonly Objective[]): void {
    this.#tracked = objectives.map((objective) => this.#restore(objective));
    this.#metrics.objectives.set(objectives.length);
  }

  /** Every objective at every level, for the API and the console; empty before the first slice is closed. */
  statuses(): readonly LevelStatus[] {
    return this.#tracked.flatMap(({ statuses }) => statuses);
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Closes the slices that have ended by a time. One that fails is tried again with the next. */
  async closeSlices(nowMs: number): Promise<void> {
    const lastSlice = Math.floor((nowMs - SETTLE_MS) / SLICE_MS) - 1;
    for (const tracked of this.#tracked) {
      try {
        await this.#close(tracked, lastSlice);
      } catch (error) {
        this.#metrics.failures.inc();
        this.#options.logger.error({ err: error, objective: tracked.objective.name }, 'Cannot close slices');
      }
    }
    await this.#publish(lastSlice);
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.closeSlices(clock.now()).catch((error: unknown) =>
        logger.error({ err: error }, 'Cannot publish objectives'),
      );
      const sinceClose = (clock.now() - SETTLE_MS) % SLICE_MS;
      await sleep(clock, SLICE_MS - sinceClose, signal);
    }
  }

  async #close(tracked: Tracked, lastSlice: number): Promise<void> {
    const { objective } = tracked;
    const periodSlices = Math.ceil(objective.windowMs / SLICE_MS);
    const oldest = lastSlice - Math.min(periodSlices, BACKFILL_SLICES) + 1;
    const firstSlice = Math.max(oldest, (tracked.nextSlice ?? oldest) - AMENDED_SLICES);
    if (firstSlice > lastSlice) return;
    const range = { firstSlice, lastSlice, stepMs: SLICE_MS };
    const hints = { startMs: firstSlice * SLICE_MS - LOOKBACK_MS, endMs: (lastSlice + 1) * SLICE_MS - 1 };
    const partIs = objective.good ? 'good' : 'bad';
    const [total, part] = await Promise.all([
      this.#options.querier.select(objective.total, hints),
      this.#options.querier.select((objective.good ?? objective.bad)!, hints),
    ]);
    const totals = byCluster(total);
    const parts = byCluster(part);
    for (const [key, series] of totals) this.#clusterOf(tracked, key, series, periodSlices);
    for (const [key, cluster] of tracked.clusters) {
      const slices = combineSlices(
        sliceCounts(totals.get(key) ?? [], range),
        // A first error is one when the target was there before: so the total's series stand beside the part's.
        partCounts(parts.get(key) ?? [], totals.get(key) ?? [], range),
        partIs,
      );
      const first =
        cluster.window.last === undefined ? slices.states.findIndex((state) => state !== 'absent') : 0;
      if (first < 0) continue;
      const kept = {
        federation: cluster.federation,
        cluster: cluster.cluster,
        region: cluster.region,
        firstSlice: firstSlice + first,
        good: [...slices.good.subarray(first)],
        total: [...slices.total.subarray(first)],
        states: slices.states.slice(first),
      };
      cluster.window.set(kept.firstSlice, kept.good, kept.total, kept.states);
      await this.#store.save({ objective, ...cluster }, kept, lastSlice - periodSlices);
    }
    tracked.nextSlice = lastSlice + 1;
    tracked.statuses = statusOf(objective, [...tracked.clusters.values()], lastSlice, SLICE_MS);
    this.#metrics.closed.inc(lastSlice - firstSlice + 1);
  }

  #clusterOf(tracked: Tracked, key: string, series: readonly SeriesData[], periodSlices: number): void {
    const { labels } = series[0]!;
    const known = tracked.clusters.get(key);
    if (known) {
      known.region = labels.get('region');
      return;
    }
    tracked.clusters.set(key, {
      federation: labels.get('federation'),
      cluster: labels.get('cluster'),
      region: labels.get('region'),
      window: new SliceWindow(periodSlices),
    });
  }

  #restore(objective: Objective): Tracked {
    const tracked: Tracked = { objective, clusters: new Map(), statuses: [], nextSlice: undefined };
    const periodSlices = Math.ceil(objective.windowMs / SLICE_MS);
    const nowSlice = Math.floor(this.#options.clock.now() / SLICE_MS);
    for (const stored of this.#store.load(objective, nowSlice - periodSlices)) {
      const key = Labels.fromObject({ federation: stored.federation, cluster: stored.cluster }).key;
      const cluster = tracked.clusters.get(key) ?? { ...stored, window: new SliceWindow(periodSlices) };
      tracked.clusters.set(key, cluster);
      cluster.region = stored.region;
      // The newest record is an hour that has not ended: what lies after its last closed slice is not known yet.
      const length = 1 + stored.states.findLastIndex((state) => state !== 'absent');
      cluster.window.set(
        stored.firstSlice,
        stored.good.slice(0, length),
        stored.total.slice(0, length),
        stored.states,
      );
    }
    const last = Math.max(-1, ...[...tracked.clusters.values()].map(({ window }) => window.last ?? -1));
    if (last >= 0) {
      tracked.nextSlice = last + 1;
      tracked.statuses = statusOf(objective, [...tracked.clusters.values()], last, SLICE_MS);
    }
    return tracked;
  }

  /** Writes the statuses as series at the end of the slice, and ends those that are no more. */
  async #publish(lastSlice: number): Promise<void> {
    const { appender } = this.#options;
    const samples = this.statuses().flatMap(seriesOf);
    const written = new Map(samples.map(({ labels }) => [labels.key, labels]));
    const ended = [...this.#written.values()].filter((labels) => !written.has(labels.key));
    const length = samples.length + ended.length;
    this.#written = written;
    if (length === 0) return;
    const refs = [...samples.map(({ labels }) => labels), ...ended].map((labels) => appender.ref(labels));
    const timestamps = new Float64Array(length).fill((lastSlice + 1) * SLICE_MS);
    const values = new Float64Array(length);
    for (const [i, { value }] of samples.entries()) values[i] = value;
    for (let i = samples.length; i < length; i++) setStale(values, i);
    await appender.append({ series: refs, timestamps, values, length });
  }
}

/** Counts of the good or bad part alone, with the total's series deciding which targets were there before. */
function partCounts(
  part: readonly SeriesData[],
  total: readonly SeriesData[],
  range: Parameters<typeof sliceCounts>[1],
) {
  const empty = new Float64Array(0);
  const presence = total.map(
    ({ labels, timestamps }): SeriesData => ({
      labels,
      timestamps: timestamps.subarray(0, 1),
      values: timestamps.length > 0 ? Float64Array.of(0) : empty,
    }),
  );
  return sliceCounts([...presence, ...part], range);
}

function byCluster(series: readonly SeriesData[]): Map<string, SeriesData[]> {
  const groups = new Map<string, SeriesData[]>();
  for (const one of series) {
    const key = one.labels.only('federation', 'cluster').key;
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

function seriesOf(status: LevelStatus): { labels: Labels; value: number }[] {
  const common = { ...status.labels, slo: status.name, service: status.service, level: status.level };
  const series = (name: string, value: number | undefined, more: Record<string, string> = {}) =>
    value === undefined
      ? []
      : [{ labels: Labels.fromObject({ [METRIC_NAME]: name, ...common, ...more }), value }];
  return [
    ...series('slo:objective:ratio', status.target),
    ...series('slo:error_budget_remaining:ratio', status.budgetRemaining),
    ...series('slo:coverage:ratio', status.coverage),
    ...status.burnRates.flatMap(({ window, rate }) => series('slo:burn_rate:ratio', rate, { window })),
  ];
}

function createMetrics(registry: Registry) {
  const registers = [registry];
  return {
    objectives: new Gauge({
      name: 'karmascope_aggregator_slo_objectives',
      help: 'Objectives that are evaluated.',
      registers,
    }),
    closed: new Counter({
      name: 'karmascope_aggregator_slo_slices_total',
      help: 'Slices computed, amended ones included.',
      registers,
    }),
    failures: new Counter({
      name: 'karmascope_aggregator_slo_failures_total',
      help: 'Rounds in which an objective could not be evaluated; the log says why.',
      registers,
    }),
  };
}
