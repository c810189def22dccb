import { heapDown, heapUp, type Sortable } from './go-sort.ts';

/** A sample of one step: of which series of the vector, and its value (0 for a histogram, as in the reference). */
export interface Entry {
  readonly index: number;
  readonly value: number;
}

/** A heap of samples with the least on top; NaN is less than anything. */
export class SampleHeap implements Sortable {
  readonly entries: Entry[] = [];
  readonly #sign: 1 | -1;

  /** 'least' on top, or 'greatest': the order turned round. */
  constructor(top: 'least' | 'greatest') {
    this.#sign = top === 'least' ? 1 : -1;
  }

  get length(): number {
    return this.entries.length;
  }

  less(i: number, j: number): boolean {
    const a = this.entries[i]!.value;
    const b = this.entries[j]!.value;
    return Number.isNaN(a) || this.#sign * a < this.#sign * b;
  }

  swap(i: number, j: number): void {
    const kept = this.entries[i]!;
    this.entries[i] = this.entries[j]!;
    this.entries[j] = kept;
  }

  push(entry: Entry): void {
    this.entries.push(entry);
    heapUp(this, this.entries.length - 1);
  }

  /** Puts an entry in the place of the one on top, where it is further from the top. */
  offer(entry: Entry): void {
    const top = this.entries[0]!.value;
    const better =
      this.#sign * top < this.#sign * entry.value || (Number.isNaN(top) && !Number.isNaN(entry.value));
    if (!better) return;
    this.entries[0] = entry;
    heapDown(this);
  }
}
