import { join } from 'node:path';
import type { Files, StoreFile } from './files.ts';
import { SEGMENT_HEADER_BYTES, segmentHeader } from './segment.ts';

/** What is known of a segment that is no longer written. */
export interface SealedSegment {
  readonly sequence: number;
  readonly path: string;
  readonly sizeBytes: number;
  /** Of its samples; a segment whose newest is older than the retention can go. */
  readonly newestMs: number;
}

/**
 * Room is made ahead of the writes by steps of zeros, so that a sync mostly has no file size or block map to
 * write. 2 MiB are 130,000 samples, and 5 ms of a disk that does 400 MB/s.
 */
const ROOM_STEP_BYTES = 2 << 20;
const ZEROS = new Uint8Array(ROOM_STEP_BYTES);

/** The log segment that is written now. */
export class SegmentWriter {
  readonly sequence: number;
  readonly path: string;
  /** Numbers of the strings this segment holds. */
  readonly symbols = new Map<string, number>();
  newestMs = Number.NEGATIVE_INFINITY;
  readonly #file: StoreFile;
  #offset = SEGMENT_HEADER_BYTES;
  #roomEnd = SEGMENT_HEADER_BYTES;
  #sound = true;

  private constructor(sequence: number, path: string, file: StoreFile) {
    this.sequence = sequence;
    this.path = path;
    this.#file = file;
  }

  /** Makes the file and its name durable; when that fails, no file is left. */
  static async create(
    files: Files,
    directory: string,
    sequence: number,
    nowMs: number,
  ): Promise<SegmentWriter> {
    const path = join(directory, segmentName(sequence));
    const file = await files.create(path);
    try {
      await file.write([segmentHeader(sequence, nowMs)], 0);
      await file.sync();
      await files.syncDirectory(directory);
    } catch (error) {
      await file.close().catch(() => {});
      await files.remove(path).catch(() => {});
      throw error;
    }
    return new SegmentWriter(sequence, path, file);
  }

  /** Bytes of the file that hold something. */
  get sizeBytes(): number {
    return this.#offset;
  }

  /** Whether the file holds nothing but its header. */
  get isEmpty(): boolean {
    return this.#offset === SEGMENT_HEADER_BYTES;
  }

  /**
   * False once nobody can say what is on disk: a sync failed (the next one may report success for pages it
   * dropped), or a half-written group could not be cut off. Such a segment is left.
   */
  get isSound(): boolean {
    return this.#sound;
  }

  /** Writes behind all that is durable, and returns when this is durable too; or leaves the file as it was. */
  async append(parts: readonly Uint8Array[]): Promise<void> {
    let sizeBytes = 0;
    for (const part of parts) sizeBytes += part.byteLength;
    this.#sound = false;
    try {
      await this.#file.write(parts, this.#offset);
    } catch (error) {
      await this.#cut().then(
        () => (this.#sound = true),
        () => {},
      );
      throw error;
    }
    await this.#file.sync();
    this.#offset += sizeBytes;
    this.#sound = true;
  }

  /** Makes room for the next writes. A failure says nothing yet: the write that needs the room will tell. */
  async makeRoom(limitBytes: number): Promise<void> {
    if (this.#offset + ROOM_STEP_BYTES / 2 < this.#roomEnd) return;
    const start = Math.max(this.#offset, this.#roomEnd);
    const sizeBytes = Math.min(ROOM_STEP_BYTES, limitBytes - start);
    if (sizeBytes <= 0) return;
    try {
      await this.#file.write([ZEROS.subarray(0, sizeBytes)], start);
      this.#roomEnd = start + sizeBytes;
    } catch {
      // The last bytes of a full disk are not for room: others may need them.
      this.#roomEnd = this.#offset;
      await this.#cut().catch(() => {});
    }
  }

  async #cut(): Promise<void> {
    await this.#file.truncate(this.#offset);
    this.#roomEnd = this.#offset;
  }

  /** Gives back the room that was made ahead, and closes the file. */
  async seal(): Promise<SealedSegment> {
    try {
      await this.#cut();
    } finally {
      await this.#file.close();
    }
    return this.sealed();
  }

  sealed(): SealedSegment {
    const { sequence, path, sizeBytes, newestMs } = this;
    return { sequence, path, sizeBytes, newestMs };
  }
}

export function segmentName(sequence: number): string {
  return `${String(sequence).padStart(8, '0')}.wal`;
}

/** The sequence number of a segment's file name, or undefined for any other file. */
export function segmentSequence(name: string): number | undefined {
  const match = /^(\d{8,10})\.wal$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}
