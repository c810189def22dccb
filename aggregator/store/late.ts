import {
  chunkFirstMs,
  chunkLastMs,
  chunkSamples,
  closeChunk,
  createChunk,
  freeChunk,
  growChunk,
} from './chunk.ts';
import { readChunk } from './chunk-decode.ts';
import { tryAppend } from './chunk-encode.ts';
import type { ChunkMemory } from './chunk-memory.ts';

/** Late samples a series holds sorted and raw (16 bytes each) before they become a chunk. */
const OPEN_SAMPLES_MAX = 64;

/** What became of a sample that is not later than all others of its series. */
export type LateOutcome = 'stored' | 'same' | 'conflict';

/**
 * Samples of one series that came when later ones were there already: a drained queue, a second sender.
 * They are kept beside the chain of chunks, in chunks of their own that may overlap anything, and merged
 * when read.
 */
export class LateSamples {
  readonly #memory: ChunkMemory;
  #chunks: number[] = [];
  #timestamps = new Float64Array(4);
  /** Low and high word of each value. */
  #values = new Uint32Array(8);
  #length = 0;

  constructor(memory: ChunkMemory) {
    this.#memory = memory;
  }

  get chunks(): number {
    return this.#chunks.length;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0 && this.#length === 0;
  }

  /** Of the samples that are not in chunk memory. */
  get heapBytes(): number {
    return this.#timestamps.byteLength + this.#values.byteLength;
  }

  /** The time of the oldest sample, or infinity. */
  get oldestMs(): number {
    let oldestMs = this.#length > 0 ? this.#timestamps[0]! : Number.POSITIVE_INFINITY;
    for (const chunk of this.#chunks) oldestMs = Math.min(oldestMs, chunkFirstMs(this.#memory, chunk));
    return oldestMs;
  }

  insert(timestampMs: number, low: number, high: number): LateOutcome {
    const at = this.#position(timestampMs);
    if (at < this.#length && this.#timestamps[at] === timestampMs) {
      return this.#values[2 * at] === low && this.#values[2 * at + 1] === high ? 'same' : 'conflict';
    }
    for (const chunk of this.#chunks) {
      const found = findInChunk(this.#memory, chunk, timestampMs, low, high);
      if (found !== undefined) return found;
    }
    if (this.#length === this.#timestamps.length) this.#grow();
    this.#timestamps.copyWithin(at + 1, at, this.#length);
    this.#values.copyWithin(2 * at + 2, 2 * at, 2 * this.#length);
    this.#timestamps[at] = timestampMs;
    this.#values[2 * at] = low;
    this.#values[2 * at + 1] = high;
    this.#length++;
    if (this.#length === OPEN_SAMPLES_MAX) this.#seal();
    return 'stored';
  }

  /** At most how many samples `read` gives for the range. */
  samplesMax(startMs: number, endMs: number): number {
    let samples = this.#length;
    for (const chunk of this.#chunks)
      if (this.#overlaps(chunk, startMs, endMs)) samples += chunkSamples(this.#memory, chunk);
    return samples;
  }

  /** Writes the samples of a range to the columns, in no order. Returns the index after the last. */
  read(startMs: number, endMs: number, timestamps: Float64Array, values: Uint32Array, index: number): number {
    for (const chunk of this.#chunks) {
      if (this.#overlaps(chunk, startMs, endMs))
        index = readChunk(this.#memory, chunk, startMs, endMs, timestamps, values, index);
    }
    for (let i = this.#position(startMs); i < this.#length && this.#timestamps[i]! <= endMs; i++) {
      timestamps[index] = this.#timestamps[i]!;
      values[2 * index] = this.#values[2 * i]!;
      values[2 * index + 1] = this.#values[2 * i + 1]!;
      index++;
    }
    return index;
  }

  /** Drops what is older, a chunk at a time. */
  prune(floorMs: number): void {
    this.#chunks = this.#chunks.filter((chunk) => {
      if (chunkLastMs(this.#memory, chunk) >= floorMs) return true;
      freeChunk(this.#memory, chunk);
      return false;
    });
    const kept = this.#position(floorMs);
    if (kept === 0) return;
    this.#timestamps.copyWithin(0, kept, this.#length);
    this.#values.copyWithin(0, 2 * kept, 2 * this.#length);
    this.#length -= kept;
  }

  /** The first index whose time is not before the given one. */
  #position(timestampMs: number): number {
    let low = 0;
    let high = this.#length;
    // Late samples mostly come in order among themselves.
    if (high > 0 && this.#timestamps[high - 1]! < timestampMs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timestamps[middle]! < timestampMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #overlaps(chunk: number, startMs: number, endMs: number): boolean {
    return chunkFirstMs(this.#memory, chunk) <= endMs && chunkLastMs(this.#memory, chunk) >= startMs;
  }

  #grow(): void {
    const timestamps = new Float64Array(2 * this.#timestamps.length);
    const values = new Uint32Array(2 * this.#values.length);
    timestamps.set(this.#timestamps);
    values.set(this.#values);
    this.#timestamps = timestamps;
    this.#values = values;
  }

  #seal(): void {
    let open = 0;
    for (let i = 0; i < this.#length; i++) {
      const timestampMs = this.#timestamps[i]!;
      const low = this.#values[2 * i]!;
      const high = this.#values[2 * i + 1]!;
      if (open !== 0) {
        if (tryAppend(this.#memory, open, timestampMs, low, high)) continue;
        const grown = growChunk(this.#memory, open);
        if (grown !== 0) {
          open = grown;
          tryAppend(this.#memory, open, timestampMs, low, high);
          continue;
        }
        this.#chunks.push(closeChunk(this.#memory, open));
      }
      open = createChunk(this.#memory, timestampMs, low, high);
    }
    this.#chunks.push(closeChunk(this.#memory, open));
    this.#length = 0;
  }
}

/** Whether a chunk has a sample at a time, and with this value; undefined when it has none. */
export function findInChunk(
  memory: ChunkMemory,
  chunk: number,
  timestampMs: number,
  low: number,
  high: number,
): 'same' | 'conflict' | undefined {
  if (chunkFirstMs(memory, chunk) > timestampMs || chunkLastMs(memory, chunk) < timestampMs) return undefined;
  if (readChunk(memory, chunk, timestampMs, timestampMs, foundTime, foundValue, 0) === 0) return undefined;
  return foundValue[0] === low && foundValue[1] === high ? 'same' : 'conflict';
}

const foundTime = new Float64Array(1);
const foundValue = new Uint32Array(2);
