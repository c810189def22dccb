import { join } from 'node:path';
import type { Labels } from '../../model/labels.ts';
import { compareUtf8 } from '../../model/labels.ts';
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
import { DEFAULT_STORE_LIMITS, type StoreLimits } from './limits.ts';
import { lockDirectory } from './lock.ts';
import { MetadataStore } from './metadata.ts';
import { replayLog } from './replay.ts';
import { Retention } from './retention.ts';
import type { SeriesRef } from './series-table.ts';
import { type StorageMetrics, storageMetrics } from './storage-metrics.ts';
import { Wal } from './wal.ts';

export { DEFAULT_STORE_LIMITS, type StoreLimits };

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
      `Cannot append: the samples of the last hour alone need ${usedBytes} bytes of memory, the limit is ${this.#limits.headBytes}; send fewer series`,
    );
  }

  setMetadata(cluster: string, family: string, metadata: MetricMetadata): void {
    const entry = { cluster, family, metadata };
    const outcome = this.#metadata.set(entry, this.#wal.sequence);
    if (outcome === 'log') this.#wal.setMetadata(entry);
    else if (outcome === 'full') this.#metrics.metadataRefused.inc();
  }

  async select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesData[]> {
    const startMs = Math.max(hints.startMs, this.#retention.floorMs(this.#clock.now()));
    const found: SeriesData[] = [];
    for (const ref of this.#head.index.select(matchers)) {
      const samples = this.#head.read(ref, startMs, hints.endMs);
      if (samples !== undefined) found.push({ labels: this.#head.table.labels(ref), ...samples });
    }
    return found;
  }

  async series(matcherSets: readonly (readonly Matcher[])[], hints: SelectHints): Promise<Labels[]> {
    return this.#refs(matcherSets, hints).map((ref) => this.#head.table.labels(ref));
  }

  async labelNames(matcherSets: readonly (readonly Matcher[])[], hints: SelectHints): Promise<string[]> {
    if (matcherSets.length === 0) return this.#head.index.names(this.#hasSamples(hints));
    const names = new Set<string>();
    for (const ref of this.#refs(matcherSets, hints)) {
      for (const [name] of this.#head.table.labels(ref)) names.add(name);
    }
    return [...names].sort(compareUtf8);
  }

  async labelValues(
    name: string,
    matcherSets: readonly (readonly Matcher[])[],
    hints: SelectHints,
  ): Promise<string[]> {
    if (matcherSets.length === 0) return this.#head.index.values(name, this.#hasSamples(hints));
    const values = new Set<string>();
    for (const ref of this.#refs(matcherSets, hints)) values.add(this.#head.table.labels(ref).get(name));
    values.delete('');
    return [...values].sort(compareUtf8);
  }

  async metadata(): Promise<ReadonlyMap<string, readonly MetricMetadata[]>> {
    return this.#metadata.byFamily();
  }

  /** Series that pass any of the sets and have samples in the range, in order of creation. */
  #refs(matcherSets: readonly (readonly Matcher[])[], hints: SelectHints): SeriesRef[] {
    const selected =
      matcherSets.length === 0
        ? this.#head.index.select([])
        : [...new Set(matcherSets.flatMap((matchers) => this.#head.index.select(matchers)))].sort(
            (a, b) => a - b,
          );
    return selected.filter(this.#hasSamples(hints));
  }

  #hasSamples(hints: SelectHints): (ref: SeriesRef) => boolean {
    const startMs = Math.max(hints.startMs, this.#retention.floorMs(this.#clock.now()));
    return (ref) => this.#head.hasSamples(ref, startMs, hints.endMs);
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

/** Kept free of the memory's 4 GiB for batches that are durable and still to be applied. */
const MEMORY_RESERVE_BYTES = 256 * 1024 ** 2;
