/** Series a table knows before it starts anew: twice what a very large cluster's collector sends. */
const SERIES_MAX = 1_000_000;
/** Label bytes a table keeps: at the usual 264 bytes, as many series. */
const KEY_BYTES_MAX = 256 * 2 ** 20;

const NONE = 0xffffffff;

/**
 * Maps the bytes that name a series, exactly as a target wrote them, to the caller's number. A series seen
 * before costs one comparison of bytes and makes no string.
 *
 * Targets repeat their series in the same order, so each entry remembers which one followed it last time:
 * when the guess is right nothing is hashed. Otherwise the bytes are hashed to 32 bits and looked up in an
 * open-addressing table. Bytes are always compared, so a collision costs time and never mixes two series.
 *
 * When a bound is reached the table is cleared: what it knew is asked for again, nothing is lost.
 */
export class RawSeriesTable {
  readonly #seriesMax: number;
  readonly #keyBytesMax: number;
  /** Not to be guessed, so that nobody can write labels that all meet in one slot. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32);
  /** Entry number per slot, NONE when free; at most half are taken. */
  #slots = new Uint32Array(0);
  /** Per entry: hash, where its key starts and how long it is, the caller's number, which entry came next. */
  #hashes = new Uint32Array(0);
  #keyStarts = new Uint32Array(0);
  #keyLengths = new Uint32Array(0);
  #numbers = new Uint32Array(0);
  #followers = new Uint32Array(0);
  #keys = new DataView(new ArrayBuffer(0));
  #keyBytes = 0;
  #size = 0;
  #last = NONE;
  /** How often a bound was reached. A number that rises says that the bound is too small. */
  #clears = 0;

  constructor(limits: { readonly seriesMax?: number; readonly keyBytesMax?: number } = {}) {
    this.#seriesMax = limits.seriesMax ?? SERIES_MAX;
    this.#keyBytesMax = limits.keyBytesMax ?? KEY_BYTES_MAX;
    this.#reset();
  }

  get size(): number {
    return this.#size;
  }

  get clears(): number {
    return this.#clears;
  }

  /** The number set for the bytes [start, end), or -1. */
  find(body: DataView, start: number, end: number): number {
    const last = this.#last;
    if (last !== NONE) {
      const guess = this.#followers[last]!;
      if (guess !== NONE && this.#equals(guess, body, start, end)) {
        this.#last = guess;
        return this.#numbers[guess]!;
      }
    }
    const hash = hashBytes(this.#seed, body, start, end);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!;
      if (entry === NONE) return -1;
      if (this.#hashes[entry] === hash && this.#equals(entry, body, start, end)) {
        if (last !== NONE) this.#followers[last] = entry;
        this.#last = entry;
        return this.#numbers[entry]!;
      }
    }
  }

  /** Remembers bytes that `find` did not know. `number` is an integer from 0 to 2^32 - 2. */
  add(body: DataView, start: number, end: number, number: number): void {
    const length = end - start;
    if (length > this.#keyBytesMax) return;
    if (this.#size >= this.#seriesMax || this.#keyBytes + length > this.#keyBytesMax) this.clear();
    this.#reserve(length);
    const entry = this.#size++;
    const hash = hashBytes(this.#seed, body, start, end);
    this.#hashes[entry] = hash;
    this.#keyStarts[entry] = this.#keyBytes;
    this.#keyLengths[entry] = length;
    this.#numbers[entry] = number;
    this.#followers[entry] = NONE;
    const source = new Uint8Array(body.buffer, body.byteOffset + start, length);
    new Uint8Array(this.#keys.buffer).set(source, this.#keyBytes);
    this.#keyBytes += length;
    this.#take(hash, entry);
    if (this.#last !== NONE) this.#followers[this.#last] = entry;
    this.#last = entry;
  }

  /** Forgets everything: for the bounds, and for a caller whose numbers are no longer valid. */
  clear(): void {
    this.#clears++;
    this.#reset();
  }

  #reset(): void {
    this.#size = 0;
    this.#keyBytes = 0;
    this.#last = NONE;
    this.#resizeEntries(64);
    this.#keys = new DataView(new ArrayBuffer(16 * 1024));
  }

  #equals(entry: number, body: DataView, start: number, end: number): boolean {
    const length = end - start;
    if (this.#keyLengths[entry] !== length) return false;
    const keys = this.#keys;
    let at = this.#keyStarts[entry]!;
    let i = start;
    for (; i + 4 <= end; i += 4, at += 4)
      if (keys.getInt32(at, true) !== body.getInt32(i, true)) return false;
    for (; i < end; i++, at++) if (keys.getUint8(at) !== body.getUint8(i)) return false;
    return true;
  }

  #take(hash: number, entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== NONE) slot = (slot + 1) & mask;
    this.#slots[slot] = entry;
  }

  #reserve(keyLength: number): void {
    if (this.#size === this.#hashes.length) this.#resizeEntries(2 * this.#hashes.length);
    const needed = this.#keyBytes + keyLength;
    if (needed <= this.#keys.byteLength) return;
    const larger = new Uint8Array(Math.max(needed, Math.min(this.#keyBytesMax, 2 * this.#keys.byteLength)));
    larger.set(new Uint8Array(this.#keys.buffer, 0, this.#keyBytes));
    this.#keys = new DataView(larger.buffer);
  }

  #resizeEntries(capacity: number): void {
    this.#hashes = resized(this.#hashes, capacity, this.#size);
    this.#keyStarts = resized(this.#keyStarts, capacity, this.#size);
    this.#keyLengths = resized(this.#keyLengths, capacity, this.#size);
    this.#numbers = resized(this.#numbers, capacity, this.#size);
    this.#followers = resized(this.#followers, capacity, this.#size);
    this.#slots = new Uint32Array(2 * capacity).fill(NONE);
    for (let entry = 0; entry < this.#size; entry++) this.#take(this.#hashes[entry]!, entry);
  }
}

function resized(column: Uint32Array, capacity: number, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(capacity);
  larger.set(column.subarray(0, length));
  return larger;
}

/** Four bytes a step; murmur's constants and finish. */
function hashBytes(seed: number, body: DataView, start: number, end: number): number {
  let hash = seed ^ (end - start);
  let i = start;
  for (; i + 4 <= end; i += 4) {
    hash = Math.imul(hash ^ Math.imul(body.getInt32(i, true), 0xcc9e2d51), 0x1b873593);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ body.getUint8(i), 0x1b873593);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash >>> 0;
}
