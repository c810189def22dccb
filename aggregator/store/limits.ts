export interface StoreLimits {
  /** Samples older than this are refused and dropped. */
  readonly retentionMs: number;
  /** Samples further ahead of the clock than this are refused. */
  readonly futureMs: number;
  /** Memory for samples; when it is reached the oldest ones go before their time. */
  readonly headBytes: number;
  /** Disk for the log; when it is reached its oldest segments go before their time. */
  readonly walBytes: number;
  readonly segmentBytes: number;
}

/**
 * 10,000 series at 15 s are 58 million samples a day: at 2–4 bytes in memory 115–230 MB, at 12–16 in the log
 * 0.7–0.9 GB. The limits leave room for ten times that.
 */
export const DEFAULT_STORE_LIMITS: StoreLimits = {
  retentionMs: 24 * 3_600_000,
  futureMs: 10 * 60_000,
  headBytes: 2 * 1024 ** 3,
  walBytes: 10 * 1024 ** 3,
  segmentBytes: 128 * 1024 ** 2,
};
