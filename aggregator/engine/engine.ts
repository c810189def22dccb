import type { FloatHistogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { MetricMetadata } from '../../model/metadata.ts';
import type { SampleColumns } from '../../model/sample.ts';

/**
 * The seam between everything that writes or asks and whatever keeps the data: the embedded store or a
 * distributed engine behind remote write. Nothing above it knows which is in use.
 *
 * Errors: `append` rejects with `StorageUnavailable` when the data cannot be made durable now (full disk,
 * I/O error, remote queue full): the sender gets 503 and tries again. Samples that cannot be kept for what
 * they are (too far in the future, another value at the same time) are no error: they are counted in the
 * outcome and the rest is kept.
 */
export interface Engine extends Appender, Querier {
  query(request: InstantQuery, signal: AbortSignal): Promise<QueryResult>;
  queryRange(request: RangeQuery, signal: AbortSignal): Promise<QueryResult>;
  close(): Promise<void>;
}

/**
 * A number that names a series. It may be forgotten when nothing was written to the series for hours: `append`
 * then rejects with a RangeError and stores nothing, and the caller asks for its refs anew. Who asks with each
 * batch never sees that.
 */
export type SeriesRef = number;

export interface Appender {
  /** The series with exactly these labels, made when it is new. Labels are final: stamped and normalised. */
  ref(labels: Labels): SeriesRef;
  /**
   * Resolves when the batch is durable; it becomes visible at once and whole. The columns are the caller's
   * again when the call returns (before the promise resolves).
   */
  append(batch: SampleColumns<SeriesRef>): Promise<AppendOutcome>;
  /** What targets say of metric families; kept per family and cluster, the last word wins. */
  setMetadata(cluster: string, family: string, metadata: MetricMetadata): void;
}

export interface AppendOutcome {
  readonly appended: number;
  readonly rejected: Readonly<Record<RejectReason, number>>;
  /** Of the first rejected sample, for the sender. */
  readonly firstRejection:
    | { readonly labels: Labels; readonly reason: RejectReason; readonly timestampMs: number }
    | undefined;
}

export type RejectReason = 'duplicate_timestamp' | 'too_old' | 'too_far_in_future';

/** Samples of one series inside the asked range, in order of time. Stale markers are left in. */
export interface SeriesData {
  readonly labels: Labels;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Where an index holds a native histogram, it counts and `values` does not. Absent: all are floats. */
  readonly histograms?: readonly (FloatHistogram | undefined)[];
}

export interface SelectHints {
  /** Both inclusive. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface Querier {
  /** In order of creation of the series. At least one matcher must not match the empty string. */
  select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesData[]>;
  /** Labels of series with samples in the range that pass any of the matcher sets (all series when empty). */
  series(matcherSets: readonly (readonly Matcher[])[], hints: SelectHints): Promise<Labels[]>;
  labelNames(matcherSets: readonly (readonly Matcher[])[], hints: SelectHints): Promise<string[]>;
  labelValues(
    name: string,
    matcherSets: readonly (readonly Matcher[])[],
    hints: SelectHints,
  ): Promise<string[]>;
  metadata(): Promise<ReadonlyMap<string, readonly MetricMetadata[]>>;
}

export interface QueryOptions {
  readonly query: string;
  readonly timeoutMs?: number;
  readonly lookbackMs?: number;
  readonly limit?: number;
}

export interface InstantQuery extends QueryOptions {
  readonly timeMs: number;
}

export interface RangeQuery extends QueryOptions {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/**
 * A query's answer. Points of a matrix are columns; values go to JSON as Prometheus prints them.
 * A query that fails rejects with a `QueryError`.
 */
export type QueryValue =
  | { readonly type: 'scalar'; readonly timestampMs: number; readonly value: number }
  | { readonly type: 'string'; readonly timestampMs: number; readonly value: string }
  | { readonly type: 'vector'; readonly samples: readonly VectorSample[] }
  | { readonly type: 'matrix'; readonly series: readonly SeriesData[] };

export interface VectorSample {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value: number;
  /** Set: the sample is a native histogram, and `value` does not count. */
  readonly histogram?: FloatHistogram;
}

export interface QueryResult {
  readonly value: QueryValue;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** Error types of the Prometheus API and what each means; the API maps them to a status. */
export type QueryErrorType = 'bad_data' | 'execution' | 'canceled' | 'timeout' | 'internal' | 'unavailable';

export class QueryError extends Error {
  readonly type: QueryErrorType;

  constructor(type: QueryErrorType, message: string, options?: ErrorOptions) {
    super(message, options);
    this.type = type;
  }
}

/** The data cannot be made durable now; nothing of the batch is visible. Recovers by itself. */
export class StorageUnavailable extends Error {}
