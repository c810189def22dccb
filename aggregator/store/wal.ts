import type { Labels } from '../../model/labels.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { StorageUnavailable } from '../engine/engine.ts';
import type { Files } from './files.ts';
import type { SampleBlock } from './head.ts';
import { type MetadataEntry, writeMetadata, writeSeries } from './record.ts';
import { FRAME_HEADER_BYTES, FrameType, frameBytes, sealFrame } from './segment.ts';
import { type SealedSegment, SegmentWriter } from './segment-writer.ts';
import { PAGE_MASK, type SeriesRef, type SeriesTable } from './series-table.ts';
import type { StorageMetrics } from './storage-metrics.ts';
import { type Settle, WalGroup } from './wal-group.ts';

export interface WalOptions {
  readonly directory: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: StorageMetrics;
  readonly table: SeriesTable;
  readonly segmentBytes: number;
  /** Segments found at open, and the highest number of any. */
  readonly sealed: readonly SealedSegment[];
  readonly lastSequence: number;
}

/**
 * The write-ahead log. Batches that come while a sync runs wait together and go into the next write and
 * fdatasync as one group; each is settled, in order, after the sync of its group. One write is under way at
 * a time, in libuv's pool.
 *
 * Each segment can be read alone: a series' labels are written into it before its first sample there. So a
 * segment all of whose samples are too old is just removed.
 */
export class Wal {
  readonly #options: WalOptions;
  #sealed: SealedSegment[];
  #segment: SegmentWriter | undefined;
  #nextSequence: number;
  #waiting = new WalGroup();
  #spare = new WalGroup();
  #group = 0;
  #isFlushing = false;
  /** Of the last run; a failure in it is a bug and ends the process. */
  #flushing: Promise<void> = Promise.resolve();
  #failing = false;
  #closed = false;

  constructor(options: WalOptions) {
    this.#options = options;
    this.#sealed = [...options.sealed];
    this.#nextSequence = options.lastSequence + 1;
  }

  /** Bytes on disk, of the room made ahead only what is written. */
  get sizeBytes(): number {
    return this.#sealed.reduce((sum, { sizeBytes }) => sum + sizeBytes, this.#segment?.sizeBytes ?? 0);
  }

  get segments(): number {
    return this.#sealed.length + (this.#segment === undefined ? 0 : 1);
  }

  get queuedBytes(): number {
    return this.#waiting.length;
  }

  /** The number of the segment that is written now; what was logged in an earlier one has to be again. */
  get sequence(): number {
    return this.#segment?.sequence ?? 0;
  }

