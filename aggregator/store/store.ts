import { join } from 'node:path';
import type { Labels } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { MetricMetadata } from '../../model/metadata.ts';
import type { SampleColumns } from '../../model/sample.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import {
  type Appender,
  type AppendOutcome,
  type Querier,
  type RejectReason,
  type SelectHints,
  type SeriesData,
  StorageUnavailable,
} from '../engine/engine.ts';
import { admit } from './admission.ts';
import { MEMORY_BYTES_MAX } from './chunk-memory.ts';
import { diskFiles, type Files } from './files.ts';
import { Head } from './head.ts';
import { HeadQuerier, type MatcherSets } from './head-querier.ts';
import { DEFAULT_STORE_LIMITS, type StoreLimits } from './limits.ts';
import { lockDirectory } from './lock.ts';
import { MetadataStore } from './metadata.ts';
import { StoreOpenError } from './open-error.ts';
import { replayLog } from './replay.ts';
import { Retention } from './retention.ts';
import type { SeriesRef } from './series-table.ts';
import { type StorageMetrics, storageMetrics } from './storage-metrics.ts';
import { Wal } from './wal.ts';

export { DEFAULT_STORE_LIMITS, type StoreLimits, StoreOpenError };

export interface StoreOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly limits?: Partial<StoreLimits>;
  readonly files?: Files;
}

/**
 * The embedded store: a batch goes to the write-ahead log and, once it is durable, to the head, at once and
 * whole. Reads come from the head alone.
 */
export class Store implements Appender, Querier {
  readonly #clock: Clock;
  readonly #limits: StoreLimits;
  readonly #metrics: StorageMetrics;
  readonly #head: Head;
  readonly #wal: Wal;
  readonly #metadata: MetadataStore;
  readonly #unlock: () => void;
  readonly #retention: Retention;
  readonly #querier: HeadQuerier;

  private constructor(
    options: StoreOptions,
    parts: {
      limits: StoreLimits;
      metrics: StorageMetrics;
      head: Head;
      wal: Wal;
      retention: Retention;
      metadata: MetadataStore;
      unlock: () => void;
    },
  ) {
    this.#clock = options.clock;
    this.#limits = parts.limits;
    this.#metrics = parts.metrics;
    this.#head = parts.head;
    this.#wal = parts.wal;
    this.#metadata = parts.metadata;
    this.#unlock = parts.unlock;
    this.#retention = parts.retention;
    this.#querier = new HeadQuerier(parts.head, () => parts.retention.floorMs(options.clock.now()));
    this.#retention.start();
  }

