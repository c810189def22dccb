/** What a conformance run answers; `failed` names the first cases that did not pass. */
export interface ConformanceResult {
  readonly conformance: string;
  readonly total: number;
  readonly passed: number;
  readonly failed: readonly string[];
  /** What a person should know of cases that passed, as known differences of an older peer. */
  readonly notes?: readonly string[];
}

export interface ConformanceOptions {
  /** A file of the same form as the suite's own data. */
  readonly data?: string;
  /** Of `differential`: another server to compare with, a URL or a folder that has its program. */
  readonly peer?: string;
  /** Of suites that make their cases themselves: how many, and from which seed. */
  readonly count?: number;
  readonly seed?: number;
}

/** What each file of a suite exports as `run`. */
export type ConformanceRun = (options: ConformanceOptions) => Promise<ConformanceResult>;

/** So many failures are named; the counts say how many there are. */
export const MAX_FAILURES_NAMED = 20;

/** The suite has nothing to run on; the message says the way out. */
export class MissingData extends Error {}
