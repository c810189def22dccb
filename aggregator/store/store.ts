import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
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
import { MEMORY_BYTES_MAX } from './chunk-memory.ts';
import { diskFiles, type Files } from './files.ts';
import { Head, type SampleBlock } from './head.ts';
import { lockDirectory } from './lock.ts';
import { MetadataStore } from './metadata.ts';
import { replayLog } from './replay.ts';
import { PAGE_MASK, type SeriesRef } from './series-table.ts';
import { type StorageMetrics, storageMetrics } from './storage-metrics.ts';
import { Wal } from './wal.ts';

export interface StoreLimits {
  /** Samples older than this are refused and dropped. */
  readonly retentionMs: number;
  /** Samples further ahead of the clock than this are refused. */
  readonly futureMs: number;
  /** Memory for samples; when it is reached the oldest ones go before their time. */
  readonly headBytes: number;
  /** Disk for the log; when it is reached its oldest segments go before their time. */
  readonly walBytes: number;
  readonly segmentBytes: number;
}

/**
 * 10,000 series at 15 s are 58 million samples a day: at 2–4 bytes in memory 115–230 MB, at 12–16 in the log
 * 0.7–0.9 GB. The limits leave room for ten times that.
 */
export const DEFAULT_STORE_LIMITS: StoreLimits = {
  retentionMs: 24 * 3_600_000,
  futureMs: 10 * 60_000,
  headBytes: 2 * 1024 ** 3,
  walBytes: 10 * 1024 ** 3,
  segmentBytes: 128 * 1024 ** 2,
};

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
  readonly #logger: Logger;
  readonly #limits: StoreLimits;
  readonly #metrics: StorageMetrics;
  readonly #head: Head;
  readonly #wal: Wal;
  readonly #metadata: MetadataStore;
  readonly #unlock: () => void;
  /** Raised when memory runs out before the retention is over. */
  #sizeFloorMs = Number.NEGATIVE_INFINITY;
  #pruning: Promise<void> = Promise.resolve();
  #prunesWaiting = 0;
  #cancelTimer: () => void = () => {};
  #closed = false;

  private constructor(
    options: StoreOptions,
    parts: {
      limits: StoreLimits;
      metrics: StorageMetrics;
      head: Head;
      wal: Wal;
      metadata: MetadataStore;
      unlock: () => void;
    },
  ) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#limits = parts.limits;
    this.#metrics = parts.metrics;
    this.#head = parts.head;
    this.#wal = parts.wal;
    this.#metadata = parts.metadata;
    this.#unlock = parts.unlock;
    this.#schedulePrune();
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
      });
      store = new Store(options, { limits, metrics, head, wal, metadata, unlock });
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
    return new Promise((resolve, fail) => {
      const block = this.#admit(batch, reject);
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

  /** The batch as columns of the log; without the samples whose time cannot be. */
  #admit(
    batch: SampleColumns<SeriesRef>,
    reject: (ref: SeriesRef, timestampMs: number, reason: RejectReason) => void,
  ): SampleBlock {
    const { series, timestamps, values, length } = batch;
    const nowMs = this.#clock.now();
    const nowMinute = nowMs / 60_000;
    const floorMs = this.#floorMs(nowMs);
    const ceilingMs = nowMs + this.#limits.futureMs;
    const table = this.#head.table;
    let isWhole = true;
    for (let i = 0; i < length; i++) {
      const ref = series[i]!;
      const page = table.page(ref);
      if (page?.labels[ref & PAGE_MASK] === undefined)
        throw new RangeError(`BUG: series ${ref} is not known`);
      page.usedMinute[ref & PAGE_MASK] = nowMinute;
      const timestampMs = timestamps[i]!;
      if (timestampMs >= floorMs && timestampMs <= ceilingMs) {
        if (!Number.isInteger(timestampMs))
          throw new RangeError(`BUG: timestamp ${timestampMs} is no integer`);
      } else isWhole = false;
    }
    const words = new Uint32Array(values.buffer, values.byteOffset, 2 * length);
    if (isWhole) {
      const refs = series instanceof Uint32Array ? series : Uint32Array.from(series);
      return { refs, timestamps, values: words, length };
    }
    const kept = {
      refs: new Uint32Array(length),
      timestamps: new Float64Array(length),
      values: new Uint32Array(2 * length),
    };
    let count = 0;
    for (let i = 0; i < length; i++) {
      const timestampMs = timestamps[i]!;
      if (timestampMs > ceilingMs) reject(series[i]!, timestampMs, 'too_far_in_future');
      else if (!(timestampMs >= floorMs)) reject(series[i]!, timestampMs, 'too_old');
      else {
        kept.refs[count] = series[i]!;
        kept.timestamps[count] = timestampMs;
        kept.values[2 * count] = words[2 * i]!;
        kept.values[2 * count + 1] = words[2 * i + 1]!;
        count++;
      }
    }
    return { ...kept, length: count };
  }

  #refuseWhenFull(): void {
    const usedBytes = this.#head.usedBytes;
    if (usedBytes <= this.#limits.headBytes) return;
    if (this.#prunesWaiting === 0) void this.prune();
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
    const startMs = Math.max(hints.startMs, this.#floorMs(this.#clock.now()));
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
    const startMs = Math.max(hints.startMs, this.#floorMs(this.#clock.now()));
    return (ref) => this.#head.hasSamples(ref, startMs, hints.endMs);
  }

  #floorMs(nowMs: number): number {
    return Math.max(nowMs - this.#limits.retentionMs, this.#sizeFloorMs);
  }

  /** Drops what is too old from memory and disk. Runs by itself; a call waits for its turn. */
  prune(): Promise<void> {
    this.#prunesWaiting++;
    this.#pruning = this.#pruning
      .then(() => this.#prune())
      .catch((error) => this.#logger.error({ err: error }, 'Cannot drop old samples'))
      .finally(() => this.#prunesWaiting--);
    return this.#pruning;
  }

  async #prune(): Promise<void> {
    const nowMs = this.#clock.now();
    let oldestMs = await this.#pruneHead(nowMs);
    while (this.#head.usedBytes > this.#limits.headBytes) {
      // A quarter of the time goes in each round, so that a dozen of them get from a day to the last hour.
      const keptSinceMs = Math.max(oldestMs, this.#floorMs(nowMs));
      const floorMs = Math.min(keptSinceMs + (nowMs - keptSinceMs) / 4, nowMs - HEAD_MS_MIN);
      if (!(floorMs > this.#floorMs(nowMs))) break;
      this.#sizeFloorMs = floorMs;
      this.#logger.warn(
        {
          headBytes: this.#head.usedBytes,
          limitBytes: this.#limits.headBytes,
          keptSince: new Date(floorMs).toISOString(),
        },
        'Memory for samples is used up: the oldest ones go before the retention is over',
      );
      oldestMs = await this.#pruneHead(nowMs);
    }
    await this.#wal.prune(this.#floorMs(nowMs), this.#limits.walBytes);
  }

  /** In slices, so that appends and queries go on between them. */
  async #pruneHead(nowMs: number): Promise<number> {
    let oldestMs = Number.POSITIVE_INFINITY;
    const { table, index } = this.#head;
    for (let from = 1; from < table.end; from += PRUNE_SLICE) {
      const isCrowded = table.size - index.size > EMPTY_SERIES_MAX;
      const idleSinceMs = isCrowded ? nowMs - SERIES_IDLE_MS : Number.NEGATIVE_INFINITY;
      const slice = this.#head.prune(this.#floorMs(nowMs), idleSinceMs, from, from + PRUNE_SLICE);
      oldestMs = Math.min(oldestMs, slice);
      await nextTurn();
    }
    return oldestMs;
  }

  #schedulePrune(): void {
    if (this.#closed) return;
    this.#cancelTimer = this.#clock.after(PRUNE_EVERY_MS, () => {
      void this.prune().then(() => this.#schedulePrune());
    });
  }

  #state() {
    return {
      series: this.#head.index.size,
      chunks: this.#head.chunks,
      headBytes: this.#head.usedBytes,
      walBytes: this.#wal.sizeBytes,
      walSegments: this.#wal.segments,
      walQueuedBytes: this.#wal.queuedBytes,
      floorMs: this.#floorMs(this.#clock.now()),
    };
  }

  /** Writes what waits to the log and closes it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    await this.#pruning;
    await this.#wal.close();
    this.#unlock();
  }
}

const PRUNE_EVERY_MS = 60_000;
/** Series looked at in one go: well under a millisecond. */
const PRUNE_SLICE = 4096;
/**
 * Labels of series that have no samples any more stay known for their numbers, which senders may still hold.
 * Beyond this many (at 450 bytes 110 MB), those idle for six hours are forgotten: whoever appends to one is
 * told to ask for its number again.
 */
const EMPTY_SERIES_MAX = 250_000;
const SERIES_IDLE_MS = 6 * 3_600_000;
/** However little memory there is, the last hour stays. */
const HEAD_MS_MIN = 3_600_000;
/** Kept free of the memory's 4 GiB for batches that are durable and still to be applied. */
const MEMORY_RESERVE_BYTES = 256 * 1024 ** 2;