  /** Opens a directory, makes it when it is missing, and brings back what its log holds. */
  static async open(options: StoreOptions): Promise<Store> {
    const { directory, clock, logger, registry, files = diskFiles } = options;
    const limits = { ...DEFAULT_STORE_LIMITS, ...options.limits };
    const walDirectory = join(directory, 'wal');
    await files.makeDirectory(walDirectory);
    const unlock = lockDirectory(directory);
    try {
      let store: Store | undefined;
      const metrics = storageMetrics(registry, () => store!.#state());
      const head = new Head();
      const metadata = new MetadataStore();
      const startMs = performance.now();
      const nowMs = clock.now();
      const report = await replayLog({
        directory: walDirectory,
        files,
        logger,
        head,
        nowMs,
        floorMs: nowMs - limits.retentionMs,
        onMetadata: (entry) => metadata.set(entry, 0),
      });
      const replayMs = performance.now() - startMs;
      metrics.replaySeconds.set(replayMs / 1000);
      metrics.walTorn.inc(report.torn);
      metrics.walCorrupt.inc(report.corrupt);
      const wal = new Wal({
        directory: walDirectory,
        files,
        clock,
        logger,
        metrics,
        table: head.table,
        segmentBytes: limits.segmentBytes,
        sealed: report.segments,
        lastSequence: report.lastSequence,
      });
      const retention = new Retention({ clock, logger, limits, head, wal });
      store = new Store(options, { limits, metrics, head, wal, retention, metadata, unlock });
      await store.prune();
      logger.info(
        {
          directory,
          series: head.index.size,
          samples: report.samples,
          segments: report.segments.length,
          walBytes: wal.sizeBytes,
          tornTails: report.torn,
          corruptRanges: report.corrupt,
          unnamedSamples: report.unnamedSamples,
          replayMs: Math.round(replayMs),
          pruneMs: Math.round(performance.now() - startMs - replayMs),
        },
        'Opened the store',
      );
      return store;
    } catch (error) {
      unlock();
      throw error;
    }
  }

  ref(labels: Labels): SeriesRef {
    return this.#head.ref(labels, this.#clock.now());
  }

  append(batch: SampleColumns<SeriesRef>): Promise<AppendOutcome> {
    const rejected: Record<RejectReason, number> = {
      duplicate_timestamp: 0,
      too_old: 0,
      too_far_in_future: 0,
    };
    let firstRejection: AppendOutcome['firstRejection'];
    const reject = (ref: SeriesRef, timestampMs: number, reason: RejectReason) => {
      rejected[reason]++;
      this.#metrics.rejected.inc({ reason });
      firstRejection ??= { labels: this.#head.table.labels(ref), reason, timestampMs };
    };
    const nowMs = this.#clock.now();
    const window = { floorMs: this.#retention.floorMs(nowMs), ceilingMs: nowMs + this.#limits.futureMs };
    return new Promise((resolve, fail) => {
      const block = admit(batch, this.#head.table, nowMs, window, reject);
      if (block.length === 0) return resolve({ appended: 0, rejected, firstRejection });
      this.#refuseWhenFull();
      this.#wal.append(block, (durable) => {
        if (durable instanceof StorageUnavailable) {
          this.#metrics.unavailable.inc();
          return fail(durable);
        }
        const conflicts = this.#head.apply(durable, (index) =>
          reject(durable.refs[index]!, durable.timestamps[index]!, 'duplicate_timestamp'),
        );
        const appended = durable.length - conflicts;
        this.#metrics.appended.inc(appended);
        resolve({ appended, rejected, firstRejection });
      });
    });
  }

  #refuseWhenFull(): void {
    const usedBytes = this.#head.usedBytes;
    if (usedBytes <= this.#limits.headBytes) return;
    if (!this.#retention.isRunning) void this.prune();
    // What can be dropped is being dropped; beyond a quarter over the limit, or near the end of what can be
    // addressed, nothing more is taken in until it is.
    if (usedBytes <= Math.min(1.25 * this.#limits.headBytes, MEMORY_BYTES_MAX - MEMORY_RESERVE_BYTES)) return;
    this.#metrics.unavailable.inc();
    throw new StorageUnavailable(
      `Cannot append: samples take ${usedBytes} bytes of memory, the limit is ${this.#limits.headBytes} and all but the last hour is being dropped; send again later, or fewer series`,
    );
  }

  setMetadata(cluster: string, family: string, metadata: MetricMetadata): void {
    const { type, unit } = metadata;
    const help = metadata.help.slice(0, HELP_LENGTH_MAX);
    const entry = { cluster, family, metadata: { type, unit, help } };
    const outcome = this.#metadata.set(entry, this.#wal.sequence);
    if (outcome === 'log') this.#wal.setMetadata(entry);
    else if (outcome === 'full') this.#metrics.metadataRefused.inc();
  }

  select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesData[]> {
    return this.#querier.select(matchers, hints);
  }

  series(matcherSets: MatcherSets, hints: SelectHints): Promise<Labels[]> {
    return this.#querier.series(matcherSets, hints);
  }

  labelNames(matcherSets: MatcherSets, hints: SelectHints): Promise<string[]> {
    return this.#querier.labelNames(matcherSets, hints);
  }

  labelValues(name: string, matcherSets: MatcherSets, hints: SelectHints): Promise<string[]> {
    return this.#querier.labelValues(name, matcherSets, hints);
  }

  async metadata(): Promise<ReadonlyMap<string, readonly MetricMetadata[]>> {
    return this.#metadata.byFamily();
  }

  /** Drops what is too old from memory and disk now; it also happens by itself. */
  prune(): Promise<void> {
    return this.#retention.run();
  }

  #state() {
    return {
      series: this.#head.index.size,
      chunks: this.#head.chunks,
      headBytes: this.#head.usedBytes,
      walBytes: this.#wal.sizeBytes,
      walSegments: this.#wal.segments,
      walQueuedBytes: this.#wal.queuedBytes,
      floorMs: this.#retention.floorMs(this.#clock.now()),
    };
  }

  /** Writes what waits to the log and closes it. */
  async close(): Promise<void> {
    await this.#retention.stop();
    await this.#wal.close();
    this.#unlock();
  }
}

/** A help text is a sentence; a longer one is cut. */
const HELP_LENGTH_MAX = 1_000;

/** Kept free of the memory's 4 GiB for batches that are durable and still to be applied. */
const MEMORY_RESERVE_BYTES = 256 * 1024 ** 2;
