/** What a conformance run answers; `failed` names the first cases that did not pass. */
export interface ConformanceResult {
  readonly conformance: string;
  readonly total: number;
  readonly passed: number;
  readonly failed: readonly string[];
}

export interface ConformanceOptions {
  /** A file of the same form as the suite's own data. */
  readonly data?: string;
}

/** What each file of a suite exports as `run`. */
export type ConformanceRun = (options: ConformanceOptions) => Promise<ConformanceResult>;

/** So many failures are named; the counts say how many there are. */
export const MAX_FAILURES_NAMED = 20;

/** The suite has nothing to run on; the message says the way out. */
export class MissingData extends Error {}
