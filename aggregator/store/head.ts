import type { Labels } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import {
  chunkEndWord,
  chunkFirstMs,
  chunkLastMs,
  chunkSamples,
  closeChunk,
  createChunk,
  freeChunk,
  growChunk,
  lastValueIs,
  linkChunks,
  nextChunk,
  previousChunk,
} from './chunk.ts';
import { readChunk } from './chunk-decode.ts';
import { tryAppend } from './chunk-encode.ts';
import { ChunkMemory } from './chunk-memory.ts';
import { findInChunk, type LateOutcome, LateSamples } from './late.ts';
import { Postings } from './postings.ts';
import { PAGE_MASK, type SeriesPage, type SeriesRef, SeriesTable } from './series-table.ts';

/** Samples as columns: values as pairs of words (low, high), so that no NaN loses its payload. */
export interface SampleBlock {
  readonly refs: Uint32Array;
  readonly timestamps: Float64Array;
  readonly values: Uint32Array;
  readonly length: number;
}

export interface SeriesSamples {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/**
 * The samples in memory and the index over them. A series has a chain of chunks in order of time, to whose
 * newest it is appended, and beside it what came late. Nothing here waits or knows the clock: whoever writes
 * applies whole batches, whoever reads sees all of a batch or nothing.
 */
export class Head {
  readonly memory = new ChunkMemory();
  readonly table = new SeriesTable();
  readonly index: Postings = new Postings((ref) => this.table.labels(ref));
  readonly #late = new Map<SeriesRef, LateSamples>();
  #lateHeapBytes = 0;
  readonly #gathered = new Uint32Array(2 * GATHER);
  #chunks = 0;
  #timestamps = new Float64Array(1024);
  #values = new Uint32Array(2048);

  get chunks(): number {
    return this.#chunks;
  }

  get usedBytes(): number {
    return this.memory.usedBytes + this.#lateHeapBytes;
  }

  /** The series with these labels, made when it is new. */
  ref(labels: Labels, nowMs: number): SeriesRef {
    let ref = this.table.find(labels);
    if (ref === undefined) {
      const interned = this.index.intern(labels);
      ref = this.table.add(interned);
      this.index.add(ref, interned);
      this.table.page(ref)!.indexed[ref & PAGE_MASK] = 1;
    }
    this.table.page(ref)!.usedMinute[ref & PAGE_MASK] = nowMs / 60_000;
    return ref;
  }

  /**
   * Adds samples; those of series 0 are passed over. Returns how many were refused because another value is
   * there at the same time; `onConflict` gets the index of each.
   */
  apply(block: SampleBlock, onConflict?: (index: number) => void): number {
    const { refs, timestamps, values, length } = block;
    let conflicts = 0;
    for (let i = 0; i < length; i++) {
      if (i % GATHER === 0) this.#gather(refs, i, Math.min(i + GATHER, length));
      const ref = refs[i]!;
      if (ref === 0) continue;
      if (this.#add(ref, timestamps[i]!, values[2 * i]!, values[2 * i + 1]!) !== 'conflict') continue;
      conflicts++;
      onConflict?.(i);
    }
    return conflicts;
  }

  /**
   * Touches the places that the next samples go to. Each sample alone would wait for memory twice; here the
   * loads do not depend on each other, and the processor waits for many of them at once: with 10,000 series
   * and 8 MiB of other memory touched between batches, 100 ns a sample instead of 150.
   */
  #gather(refs: Uint32Array, start: number, end: number): void {
    const words = this.memory.words;
    const chunks = this.#gathered;
    for (let i = start; i < end; i++) {
      const ref = refs[i]!;
      chunks[i - start] = ref === 0 ? 0 : this.table.page(ref)!.newest[ref & PAGE_MASK]!;
    }
    let touched = 0;
    for (let i = 0; i < end - start; i++) chunks[i + GATHER] = chunkEndWord(words, chunks[i]!);
    for (let i = GATHER; i < GATHER + end - start; i++) touched ^= words[chunks[i]!]!;
    // Kept, so that the loads are not optimised away.
    chunks[0] = touched;
  }

