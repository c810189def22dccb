import type { Labels } from '../../model/labels.ts';
import type { FamilyMetadata } from '../../model/remote-write.ts';
import { setStale } from '../../model/sample.ts';
import type { ScrapedBatch } from './sink.ts';

/** The usual NaN as Prometheus stores it; JavaScript's own has another payload. */
const NORMAL_NAN_HIGH = 0x7ff80000;
const NORMAL_NAN_LOW = 1;

/** Collects the samples of one scrape. */
export class BatchBuilder {
  readonly #series: Labels[] = [];
  #metadata: readonly FamilyMetadata[] = [];
  #timestamps: Float64Array;
  #values: Float64Array;
  #length = 0;

  /** `capacity`: how many samples are likely to come. */
  constructor(capacity: number) {
    this.#timestamps = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  add(labels: Labels, timestampMs: number, value: number): void {
    const index = this.#next(labels, timestampMs);
    this.#values[index] = value;
    if (!Number.isNaN(value)) return;
    const words = new Uint32Array(this.#values.buffer, 8 * index, 2);
    words[0] = NORMAL_NAN_LOW;
    words[1] = NORMAL_NAN_HIGH;
  }

  addStale(labels: Labels, timestampMs: number): void {
    const index = this.#next(labels, timestampMs);
    setStale(this.#values, index);
  }

  setMetadata(families: readonly FamilyMetadata[]): void {
    this.#metadata = families;
  }

  /** Takes back all but the first `length` samples. */
  truncate(length: number): void {
    this.#series.length = length;
    this.#length = length;
  }

  /** The columns; nothing may be added after. */
  build(): ScrapedBatch {
    return {
      series: this.#series,
      timestamps: this.#timestamps,
      values: this.#values,
      length: this.#length,
      metadata: this.#metadata,
    };
  }

  #next(labels: Labels, timestampMs: number): number {
    const index = this.#length++;
    if (index === this.#timestamps.length) {
      this.#timestamps = grown(this.#timestamps);
      this.#values = grown(this.#values);
    }
    this.#series.push(labels);
    this.#timestamps[index] = timestampMs;
    return index;
  }
}

/** Copies as bytes, so that markers keep their bits. */
function grown(column: Float64Array): Float64Array {
  const larger = new Float64Array(2 * column.length + 16);
  larger.set(column);
  return larger;
}
