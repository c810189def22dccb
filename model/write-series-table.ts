import { kernel, kernelBytes, NO_REGION, type Region, reserve } from './kernel/kernel.ts';
import { RegionPool } from './kernel/region-pool.ts';

/** Series a table knows before it starts anew: twice what a very large cluster's collector sends. */
const SERIES_MAX = 1_000_000;
/** Label bytes a table keeps: at the usual 264 bytes, as many series. */
const KEY_BYTES_MAX = 256 * 2 ** 20;
/** All tables of a thread, half of the kernels' memory: 7 million series of 264 bytes and their index. */
const TABLES_BYTES_MAX = 2 ** 31;

/** Keys are laid into blocks; a longer one is not kept, and is beyond what any sender's limits allow. */
const KEY_BLOCK_BYTES = 65_536;
/** An entry of 24 bytes and two slots of 4; `assembly/series-table.ts` has the layout. */
const INDEX_BYTES_PER_ENTRY = 32;
const ENTRIES_MIN = 64;

/** The words of the header. */
const INDEX = 0;
const CAPACITY = 1;
const SIZE = 2;
const LAST = 3;
const SEED = 4;
const HEADER_BYTES = 64;

const NONE = 0xffffffff;

const pool = new RegionPool(TABLES_BYTES_MAX);

/**
 * Maps the label bytes of a series, exactly as a sender of remote write wrote them, to the caller's number.
 * It lies in the kernels' memory, beside the body that the kernel reads: a series seen before costs one
 * comparison of bytes. Keys are addresses there.
 *
 * Bytes are always compared, so that a hash that meets another costs time and never mixes two series. When a
 * bound is reached the table is cleared: what it knew is asked for again, nothing is lost.
 */
export class WriteSeriesTable {
  readonly #seriesMax: number;
  readonly #keyBytesMax: number;
  readonly #lease = pool.lease(this);
  readonly #header: Region;
  #index = NO_REGION;
  #keyBlocks: Region[] = [];
  /** Of the last block. */
  #blockUsedBytes = 0;
  #keyBytes = 0;
  #clears = 0;

  constructor(limits: { readonly seriesMax?: number; readonly keyBytesMax?: number } = {}) {
    this.#seriesMax = limits.seriesMax ?? SERIES_MAX;
    this.#keyBytesMax = limits.keyBytesMax ?? KEY_BYTES_MAX;
    // A table that has nothing but its header finds nothing, which is slow and right.
    const sizeBytes = HEADER_BYTES;
    this.#header = this.#lease.take(sizeBytes) ?? { address: reserve(sizeBytes), sizeBytes };
    const words = this.#words();
    words.fill(0);
    words[LAST] = NONE;
    // Not to be guessed, so that nobody can write labels that all meet in one slot.
    words.set(crypto.getRandomValues(new Uint32Array(2)), SEED);
  }

  /** Of the header, for the kernel. */
  get address(): number {
    return this.#header.address;
  }

  get size(): number {
    return this.#words()[SIZE]!;
  }

  /** How often a bound was reached. A number that rises says that the bound is too small. */
  get clears(): number {
    return this.#clears;
  }

  /** The number set for the bytes [key, key + length), or -1. */
  find(key: number, length: number): number {
    const number = kernel.seriesFind(this.address, key, length);
    return number === -1 ? -1 : number >>> 0;
  }

  /** Remembers bytes that `find` did not know. `number` is an integer from 0 to 2^32 - 2. */
  add(key: number, length: number, number: number): void {
    if (length > Math.min(this.#keyBytesMax, KEY_BLOCK_BYTES)) return;
    if (this.size >= this.#seriesMax || this.#keyBytes + length > this.#keyBytesMax) this.clear();
    let target = this.#roomFor(length);
    if (target === undefined) {
      this.clear();
      target = this.#roomFor(length);
      if (target === undefined) return;
    }
    kernel.seriesAdd(this.address, key, length, target, number);
    this.#blockUsedBytes += length;
    this.#keyBytes += length;
  }

  /** Forgets everything: for the bounds, and for a caller whose numbers are no longer valid. */
  clear(): void {
    this.#clears++;
    this.#lease.give(this.#index);
    for (const block of this.#keyBlocks) this.#lease.give(block);
    this.#index = NO_REGION;
    this.#keyBlocks = [];
    this.#blockUsedBytes = 0;
    this.#keyBytes = 0;
    const words = this.#words();
    words[INDEX] = 0;
    words[CAPACITY] = 0;
    words[SIZE] = 0;
    words[LAST] = NONE;
  }

  /** Where a key may lie, once the index has room for its entry. */
  #roomFor(length: number): number | undefined {
    const capacity = this.#words()[CAPACITY]!;
    if (this.size === capacity) {
      const larger = Math.max(ENTRIES_MIN, 2 * capacity);
      const index = this.#lease.take(larger * INDEX_BYTES_PER_ENTRY);
      if (!index) return undefined;
      kernel.seriesMove(this.address, index.address, larger);
      this.#lease.give(this.#index);
      this.#index = index;
    }
    let block = this.#keyBlocks.at(-1);
    if (!block || this.#blockUsedBytes + length > KEY_BLOCK_BYTES) {
      block = this.#lease.take(KEY_BLOCK_BYTES);
      if (!block) return undefined;
      this.#keyBlocks.push(block);
      this.#blockUsedBytes = 0;
    }
    return block.address + this.#blockUsedBytes;
  }

  #words(): Uint32Array {
    return new Uint32Array(kernelBytes().buffer, this.#header.address, HEADER_BYTES / 4);
  }
}
