import { type ChunkMemory, REGION_BYTES_MAX } from './chunk-memory.ts';

/**
 * A chunk holds up to 240 samples of one series (an hour at 15 s) in order of time, lossless: timestamps as
 * deltas of deltas, values by XOR with the one before (Gorilla; Pelkonen et al. 2015), all as 32-bit words,
 * most significant bit first. Values are only ever words here: a NaN keeps its payload.
 *
 *   byte  0  u32  next chunk of the series, newer (8-byte words, 0 = none)
 *         4  u32  previous chunk, older
 *         8  f64  first timestamp, ms
 *        16  f64  last timestamp, ms
 *        24  u32  samples
 *        28  u32  size of the region, bytes
 *        32  u32  bits used
 *        36  u32  how the last value was packed: leading zeros | significant bits << 8
 *        40  f64  last delta between timestamps, ms
 *        48  u32  last value, low word
 *        52  u32  last value, high word
 *        56       the bits; the first value stands whole, its timestamp is in the header
 *
 * A sample is the change of the delta, then the value:
 *   timestamp  0                         the delta is as before
 *              10    +  7 bits           -64 … 63 ms: jitter
 *              110   + 20 bits           up to ±524 s
 *              1110  + 32 bits           up to ±24 days
 *              1111  + 64 bits           the timestamp itself, as a double
 *   value      0                         as before
 *              10    + bits              in the place of the last packed bits
 *              11    + 5 + 6 + bits      leading zeros, how many bits (0 = 64), the bits
 */
export const HEADER_BYTES = 56;
export const HEADER_WORDS = HEADER_BYTES / 4;
const NEXT = 0;
const PREVIOUS = 1;
export const FIRST_MS = 1; // in doubles
export const LAST_MS = 2; // in doubles
export const COUNT = 6;
export const SIZE = 7;
export const BITS = 8;
export const PACKING = 9;
export const LAST_DELTA = 5; // in doubles
export const LAST_LOW = 12;
export const LAST_HIGH = 13;

export const CHUNK_SAMPLES_MAX = 240;
/** Doubled until the chunk is closed; then it is cut to what it holds. */
const FIRST_SIZE_BYTES = 128;

/** Makes a chunk with its first sample. */
export function createChunk(memory: ChunkMemory, timestampMs: number, low: number, high: number): number {
  const at = memory.allocate(FIRST_SIZE_BYTES);
  const word = 2 * at;
  memory.doubles[at + FIRST_MS] = timestampMs;
  memory.doubles[at + LAST_MS] = timestampMs;
  const words = memory.words;
  words[word + COUNT] = 1;
  words[word + SIZE] = FIRST_SIZE_BYTES;
  words[word + LAST_LOW] = low;
  words[word + LAST_HIGH] = high;
  words[word + HEADER_WORDS] = high;
  words[word + HEADER_WORDS + 1] = low;
  words[word + BITS] = 64;
  return at;
}

/** Gives a chunk that had no room twice as much; returns where it is now, or 0 when it is full. */
export function growChunk(memory: ChunkMemory, at: number): number {
  const words = memory.words;
  const sizeBytes = words[2 * at + SIZE]!;
  const isFull = words[2 * at + COUNT]! >= CHUNK_SAMPLES_MAX || sizeBytes >= REGION_BYTES_MAX;
  return isFull ? 0 : move(memory, at, sizeBytes * 2);
}

/** Cuts a chunk that gets no more samples to the size it needs. Returns where it is now. */
export function closeChunk(memory: ChunkMemory, at: number): number {
  const word = 2 * at;
  const needed = HEADER_BYTES + 4 * ((memory.words[word + BITS]! + 31) >>> 5);
  const rounded = (needed + 63) & ~63;
  return rounded < memory.words[word + SIZE]! ? move(memory, at, rounded) : at;
}

function move(memory: ChunkMemory, from: number, sizeBytes: number): number {
  const to = memory.allocate(sizeBytes);
  const words = memory.words;
  const oldBytes = words[2 * from + SIZE]!;
  words.copyWithin(2 * to, 2 * from, 2 * from + Math.min(oldBytes, sizeBytes) / 4);
  words[2 * to + SIZE] = sizeBytes;
  const previous = words[2 * to + PREVIOUS]!;
  const next = words[2 * to + NEXT]!;
  if (previous !== 0) words[2 * previous + NEXT] = to;
  if (next !== 0) words[2 * next + PREVIOUS] = to;
  memory.free(from, oldBytes);
  return to;
}

export function chunkFirstMs(memory: ChunkMemory, at: number): number {
  return memory.doubles[at + FIRST_MS]!;
}

export function chunkLastMs(memory: ChunkMemory, at: number): number {
  return memory.doubles[at + LAST_MS]!;
}

/** The word where the next sample's bits go. */
export function chunkEndWord(words: Uint32Array, at: number): number {
  return 2 * at + HEADER_WORDS + (words[2 * at + BITS]! >>> 5);
}

export function chunkSamples(memory: ChunkMemory, at: number): number {
  return memory.words[2 * at + COUNT]!;
}

/** Whether the last sample has exactly this value. */
export function lastValueIs(memory: ChunkMemory, at: number, low: number, high: number): boolean {
  const word = 2 * at;
  return memory.words[word + LAST_LOW] === low && memory.words[word + LAST_HIGH] === high;
}

export function nextChunk(memory: ChunkMemory, at: number): number {
  return memory.words[2 * at + NEXT]!;
}

export function previousChunk(memory: ChunkMemory, at: number): number {
  return memory.words[2 * at + PREVIOUS]!;
}

export function linkChunks(memory: ChunkMemory, older: number, newer: number): void {
  if (older !== 0) memory.words[2 * older + NEXT] = newer;
  if (newer !== 0) memory.words[2 * newer + PREVIOUS] = older;
}

export function freeChunk(memory: ChunkMemory, at: number): void {
  memory.free(at, memory.words[2 * at + SIZE]!);
}