  /** Copies the samples before it returns. Throws when too much waits already. */
  append(block: SampleBlock, settle: Settle): void {
    if (this.#closed) throw new StorageUnavailable('Cannot append: the store is closed');
    if (this.#waiting.length > QUEUE_BYTES_MAX) {
      throw new StorageUnavailable(
        `Cannot append: ${this.#waiting.length} bytes wait for the disk already, the limit is ${QUEUE_BYTES_MAX}; send again later`,
      );
    }
    this.#waiting.add(block, settle);
    this.#flush();
  }

  /** Is written with the next batch. Losing it costs nothing: targets repeat it. */
  setMetadata(entry: MetadataEntry): void {
    if (this.#waiting.metadata.length < METADATA_WAITING_MAX) this.#waiting.metadata.push(entry);
  }

  /** Removes segments all of whose samples are older; then, while the log is too big, the oldest ones. */
  async prune(floorMs: number, maxBytes: number): Promise<void> {
    const { files, logger } = this.#options;
    let sizeBytes = this.sizeBytes;
    const kept: SealedSegment[] = [];
    const dropped: SealedSegment[] = [];
    for (const segment of this.#sealed) {
      if (segment.newestMs >= floorMs && sizeBytes <= maxBytes) kept.push(segment);
      else {
        dropped.push(segment);
        sizeBytes -= segment.sizeBytes;
        if (segment.newestMs >= floorMs)
          logger.warn(
            { file: segment.path, maxBytes },
            'The log is larger than allowed: its oldest segment goes, a restart will not bring its samples back',
          );
      }
    }
    // What was sealed while files were removed is behind the ones looked at.
    const looked = this.#sealed.length;
    for (const segment of dropped) {
      await files.remove(segment.path).catch((error) => {
        logger.warn(
          { err: error, file: segment.path },
          'Cannot remove a log segment that is no longer needed',
        );
        kept.push(segment);
      });
    }
    kept.sort((a, b) => a.sequence - b.sequence);
    this.#sealed = [...kept, ...this.#sealed.slice(looked)];
  }

  /** Writes what waits, then closes. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#leaveSegment();
  }

  #flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#flushing = this.#flushAll();
  }

  async #flushAll(): Promise<void> {
    while (this.#waiting.batches.length > 0) {
      // Batches of the same turn of the loop go together.
      await Promise.resolve();
      const group = this.#waiting;
      this.#waiting = this.#spare;
      this.#spare = group;
      const failure = await this.#write(group);
      for (const batch of group.batches) batch.settle(failure ?? group.samples(batch));
      group.clear();
      if (failure === undefined) await this.#segment?.makeRoom(this.#options.segmentBytes);
    }
    // In the same turn in which nothing waited: whoever appends next starts another run.
    this.#isFlushing = false;
  }

  /** Makes a group durable. Afterwards the log is as it was before when that failed. */
  async #write(group: WalGroup): Promise<StorageUnavailable | undefined> {
    const { metrics, logger } = this.#options;
    let definitions: Definitions | undefined;
    const stopTimer = metrics.walSyncSeconds.startTimer();
    try {
      const segment = await this.#writableSegment(group.length);
      definitions = this.#define(group, segment);
      this.#group = (this.#group + 1) >>> 0;
      group.seal(this.#group);
      const parts = [...definitions.frames(this.#group), group.bytes.subarray(0, group.length)];
      await segment.append(parts);
      segment.newestMs = Math.max(segment.newestMs, group.newestMs);
      for (const part of parts) metrics.walWrittenBytes.inc(part.byteLength);
      stopTimer();
      if (this.#failing) logger.info({ file: segment.path }, 'The log can be written again');
      this.#failing = false;
      return undefined;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      metrics.walFailures.inc();
      if (!this.#failing)
        logger.error({ err: error }, 'Cannot write to the log: batches are refused until it can be');
      this.#failing = true;
      definitions?.undo();
      if (this.#segment?.isSound === false) await this.#leaveSegment();
      return new StorageUnavailable(
        `Cannot write to the log in ${this.#options.directory}: ${error.message}; make room or mend the disk, then writes go on by themselves`,
        { cause: error },
      );
    }
  }

  async #writableSegment(sizeBytes: number): Promise<SegmentWriter> {
    const { files, directory, clock, segmentBytes } = this.#options;
    const current = this.#segment;
    if (current !== undefined && current.sizeBytes + sizeBytes <= segmentBytes) return current;
    if (current?.isEmpty) return current;
    await this.#leaveSegment();
    this.#segment = await SegmentWriter.create(files, directory, this.#nextSequence++, clock.now());
    return this.#segment;
  }

  /** Ends the segment behind its last durable group: the next group makes a new one. */
  async #leaveSegment(): Promise<void> {
    const segment = this.#segment;
    if (segment === undefined) return;
    this.#segment = undefined;
    try {
      await segment.seal();
      if (segment.isEmpty) return await this.#options.files.remove(segment.path);
    } catch (error) {
      this.#options.logger.warn(
        { err: error, file: segment.path },
        'Cannot cut an unfinished write from a log segment: it is cut at the next start',
      );
    }
    this.#sealed.push(segment.sealed());
  }

  /** Labels of series that have samples in the group and none yet in the segment. */
  #define(group: WalGroup, segment: SegmentWriter): Definitions {
    const { table } = this.#options;
    const { sequence, symbols } = segment;
    const series: [SeriesRef, Labels][] = [];
    for (const batch of group.batches) {
      const refs = group.refs(batch);
      for (let i = 0; i < refs.length; i++) {
        const ref = refs[i]!;
        const page = table.page(ref)!;
        if (page.loggedIn[ref & PAGE_MASK] === sequence) continue;
        page.loggedIn[ref & PAGE_MASK] = sequence;
        series.push([ref, table.labels(ref)]);
      }
    }
    const symbolsBefore = symbols.size;
    const seriesPayload = series.length === 0 ? undefined : writeSeries(series, symbols);
    const metadata = group.metadata;
    return {
      frames(number) {
        const frames: Uint8Array[] = [];
        if (seriesPayload !== undefined)
          frames.push(frameOf(FrameType.series, series.length, number, seriesPayload));
        if (metadata.length > 0)
          frames.push(frameOf(FrameType.metadata, metadata.length, number, writeMetadata(metadata)));
        return frames;
      },
      undo() {
        if (series.length === 0) return;
        for (const [ref] of series) table.page(ref)!.loggedIn[ref & PAGE_MASK] = 0;
        for (const [text, number] of symbols) if (number >= symbolsBefore) symbols.delete(text);
      },
    };
  }
}

/** Batches that may wait for the disk: 64 MiB are 4 million samples, more than a second of anything. */
const QUEUE_BYTES_MAX = 64 << 20;
const METADATA_WAITING_MAX = 10_000;

/** What the operating system refused. Anything else is a bug, and no reason to ask senders to come again. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && /^E(?!RR_)/.test((error as NodeJS.ErrnoException).code ?? '');
}

interface Definitions {
  frames(group: number): Uint8Array[];
  /** Forgets that they were written. */
  undo(): void;
}

function frameOf(type: number, count: number, group: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(frameBytes(payload.byteLength));
  bytes.set(payload, FRAME_HEADER_BYTES);
  sealFrame(bytes, 0, { type, flags: 0, count, group, payloadBytes: payload.byteLength });
  return bytes;
}
