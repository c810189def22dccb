/**
 * Samples are columns: timestamps in milliseconds since 1970 and values, each a `Float64Array`.
 *
 * The stale marker is a NaN with a payload of its own (0x7ff0000000000002). Its bits survive a DataView and a
 * Float64Array; an ordinary array or any arithmetic turns it into the usual NaN. So values that may be
 * markers stay in typed arrays, and `isStale` looks at the words, never at a number.
 */
const STALE_HIGH = 0x7ff00000;
const STALE_LOW = 2;

/** Writes the stale marker at an index. */
export function setStale(values: Float64Array, index: number): void {
  const words = new Uint32Array(values.buffer, values.byteOffset + 8 * index, 2);
  words[0] = STALE_LOW;
  words[1] = STALE_HIGH;
}

/** Whether the value at an index is the stale marker. */
export function isStale(values: Float64Array, index: number): boolean {
  if (!Number.isNaN(values[index]!)) return false;
  const words = new Uint32Array(values.buffer, values.byteOffset + 8 * index, 2);
  return words[0] === STALE_LOW && words[1] === STALE_HIGH;
}

/** Samples of several series as columns: sample i belongs to `series[i]`. Only the first `length` count. */
export interface SampleColumns<Ref> {
  readonly series: ArrayLike<Ref>;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  readonly length: number;
}
