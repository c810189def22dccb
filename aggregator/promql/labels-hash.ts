import type { Labels } from '../../model/labels.ts';

const MASK = 0xffffffffffffffffn;
const PRIME_1 = 11400714785074694791n;
const PRIME_2 = 14029467366897019727n;
const PRIME_3 = 1609587929392839161n;
const PRIME_4 = 9650029242287828579n;
const PRIME_5 = 2870177450012600261n;

/**
 * The hash that Prometheus has of labels: xxHash64 over names and values in turn, each behind its length (one
 * byte, or 255 and three bytes from 255 on). It decides what limit_ratio shows.
 */
export function labelsHash(labels: Labels): bigint {
  const parts: Uint8Array[] = [];
  for (const pair of labels)
    for (const text of pair) {
      const bytes = Buffer.from(text);
      const n = bytes.length;
      parts.push(n < 255 ? Uint8Array.of(n) : Uint8Array.of(255, n & 255, (n >> 8) & 255, (n >> 16) & 255));
      parts.push(bytes);
    }
  return xxHash64(Buffer.concat(parts));
}

export function xxHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  let at = 0;
  let hash: bigint;
  if (length >= 32) {
    const lanes = [(PRIME_1 + PRIME_2) & MASK, PRIME_2, 0n, -PRIME_1 & MASK];
    for (; at + 32 <= length; at += 32)
      for (let lane = 0; lane < 4; lane++)
        lanes[lane] = round(lanes[lane]!, view.getBigUint64(at + 8 * lane, true));
    hash = rotate(lanes[0]!, 1n) + rotate(lanes[1]!, 7n) + rotate(lanes[2]!, 12n) + rotate(lanes[3]!, 18n);
    hash &= MASK;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * PRIME_1 + PRIME_4) & MASK;
  } else hash = PRIME_5;
  hash = (hash + BigInt(length)) & MASK;
  for (; at + 8 <= length; at += 8) {
    hash ^= round(0n, view.getBigUint64(at, true));
    hash = (rotate(hash, 27n) * PRIME_1 + PRIME_4) & MASK;
  }
  if (at + 4 <= length) {
    hash ^= (BigInt(view.getUint32(at, true)) * PRIME_1) & MASK;
    hash = (rotate(hash, 23n) * PRIME_2 + PRIME_3) & MASK;
    at += 4;
  }
  for (; at < length; at++) {
    hash ^= (BigInt(bytes[at]!) * PRIME_5) & MASK;
    hash = (rotate(hash, 11n) * PRIME_1) & MASK;
  }
  hash = ((hash ^ (hash >> 33n)) * PRIME_2) & MASK;
  hash = ((hash ^ (hash >> 29n)) * PRIME_3) & MASK;
  return hash ^ (hash >> 32n);
}

function round(lane: bigint, input: bigint): bigint {
  return (rotate((lane + input * PRIME_2) & MASK, 31n) * PRIME_1) & MASK;
}

function rotate(x: bigint, bits: bigint): bigint {
  return ((x << bits) | (x >> (64n - bits))) & MASK;
}
