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
const HEADER_BYTES = 56;
const HEADER_WORDS = HEADER_BYTES / 4;
const NEXT = 0;
const PREVIOUS = 1;
const FIRST_MS = 1; // in doubles
const LAST_MS = 2; // in doubles
const COUNT = 6;
const SIZE = 7;
const BITS = 8;
const PACKING = 9;
const LAST_DELTA = 5; // in doubles
const LAST_LOW = 12;
const LAST_HIGH = 13;

export const CHUNK_SAMPLES_MAX = 240;
/** Doubled until the chunk is closed; then it is cut to what it holds. */
const FIRST_SIZE_BYTES = 128;
/** 4 + 64 bits of time and 2 + 5 + 6 + 64 of value. */
const SAMPLE_BITS_MAX = 145;

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
  const rounded = (needed + 31) & ~31;
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

/** Adds a sample later than all of the chunk; false when the chunk has no room for it. */
export function tryAppend(
  memory: ChunkMemory,
  at: number,
  timestampMs: number,
  low: number,
  high: number,
): boolean {
  const words = memory.words;
  const doubles = memory.doubles;
  const word = 2 * at;
  const base = word + HEADER_WORDS;
  const count = words[word + COUNT]!;
  let bit = words[word + BITS]!;
  if (count >= CHUNK_SAMPLES_MAX || bit + SAMPLE_BITS_MAX > (words[word + SIZE]! - HEADER_BYTES) * 8)
    return false;

  const delta = timestampMs - doubles[at + LAST_MS]!;
  const change = delta - doubles[at + LAST_DELTA]!;
  if (change === 0) bit += 1;
  else if (change >= -64 && change < 64) {
    writeBits(words, base, bit, (0b10 << 7) | (change & 0x7f), 9);
    bit += 9;
  } else if (change >= -524_288 && change < 524_288) {
    writeBits(words, base, bit, (0b110 << 20) | (change & 0xfffff), 23);
    bit += 23;
  } else if (change >= -2_147_483_648 && change < 2_147_483_648) {
    writeBits(words, base, bit, 0b1110, 4);
    writeBits(words, base, bit + 4, change | 0, 32);
    bit += 36;
  } else {
    scratchDouble[0] = timestampMs;
    writeBits(words, base, bit, 0b1111, 4);
    writeBits(words, base, bit + 4, scratchWords[1]!, 32);
    writeBits(words, base, bit + 36, scratchWords[0]!, 32);
    bit += 68;
  }
  doubles[at + LAST_MS] = timestampMs;
  doubles[at + LAST_DELTA] = delta;

  const xorLow = low ^ words[word + LAST_LOW]!;
  const xorHigh = high ^ words[word + LAST_HIGH]!;
  if ((xorLow | xorHigh) === 0) bit += 1;
  else {
    const zeros = xorHigh !== 0 ? Math.clz32(xorHigh) : 32 + Math.clz32(xorLow);
    const leading = Math.min(zeros, 31);
    const trailing = xorLow !== 0 ? trailingZeros(xorLow) : 32 + trailingZeros(xorHigh);
    const packing = words[word + PACKING]!;
    let usedLeading = packing & 0xff;
    let significant = packing >>> 8;
    if (significant !== 0 && leading >= usedLeading && trailing >= 64 - usedLeading - significant) {
      writeBits(words, base, bit, 0b10, 2);
      bit += 2;
    } else {
      usedLeading = leading;
      significant = 64 - leading - trailing;
      writeBits(words, base, bit, (0b11 << 11) | (leading << 6) | (significant & 63), 13);
      bit += 13;
      words[word + PACKING] = leading | (significant << 8);
    }
    // The significant bits of the 64, moved down: high part first.
    const shift = 64 - usedLeading - significant;
    if (significant > 32) {
      writeBits(words, base, bit, shift === 0 ? xorHigh : xorHigh >>> shift, significant - 32);
      writeBits(
        words,
        base,
        bit + significant - 32,
        shift === 0 ? xorLow : (xorHigh << (32 - shift)) | (xorLow >>> shift),
        32,
      );
    } else {
      const bits =
        shift >= 32
          ? xorHigh >>> (shift - 32)
          : shift === 0
            ? xorLow
            : (xorHigh << (32 - shift)) | (xorLow >>> shift);
      writeBits(words, base, bit, bits, significant);
    }
    bit += significant;
    words[word + LAST_LOW] = low;
    words[word + LAST_HIGH] = high;
  }
  words[word + BITS] = bit;
  words[word + COUNT] = count + 1;
  return true;
}

