import { COUNT, FIRST_MS, HEADER_WORDS } from './chunk.ts';
import type { ChunkMemory } from './chunk-memory.ts';

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

const scratchDouble = new Float64Array(1);
const scratchWords = new Uint32Array(scratchDouble.buffer);

/** The next 32 bits after a bit position; the sign tells the first of them. */
function readBits(words: Uint32Array, base: number, bit: number): number {
  const word = base + (bit >>> 5);
  const offset = bit & 31;
  return offset === 0 ? words[word]! | 0 : (words[word]! << offset) | (words[word + 1]! >>> (32 - offset));
}
