/**
 * The linear memory that holds chunks. Offsets count 8-byte words, so 32 bits reach the 4 GiB and every
 * allocation is aligned for doubles. Offset 0 is never handed out: it means "none".
 *
 * Freed regions are kept in one list per size and handed out again; sizes are few (steps of 64 bytes up to
 * 2 KiB), so nothing fragments for long, and a chunk's header lies in one line of the processor's cache.
 * Only touched pages are resident, and growing never moves a byte: the memory is a shared WebAssembly
 * memory, which kernels and other threads can be given as it is.
 */
export class ChunkMemory {
  /** Views over the whole memory. Replaced when it grows: read them from here, never keep them over `allocate`. */
  words: Uint32Array;
  doubles: Float64Array;
  readonly #memory: WebAssembly.Memory;
  readonly #sizeBytesMax: number;
  readonly #free: number[] = new Array(SIZE_CLASSES + 1).fill(0);
  #end = 8;
  #usedBytes = 0;

  /** `sizeBytesMax` is a multiple of 4 MiB. */
  constructor(sizeBytesMax = MEMORY_BYTES_MAX) {
    this.#sizeBytesMax = sizeBytesMax;
    const maximum = sizeBytesMax / PAGE_BYTES;
    this.#memory = new WebAssembly.Memory({ initial: GROW_PAGES, maximum, shared: true });
    this.words = new Uint32Array(this.#memory.buffer);
    this.doubles = new Float64Array(this.#memory.buffer);
  }

  /** What is handed out now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A zeroed region; `sizeBytes` is rounded up to a multiple of 64 and at most `REGION_BYTES_MAX`. */
  allocate(sizeBytes: number): number {
    const sizeClass = (sizeBytes + SIZE_STEP_BYTES - 1) >>> SIZE_STEP_SHIFT;
    if (sizeClass > SIZE_CLASSES) throw new RangeError(`BUG: region of ${sizeBytes} bytes asked for`);
    const words = sizeClass << (SIZE_STEP_SHIFT - 3);
    this.#usedBytes += words * 8;
    const recycled = this.#free[sizeClass]!;
    if (recycled !== 0) {
      this.#free[sizeClass] = this.words[2 * recycled]!;
      this.words.fill(0, 2 * recycled, 2 * (recycled + words));
      return recycled;
    }
    const at = this.#end;
    // One word stays free at the end: a reader of bits looks a word ahead.
    if ((at + words + 1) * 8 > this.#sizeBytesMax) return this.#split(sizeClass);
    if ((at + words + 1) * 8 > this.doubles.byteLength) this.#grow();
    this.#end = at + words;
    return at;
  }

  /** When all of the memory has been handed out once: a part of a larger region that is free. */
  #split(sizeClass: number): number {
    for (let larger = sizeClass + 1; larger <= SIZE_CLASSES; larger++) {
      const at = this.#free[larger]!;
      if (at === 0) continue;
      this.#free[larger] = this.words[2 * at]!;
      const restAt = at + (sizeClass << (SIZE_STEP_SHIFT - 3));
      this.words[2 * restAt] = this.#free[larger - sizeClass]!;
      this.#free[larger - sizeClass] = restAt;
      this.words.fill(0, 2 * at, 2 * restAt);
      return at;
    }
    throw new RangeError('BUG: the chunk memory is used up; the store must refuse before that');
  }

  /** Hands a region back. `sizeBytes` is what it was allocated with. */
  free(at: number, sizeBytes: number): void {
    const sizeClass = (sizeBytes + SIZE_STEP_BYTES - 1) >>> SIZE_STEP_SHIFT;
    this.words[2 * at] = this.#free[sizeClass]!;
    this.#free[sizeClass] = at;
    this.#usedBytes -= sizeClass << SIZE_STEP_SHIFT;
  }

  #grow(): void {
    this.#memory.grow(GROW_PAGES);
    this.words = new Uint32Array(this.#memory.buffer);
    this.doubles = new Float64Array(this.#memory.buffer);
  }
}

const SIZE_STEP_SHIFT = 6;
const SIZE_STEP_BYTES = 1 << SIZE_STEP_SHIFT;
export const REGION_BYTES_MAX = 2048;
const SIZE_CLASSES = REGION_BYTES_MAX >>> SIZE_STEP_SHIFT;

const PAGE_BYTES = 64 * 1024;
/** Grow by 4 MiB at a time, to what 32-bit kernels can address. */
const GROW_PAGES = 64;
export const MEMORY_BYTES_MAX = 4 * 1024 ** 3;
