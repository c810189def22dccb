import {
  BITS,
  CHUNK_SAMPLES_MAX,
  COUNT,
  HEADER_BYTES,
  HEADER_WORDS,
  LAST_DELTA,
  LAST_HIGH,
  LAST_LOW,
  LAST_MS,
  PACKING,
  SIZE,
} from './chunk.ts';
import type { ChunkMemory } from './chunk-memory.ts';

/** 4 + 64 bits of time and 2 + 5 + 6 + 64 of value. */
const SAMPLE_BITS_MAX = 145;

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

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