  #add(ref: SeriesRef, timestampMs: number, low: number, high: number): LateOutcome {
    const memory = this.memory;
    const page = this.table.page(ref)!;
    const at = ref & PAGE_MASK;
    const newest = page.newest[at]!;
    if (newest === 0) {
      page.oldest[at] = page.newest[at] = createChunk(memory, timestampMs, low, high);
      this.#chunks++;
      if (page.indexed[at] === 0) {
        page.indexed[at] = 1;
        this.index.add(ref, page.labels[at]!);
      }
      return 'stored';
    }
    const lastMs = chunkLastMs(memory, newest);
    if (timestampMs > lastMs) {
      if (tryAppend(memory, newest, timestampMs, low, high)) return 'stored';
      const grown = growChunk(memory, newest);
      if (grown !== 0) {
        moved(page, at, newest, grown);
        tryAppend(memory, grown, timestampMs, low, high);
        return 'stored';
      }
      const closed = closeChunk(memory, newest);
      if (closed !== newest) moved(page, at, newest, closed);
      const created = createChunk(memory, timestampMs, low, high);
      linkChunks(memory, closed, created);
      page.newest[at] = created;
      this.#chunks++;
      return 'stored';
    }
    if (timestampMs === lastMs) return lastValueIs(memory, newest, low, high) ? 'same' : 'conflict';
    return this.#addLate(ref, newest, timestampMs, low, high);
  }

