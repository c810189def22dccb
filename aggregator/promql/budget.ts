import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../runtime/clock.ts';
import { QueryError } from '../engine/engine.ts';

/** How long an evaluation may keep the thread to itself: ingest of the same thread waits that long. */
const SLICE_MS = 20;

/** What one query may use of time and memory; its limits and its cancellation are checked here. */
export class Budget {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #deadlineMs: number;
  readonly #timeoutMs: number;
  readonly #maxSamples: number;
  #samples = 0;
  #sliceEndMs: number;

  constructor(clock: Clock, signal: AbortSignal, limits: { timeoutMs: number; maxSamples: number }) {
    this.#clock = clock;
    this.#signal = signal;
    this.#timeoutMs = limits.timeoutMs;
    this.#maxSamples = limits.maxSamples;
    this.#deadlineMs = clock.now() + limits.timeoutMs;
    this.#sliceEndMs = clock.now() + SLICE_MS;
  }

  /** Counts samples (16 bytes each) that are held in memory from now on. */
  hold(samples: number): void {
    this.ensure(samples);
    this.#samples += samples;
  }

  /** Throws where so many samples more would be too many. To be asked before memory is taken. */
  ensure(samples: number): void {
    if (this.#samples + samples > this.#maxSamples)
      throw new QueryError(
        'execution',
        `query processing would load too many samples into memory in expression evaluation: the limit max_samples is ${this.#maxSamples}; ask for fewer series, a shorter range or a longer step, or raise it`,
      );
  }

  release(samples: number): void {
    this.#samples -= samples;
  }

  /** Whether to `rest` before more work. Called often: between series, not between samples. */
  get isDue(): boolean {
    return this.#clock.now() >= this.#sliceEndMs;
  }

  /** Lets others run. Rejects when the query's time is over or nobody waits for it any more. */
  async rest(): Promise<void> {
    await setImmediate();
    this.check();
    this.#sliceEndMs = this.#clock.now() + SLICE_MS;
  }

  check(): void {
    if (this.#signal.aborted)
      throw new QueryError('canceled', 'query was canceled in expression evaluation', {
        cause: this.#signal.reason,
      });
    if (this.#clock.now() >= this.#deadlineMs)
      throw new QueryError(
        'timeout',
        `query timed out in expression evaluation: the limit timeout is ${this.#timeoutMs} ms; ask for less, or raise it`,
      );
  }
}
