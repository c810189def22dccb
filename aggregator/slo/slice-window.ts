import type { SliceState } from './slice.ts';

/** Sums over a span of slices. */
export interface WindowSums {
  readonly good: number;
  readonly total: number;
  /** Slices that are measured or idle. */
  readonly covered: number;
}

const STATES: readonly SliceState[] = ['absent', 'idle', 'measured'];
const NO_EVENTS: WindowSums = { good: 0, total: 0, covered: 0 };

/**
 * The slices of one objective in one cluster, as many as the period has and one more, in a ring.
 *
 * Layout: slot `i % capacity` holds slice i. Beside each slice's own counts stand running sums over all
 * slices since the window began, so that any span is a difference of two: a budget of 28 days costs what one
 * of 5 minutes does. Counts are whole numbers far below 2^53, so the differences are exact.
 */
export class SliceWindow {
  readonly #capacity: number;
  readonly #good: Float64Array;
  readonly #total: Float64Array;
  readonly #states: Uint8Array;
  /** Running sums after the slice, since the first one that was ever set. */
  readonly #goodSums: Float64Array;
  readonly #totalSums: Float64Array;
  readonly #coveredSums: Float64Array;
  #first: number | undefined;
  #last = -1;

  constructor(sliceCount: number) {
    this.#capacity = sliceCount + 1;
    this.#good = new Float64Array(this.#capacity);
    this.#total = new Float64Array(this.#capacity);
    this.#states = new Uint8Array(this.#capacity);
    this.#goodSums = new Float64Array(this.#capacity);
    this.#totalSums = new Float64Array(this.#capacity);
    this.#coveredSums = new Float64Array(this.#capacity);
  }

  /** The newest slice, or undefined before the first. */
  get last(): number | undefined {
    return this.#first === undefined ? undefined : this.#last;
  }

  /**
   * Sets slices from `firstSlice` on; ones already there are amended. Slices that are skipped are absent.
   * What lies before the window is ignored.
   */
  set(
    firstSlice: number,
    good: ArrayLike<number>,
    total: ArrayLike<number>,
    states: readonly SliceState[],
  ): void {
    if (good.length === 0) return;
    const end = firstSlice + good.length;
    const newLast = Math.max(this.#last, end - 1);
    const known = this.#first !== undefined;
    const from = known ? Math.max(Math.min(firstSlice, this.#last + 1), this.#oldest()) : firstSlice;
    this.#first ??= firstSlice;
    let sums = known ? this.#sumsAt(from - 1) : NO_EVENTS;
    for (let slice = Math.max(from, newLast - this.#capacity + 1); slice <= newLast; slice++) {
      const slot = slice % this.#capacity;
      const given = slice >= firstSlice && slice < end ? slice - firstSlice : undefined;
      if (given !== undefined) {
        this.#good[slot] = good[given]!;
        this.#total[slot] = total[given]!;
        this.#states[slot] = STATES.indexOf(states[given]!);
      } else if (slice > this.#last) {
        this.#good[slot] = 0;
        this.#total[slot] = 0;
        this.#states[slot] = 0;
      }
      sums = {
        good: sums.good + this.#good[slot]!,
        total: sums.total + this.#total[slot]!,
        covered: sums.covered + (this.#states[slot] === 0 ? 0 : 1),
      };
      this.#goodSums[slot] = sums.good;
      this.#totalSums[slot] = sums.total;
      this.#coveredSums[slot] = sums.covered;
    }
    this.#last = newLast;
  }

  /** One slice as it was set; undefined outside the window. */
  slice(index: number): { good: number; total: number; state: SliceState } | undefined {
    if (this.#first === undefined || index > this.#last || index < this.#oldest()) return undefined;
    const slot = index % this.#capacity;
    return { good: this.#good[slot]!, total: this.#total[slot]!, state: STATES[this.#states[slot]!]! };
  }

  /** Sums over the `count` slices that end with `lastSlice`. */
  sums(lastSlice: number, count: number): WindowSums {
    if (this.#first === undefined) return NO_EVENTS;
    const end = this.#sumsAt(Math.min(lastSlice, this.#last));
    const start = this.#sumsAt(Math.min(lastSlice - count, this.#last));
    return {
      good: end.good - start.good,
      total: end.total - start.total,
      covered: end.covered - start.covered,
    };
  }

  #oldest(): number {
    return Math.max(this.#last - this.#capacity + 1, this.#first ?? 0);
  }

  /** Running sums up to and including a slice; for one before the window, those the window begins with. */
  #sumsAt(slice: number): WindowSums {
    const oldest = this.#oldest();
    const slot = Math.max(slice, oldest) % this.#capacity;
    const sums = {
      good: this.#goodSums[slot]!,
      total: this.#totalSums[slot]!,
      covered: this.#coveredSums[slot]!,
    };
    if (slice >= oldest) return sums;
    return {
      good: sums.good - this.#good[slot]!,
      total: sums.total - this.#total[slot]!,
      covered: sums.covered - (this.#states[slot] === 0 ? 0 : 1),
    };
  }
}
