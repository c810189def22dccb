import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Head } from './head.ts';
import type { StoreLimits } from './limits.ts';
import type { Wal } from './wal.ts';

export interface RetentionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: StoreLimits;
  readonly head: Head;
  readonly wal: Wal;
}

/** Says how old a sample may be, and drops older ones from memory and disk: once a minute, and when asked. */
export class Retention {
  readonly #options: RetentionOptions;
  /** Raised when memory runs out before the retention is over. */
  #sizeFloorMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> = Promise.resolve();
  #waiting = 0;
  #cancelTimer: () => void = () => {};
  #stopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** The time of the oldest samples that are kept. */
  floorMs(nowMs: number): number {
    return Math.max(nowMs - this.#options.limits.retentionMs, this.#sizeFloorMs);
  }

  /** Whether a run is under way or due. */
  get isRunning(): boolean {
    return this.#waiting > 0;
  }

  /** Once a minute from now on. */
  start(): void {
    this.#cancelTimer = this.#options.clock.after(EVERY_MS, () => {
      void this.run().then(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#running;
  }

  /** One run, after those that wait already. */
  run(): Promise<void> {
    this.#waiting++;
    this.#running = this.#running
      .then(() => this.#run())
      .catch((error) => this.#options.logger.error({ err: error }, 'Cannot drop old samples'))
      .finally(() => this.#waiting--);
    return this.#running;
  }

  async #run(): Promise<void> {
    const { clock, limits, head, wal, logger } = this.#options;
    const nowMs = clock.now();
    let oldestMs = await this.#pruneHead(nowMs);
    while (head.usedBytes > limits.headBytes) {
      // A quarter of the time goes in each round, so that a dozen of them get from a day to the last hour.
      const keptSinceMs = Math.max(oldestMs, this.floorMs(nowMs));
      const floorMs = Math.min(keptSinceMs + (nowMs - keptSinceMs) / 4, nowMs - KEPT_MS_MIN);
      if (!(floorMs > this.floorMs(nowMs))) break;
      this.#sizeFloorMs = floorMs;
      const keptSince = new Date(floorMs).toISOString();
      logger.warn(
        { headBytes: head.usedBytes, limitBytes: limits.headBytes, keptSince },
        'Memory for samples is used up: the oldest ones go before the retention is over',
      );
      oldestMs = await this.#pruneHead(nowMs);
    }
    await wal.prune(this.floorMs(nowMs), limits.walBytes);
  }

  /** In slices, so that appends and queries go on between them. Returns the time of the oldest sample left. */
  async #pruneHead(nowMs: number): Promise<number> {
    const { head } = this.#options;
    const { table, index } = head;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (let from = 1; from < table.end; from += SLICE_SERIES) {
      const isCrowded = table.size - index.size > EMPTY_SERIES_MAX;
      const idleSinceMs = isCrowded ? nowMs - SERIES_IDLE_MS : Number.NEGATIVE_INFINITY;
      const slice = head.prune(this.floorMs(nowMs), idleSinceMs, from, from + SLICE_SERIES);
      oldestMs = Math.min(oldestMs, slice);
      await nextTurn();
    }
    return oldestMs;
  }
}

const EVERY_MS = 60_000;
/** Series looked at in one go: well under a millisecond where there is nothing to drop. */
const SLICE_SERIES = 4096;
/** However little memory there is, the last hour stays. */
const KEPT_MS_MIN = 3_600_000;
/**
 * Labels of series that have no samples any more stay known for their numbers, which senders may still hold.
 * Beyond this many (at 450 bytes 110 MB), those idle for six hours are forgotten: whoever appends to one is
 * told to ask for its number again.
 */
const EMPTY_SERIES_MAX = 250_000;
const SERIES_IDLE_MS = 6 * 3_600_000;
