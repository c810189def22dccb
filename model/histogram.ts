/** A run of buckets: `offset` buckets after the previous span's end (or from index 0), then `length` of them. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

export type CounterResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/**
 * A native histogram with absolute float counts, the only form the query engine knows. Bucket i of schema n
 * ends at 2^(i·2^-n); schema -53 has custom bounds in `customValues` and no negative side.
 * Specification: prometheus.io/docs/specs/native_histograms.
 */
export interface FloatHistogram {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly positiveBuckets: readonly number[];
  readonly negativeBuckets: readonly number[];
  readonly customValues: readonly number[];
  readonly counterResetHint: CounterResetHint;
}