  #addLate(ref: SeriesRef, newest: number, timestampMs: number, low: number, high: number): LateOutcome {
    let chunk = newest;
    while (chunk !== 0 && chunkFirstMs(this.memory, chunk) > timestampMs)
      chunk = previousChunk(this.memory, chunk);
    const found = chunk === 0 ? undefined : findInChunk(this.memory, chunk, timestampMs, low, high);
    if (found !== undefined) return found;
    let late = this.#late.get(ref);
    if (late === undefined) {
      this.#late.set(ref, (late = new LateSamples(this.memory)));
      this.#lateHeapBytes += late.heapBytes;
    }
    const [chunks, heapBytes] = [late.chunks, late.heapBytes];
    const outcome = late.insert(timestampMs, low, high);
    this.#chunks += late.chunks - chunks;
    this.#lateHeapBytes += late.heapBytes - heapBytes;
    return outcome;
  }

  select(matchers: readonly Matcher[]): readonly SeriesRef[] {
    return this.index.select(matchers);
  }

  /** Samples of a range (both ends included) in order of time, copied; undefined when there are none. */
  read(ref: SeriesRef, startMs: number, endMs: number): SeriesSamples | undefined {
    const memory = this.memory;
    let chunk = this.table.page(ref)!.newest[ref & PAGE_MASK]!;
    let room = 0;
    let from = 0;
    for (; chunk !== 0 && chunkLastMs(memory, chunk) >= startMs; chunk = previousChunk(memory, chunk)) {
      if (chunkFirstMs(memory, chunk) > endMs) continue;
      from = chunk;
      room += chunkSamples(memory, chunk);
    }
    const late = this.#late.get(ref);
    if (late !== undefined) room += late.samplesMax(startMs, endMs);
    if (room === 0) return undefined;
    if (room > this.#timestamps.length) {
      this.#timestamps = new Float64Array(2 * room);
      this.#values = new Uint32Array(4 * room);
    }
    const timestamps = this.#timestamps;
    const values = this.#values;
    let count = 0;
    for (
      chunk = from;
      chunk !== 0 && chunkFirstMs(memory, chunk) <= endMs;
      chunk = nextChunk(memory, chunk)
    ) {
      count = readChunk(memory, chunk, startMs, endMs, timestamps, values, count);
    }
    if (late !== undefined) {
      const ordered = count;
      count = late.read(startMs, endMs, timestamps, values, count);
      if (count > ordered) return sorted(timestamps, values, count);
    }
    if (count === 0) return undefined;
    return {
      timestamps: timestamps.slice(0, count),
      values: new Float64Array(values.slice(0, 2 * count).buffer),
    };
  }

  /** Whether the series has a sample in the range. */
  hasSamples(ref: SeriesRef, startMs: number, endMs: number): boolean {
    const memory = this.memory;
    let chunk = this.table.page(ref)!.newest[ref & PAGE_MASK]!;
    for (; chunk !== 0; chunk = previousChunk(memory, chunk)) {
      const lastMs = chunkLastMs(memory, chunk);
      if (lastMs < startMs) break;
      const firstMs = chunkFirstMs(memory, chunk);
      if (firstMs > endMs) continue;
      if (firstMs >= startMs || lastMs <= endMs) return true;
      if (readChunk(memory, chunk, startMs, endMs, this.#timestamps, this.#values, 0) > 0) return true;
    }
    return this.#late.has(ref) && this.read(ref, startMs, endMs) !== undefined;
  }

  /**
   * Drops chunks whose samples are all older than `floorMs` from the series with numbers from `from` up to
   * `to`. A series without samples leaves the index; its labels and number are forgotten when nobody has
   * appended to it or asked for it since `idleSinceMs` either. Returns the time of the oldest sample left.
   */
  prune(floorMs: number, idleSinceMs: number, from: SeriesRef, to: SeriesRef): number {
    const memory = this.memory;
    const empty = new Set<SeriesRef>();
    const idle: SeriesRef[] = [];
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const ref of this.table.refs(from, to)) {
      const page = this.table.page(ref)!;
      const at = ref & PAGE_MASK;
      this.#pruneLate(ref, floorMs);
      let chunk = page.oldest[at]!;
      while (chunk !== 0 && chunkLastMs(memory, chunk) < floorMs) {
        const next = nextChunk(memory, chunk);
        freeChunk(memory, chunk);
        this.#chunks--;
        chunk = next;
      }
      if (chunk !== page.oldest[at]) {
        page.oldest[at] = chunk;
        if (chunk === 0) page.newest[at] = 0;
        else linkChunks(memory, 0, chunk);
      }
      if (chunk !== 0) {
        oldestMs = Math.min(oldestMs, chunkFirstMs(memory, chunk), this.#late.get(ref)?.oldestMs ?? oldestMs);
        continue;
      }
      if (page.indexed[at] === 1) {
        page.indexed[at] = 0;
        empty.add(ref);
      }
      if (page.usedMinute[at]! * 60_000 < idleSinceMs) idle.push(ref);
    }
    this.index.removeAll(empty);
    for (const ref of idle) this.table.forget(ref);
    return oldestMs;
  }

  #pruneLate(ref: SeriesRef, floorMs: number): void {
    const late = this.#late.get(ref);
    if (late === undefined) return;
    const chunks = late.chunks;
    late.prune(floorMs);
    this.#chunks += late.chunks - chunks;
    if (!late.isEmpty) return;
    this.#lateHeapBytes -= late.heapBytes;
    this.#late.delete(ref);
  }
}

/** Samples whose places are touched together: 64 lines of headers and of ends are 8 KiB, within the first cache. */
const GATHER = 64;

/** A chunk of the chain went to another place in memory. */
function moved(page: SeriesPage, at: number, from: number, to: number): void {
  if (page.oldest[at] === from) page.oldest[at] = to;
  page.newest[at] = to;
}

function sorted(timestamps: Float64Array, values: Uint32Array, count: number): SeriesSamples {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  order.sort((a, b) => timestamps[a]! - timestamps[b]!);
  const sortedTimestamps = new Float64Array(count);
  const words = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const from = order[i]!;
    sortedTimestamps[i] = timestamps[from]!;
    words[2 * i] = values[2 * from]!;
    words[2 * i + 1] = values[2 * from + 1]!;
  }
  return { timestamps: sortedTimestamps, values: new Float64Array(words.buffer) };
}
