// A table from the label bytes of a series to the host's number. `model/write-series-table.ts` reserves its
// regions, bounds it and has the same layout:
//
//   header   0 address of the index   4 capacity in entries, a power of two or 0   8 entries
//            12 the entry found last, or NONE   16 seed of the hash (64 bits)
//   index    capacity entries of 24 bytes, then 2 × capacity slots of 4 bytes (an entry, or NONE when free)
//   entry    0 hash (64 bits)   8 address of the key   12 its length   16 number
//            20 the entry that was found after this one last time, or NONE
//
// Keys lie in blocks of their own and never move. Slots are probed one after the other; as at most half are
// taken, every probe ends.

const CAPACITY: usize = 4;
const SIZE: usize = 8;
const LAST: usize = 12;
const SEED: usize = 16;

const ENTRY_BYTES: usize = 24;
const KEY: usize = 8;
const KEY_LENGTH: usize = 12;
const NUMBER: usize = 16;
const FOLLOWER: usize = 20;

/** No entry, no number. */
export const NONE: u32 = 0xffffffff;

// In halves, because no number of JavaScript, which the linter reads this as, holds them whole.
const PRIME_1: u64 = ((<u64>0x9e3779b1) << 32) | 0x85ebca87;
const PRIME_2: u64 = ((<u64>0xc2b2ae3d) << 32) | 0x27d4eb4f;

/** The number of a key, or NONE. */
export function seriesFind(table: usize, key: usize, length: usize): u32 {
  const capacity = load<u32>(table, CAPACITY);
  if (capacity === 0) return NONE;
  const index: usize = load<u32>(table);
  const slots = slotsOf(index, capacity);
  const mask = 2 * capacity - 1;
  const hash = hashOf(load<u64>(table, SEED), key, length);
  let slot = <u32>hash & mask;
  let number = load<u32>(slots + 4 * slot);
  while (number !== NONE) {
    const entry = index + ENTRY_BYTES * number;
    if (load<u64>(entry) === hash && hasKey(entry, key, length)) {
      follow(table, number);
      return load<u32>(entry, NUMBER);
    }
    slot = (slot + 1) & mask;
    number = load<u32>(slots + 4 * slot);
  }
  return NONE;
}

/**
 * Senders repeat their series in the same order: the entry that is expected after the one found last, if the
 * bytes from `at` begin with its key. Its address, or 0. The caller says with `seriesTake` that it was right.
 */
export function seriesGuess(table: usize, at: usize, end: usize): usize {
  const last = load<u32>(table, LAST);
  if (last === NONE) return 0;
  const index: usize = load<u32>(table);
  const guess = load<u32>(index + ENTRY_BYTES * last, FOLLOWER);
  if (guess === NONE) return 0;
  const entry = index + ENTRY_BYTES * guess;
  const length: usize = load<u32>(entry, KEY_LENGTH);
  return length <= end - at && hasKey(entry, at, length) ? entry : 0;
}

export function seriesKeyLength(entry: usize): usize {
  return load<u32>(entry, KEY_LENGTH);
}

/** The number of an entry that `seriesGuess` gave. */
export function seriesTake(table: usize, entry: usize): u32 {
  store<u32>(table, <u32>((entry - <usize>load<u32>(table)) / ENTRY_BYTES), LAST);
  return load<u32>(entry, NUMBER);
}

/**
 * Adds a key that `seriesFind` does not know, and copies it to `target`. The host has seen to it that the
 * index has room for an entry and the target for the key.
 */
export function seriesAdd(table: usize, key: usize, length: usize, target: usize, number: u32): void {
  const size = load<u32>(table, SIZE);
  const index: usize = load<u32>(table);
  const entry = index + ENTRY_BYTES * size;
  memory.copy(target, key, length);
  store<u64>(entry, hashOf(load<u64>(table, SEED), key, length));
  store<u32>(entry, <u32>target, KEY);
  store<u32>(entry, <u32>length, KEY_LENGTH);
  store<u32>(entry, number, NUMBER);
  store<u32>(entry, NONE, FOLLOWER);
  store<u32>(table, size + 1, SIZE);
  settle(index, load<u32>(table, CAPACITY), size);
  follow(table, size);
}

/** Moves all entries to an index of another capacity, not smaller than their number. */
export function seriesMove(table: usize, index: usize, capacity: u32): void {
  const size = load<u32>(table, SIZE);
  memory.copy(index, load<u32>(table), ENTRY_BYTES * size);
  memory.fill(slotsOf(index, capacity), 0xff, 8 * <usize>capacity);
  store<u32>(table, <u32>index);
  store<u32>(table, capacity, CAPACITY);
  for (let entry: u32 = 0; entry < size; entry++) settle(index, capacity, entry);
}

function slotsOf(index: usize, capacity: u32): usize {
  return index + ENTRY_BYTES * <usize>capacity;
}

/** Puts an entry into the first free slot from its own on. */
function settle(index: usize, capacity: u32, number: u32): void {
  const slots = slotsOf(index, capacity);
  const mask = 2 * capacity - 1;
  let slot = load<u32>(index + ENTRY_BYTES * number) & mask;
  while (load<u32>(slots + 4 * slot) !== NONE) slot = (slot + 1) & mask;
  store<u32>(slots + 4 * slot, number);
}

function follow(table: usize, number: u32): void {
  const last = load<u32>(table, LAST);
  if (last !== NONE) store<u32>(<usize>load<u32>(table) + ENTRY_BYTES * last, number, FOLLOWER);
  store<u32>(table, number, LAST);
}

/** Compares 16 bytes a step; the last step of a key that is no multiple of 16 overlaps the one before. */
function hasKey(entry: usize, at: usize, length: usize): bool {
  if (seriesKeyLength(entry) !== length) return false;
  let key: usize = load<u32>(entry, KEY);
  if (length < 16) {
    for (const end = at + length; at < end; at++, key++) if (load<u8>(at) !== load<u8>(key)) return false;
    return true;
  }
  const lastAt = at + length - 16;
  const lastKey = key + length - 16;
  for (; at < lastAt; at += 16, key += 16)
    if (v128.any_true(v128.xor(v128.load(at), v128.load(key)))) return false;
  return !v128.any_true(v128.xor(v128.load(lastAt), v128.load(lastKey)));
}

/** xxHash64's primes and finish; four lanes of 8 bytes a step, because one lane would wait for its multiply. */
function hashOf(seed: u64, at: usize, length: usize): u64 {
  const end = at + length;
  let hash = seed ^ (<u64>length * PRIME_1);
  if (length >= 32) {
    let a = seed + PRIME_1;
    let b = seed ^ PRIME_2;
    let c = ~seed;
    let d = seed - PRIME_1;
    for (; end - at >= 32; at += 32) {
      a = mix(a, load<u64>(at));
      b = mix(b, load<u64>(at, 8));
      c = mix(c, load<u64>(at, 16));
      d = mix(d, load<u64>(at, 24));
    }
    hash = mix(mix(mix(mix(hash, a), b), c), d);
  }
  for (; end - at >= 8; at += 8) hash = mix(hash, load<u64>(at));
  for (; at < end; at++) hash = mix(hash, load<u8>(at));
  hash = (hash ^ (hash >> 33)) * PRIME_2;
  hash = (hash ^ (hash >> 29)) * PRIME_1;
  return hash ^ (hash >> 32);
}

function mix(hash: u64, word: u64): u64 {
  return rotl<u64>(hash ^ (word * PRIME_2), 31) * PRIME_1;
}