/**
 * Writes the chunk's samples with startMs ≤ time ≤ endMs to the columns from `index` on; values go to
 * `values` as pairs of words (low, high). Returns the index after the last.
 */
export function readChunk(
  memory: ChunkMemory,
  at: number,
  startMs: number,
  endMs: number,
  timestamps: Float64Array,
  values: Uint32Array,
  index: number,
): number {
  const words = memory.words;
  const word = 2 * at;
  const count = words[word + COUNT]!;
  const base = word + HEADER_WORDS;
  let bit = 0;
  let timestampMs = memory.doubles[at + FIRST_MS]!;
  let delta = 0;
  let high = readBits(words, base, bit);
  let low = readBits(words, base, bit + 32);
  bit += 64;
  let leading = 0;
  let significant = 0;
  for (let i = 0; ; ) {
    if (timestampMs > endMs) break;
    if (timestampMs >= startMs) {
      timestamps[index] = timestampMs;
      values[2 * index] = low;
      values[2 * index + 1] = high;
      index++;
    }
    if (++i >= count) break;

    // One word tells which of the forms comes: at most 4 + 20 bits are taken from it.
    const control = readBits(words, base, bit);
    if (control >= 0) {
      bit += 1;
      timestampMs += delta;
    } else if (control >>> 30 === 0b10) {
      delta += (control << 2) >> 25;
      bit += 9;
      timestampMs += delta;
    } else if (control >>> 29 === 0b110) {
      delta += (control << 3) >> 12;
      bit += 23;
      timestampMs += delta;
    } else if (control >>> 28 === 0b1110) {
      delta += readBits(words, base, bit + 4);
      bit += 36;
      timestampMs += delta;
    } else {
      scratchWords[1] = readBits(words, base, bit + 4);
      scratchWords[0] = readBits(words, base, bit + 36);
      delta = scratchDouble[0]! - timestampMs;
      timestampMs = scratchDouble[0]!;
      bit += 68;
    }

    const form = readBits(words, base, bit);
    if (form >= 0) {
      bit += 1;
      continue;
    }
    if (form >>> 30 === 0b11) {
      leading = (form >>> 25) & 31;
      significant = (form >>> 19) & 63;
      if (significant === 0) significant = 64;
      bit += 13;
    } else bit += 2;
    const shift = 64 - leading - significant;
    let bitsHigh = 0;
    let bitsLow: number;
    if (significant > 32) {
      bitsHigh = readBits(words, base, bit) >>> (64 - significant);
      bitsLow = readBits(words, base, bit + significant - 32);
    } else bitsLow = readBits(words, base, bit) >>> (32 - significant);
    bit += significant;
    if (shift === 0) {
      high ^= bitsHigh;
      low ^= bitsLow;
    } else if (shift < 32) {
      high ^= (bitsHigh << shift) | (bitsLow >>> (32 - shift));
      low ^= bitsLow << shift;
    } else high ^= bitsLow << (shift - 32);
  }
  return index;
}

export function chunkFirstMs(memory: ChunkMemory, at: number): number {
  return memory.doubles[at + FIRST_MS]!;
}

export function chunkLastMs(memory: ChunkMemory, at: number): number {
  return memory.doubles[at + LAST_MS]!;
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

const scratchDouble = new Float64Array(1);
const scratchWords = new Uint32Array(scratchDouble.buffer);

/** Sets `count` (1 … 32) bits at a bit position after a word; what is written over was zero. */
function writeBits(words: Uint32Array, base: number, bit: number, bits: number, count: number): void {
  const word = base + (bit >>> 5);
  const room = 32 - (bit & 31);
  if (count < 32) bits &= (1 << count) - 1;
  if (count <= room) words[word]! |= bits << (room - count);
  else {
    words[word]! |= bits >>> (count - room);
    words[word + 1] = bits << (32 + room - count);
  }
}

/** The next 32 bits after a bit position; the sign tells the first of them. */
function readBits(words: Uint32Array, base: number, bit: number): number {
  const word = base + (bit >>> 5);
  const offset = bit & 31;
  return offset === 0 ? words[word]! | 0 : (words[word]! << offset) | (words[word + 1]! >>> (32 - offset));
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
