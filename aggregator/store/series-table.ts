import type { Labels } from '../../model/labels.ts';

/** A number that names a series as long as the process lives; 0 names none. */
export type SeriesRef = number;

/**
 * What is known of each series, by its number. Numbers are given out in order of creation and never again,
 * so the table is kept in pages and a page whose series have all been forgotten goes.
 */
export class SeriesTable {
  readonly #pages: (SeriesPage | undefined)[] = [];
  readonly #byKey = new Map<string, SeriesRef>();
  #next: SeriesRef = 1;

  /** Series that have not been forgotten. */
  get size(): number {
    return this.#byKey.size;
  }

  /** The number after the last one given out. */
  get end(): SeriesRef {
    return this.#next;
  }

  find(labels: Labels): SeriesRef | undefined {
    return this.#byKey.get(labels.key);
  }

  add(labels: Labels): SeriesRef {
    const ref = this.#next++;
    const page = (this.#pages[ref >>> PAGE_SHIFT] ??= new SeriesPage());
    page.labels[ref & PAGE_MASK] = labels;
    page.live++;
    this.#byKey.set(labels.key, ref);
    return ref;
  }

  forget(ref: SeriesRef): void {
    const page = this.page(ref)!;
    const labels = page.labels[ref & PAGE_MASK]!;
    this.#byKey.delete(labels.key);
    page.labels[ref & PAGE_MASK] = undefined;
    if (--page.live === 0 && ref >>> PAGE_SHIFT < this.#next >>> PAGE_SHIFT) {
      this.#pages[ref >>> PAGE_SHIFT] = undefined;
    }
  }

  /** The page of a series, or undefined when it was never made or is forgotten with all of its neighbours. */
  page(ref: SeriesRef): SeriesPage | undefined {
    return this.#pages[ref >>> PAGE_SHIFT];
  }

  /** Of a series that has not been forgotten. */
  labels(ref: SeriesRef): Labels {
    const labels = this.page(ref)?.labels[ref & PAGE_MASK];
    if (labels === undefined) throw new RangeError(`BUG: series ${ref} is not known`);
    return labels;
  }

  /** Every series that has not been forgotten, from a number on, in order of creation. */
  *refs(from: SeriesRef = 1, to: SeriesRef = this.#next): IterableIterator<SeriesRef> {
    for (let ref = from; ref < to; ) {
      const page = this.page(ref);
      if (page === undefined) ref = ((ref >>> PAGE_SHIFT) + 1) << PAGE_SHIFT;
      else {
        if (page.labels[ref & PAGE_MASK] !== undefined) yield ref;
        ref++;
      }
    }
  }
}

const PAGE_SHIFT = 10;
export const PAGE_MASK = (1 << PAGE_SHIFT) - 1;

/** 1,024 neighbours, a column a property; the index is `ref & PAGE_MASK`. */
export class SeriesPage {
  readonly labels: (Labels | undefined)[] = new Array(PAGE_MASK + 1).fill(undefined);
  /** Chunks of the chain in order of time, in chunk memory; 0 = none. The newest is the open one. */
  readonly oldest: Uint32Array = new Uint32Array(PAGE_MASK + 1);
  readonly newest: Uint32Array = new Uint32Array(PAGE_MASK + 1);
  /** When the series was last appended to or asked for, in minutes since 1970. */
  readonly usedMinute: Uint32Array = new Uint32Array(PAGE_MASK + 1);
  /** The log segment that last got the series' labels. */
  readonly loggedIn: Uint32Array = new Uint32Array(PAGE_MASK + 1);
  /** 1 when the series is in the index. */
  readonly indexed: Uint8Array = new Uint8Array(PAGE_MASK + 1);
  live = 0;
}
