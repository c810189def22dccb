import type { Labels } from '../../model/labels.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { BatchBuilder } from './batch.ts';
import type { Sink } from './sink.ts';
import type { ScrapeCounts, TargetSeries } from './target-series.ts';

/**
 * Fetches the page a target shows now, with a line feed appended; throws, in words for a person, when it
 * cannot.
 */
export type Fetch = (signal: AbortSignal) => Promise<Buffer>;

/** A scrape that starts later than this part of the interval carries its real time and not its slot's. */
const LATE_PART = 0.1;

export interface LoopStatus {
  readonly health: 'unknown' | 'up' | 'down';
  readonly lastError: string;
  /** Undefined before the first scrape. */
  readonly lastScrapeMs: number | undefined;
  readonly lastDurationMs: number;
  readonly counts: ScrapeCounts;
}

export interface LoopOptions {
  readonly targetLabels: Labels;
  /** As `reportLabels` gives them. */
  readonly reports: readonly Labels[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** The target is scraped whenever the time modulo the interval is this. */
  readonly offsetMs: number;
  readonly fetch: Fetch;
  readonly series: TargetSeries;
  readonly sink: Sink;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Scrapes one target on its slots of the time grid, until it is stopped. */
export class ScrapeLoop {
  readonly #options: LoopOptions;
  #isStopped = false;
  /** Ends the scrape under way. */
  #abort: (reason: Error) => void = () => {};
  #cancelTimer: () => void = () => {};
  #running: Promise<void> = Promise.resolve();
  #slotMs = 0;
  #capacity = 64;
  #status: LoopStatus = {
    health: 'unknown',
    lastError: '',
    lastScrapeMs: undefined,
    lastDurationMs: 0,
    counts: { scraped: 0, kept: 0, added: 0 },
  };

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  get status(): LoopStatus {
    return this.#status;
  }

  /** When the next scrape is due. */
  get nextSlotMs(): number {
    return this.#slotMs;
  }

  start(): void {
    const { clock, intervalMs, offsetMs } = this.#options;
    const nowMs = clock.now();
    this.#schedule(nowMs + ((offsetMs - (nowMs % intervalMs) + intervalMs) % intervalMs));
  }

  /** Ends the scrape under way too. Writes no markers: after a restart the series go on. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#abort(new Error('the loop is stopping'));
    this.#cancelTimer();
    await this.#running;
  }

  /**
   * For a target that is gone for good: marks all of its series stale, at the time of the scrape that did not
   * come any more. Only after `stop`.
   */
  finish(): void {
    if (this.#status.lastScrapeMs === undefined) return;
    const batch = new BatchBuilder(this.#capacity);
    this.#options.series.scrape(undefined, this.#slotMs, batch);
    for (const labels of this.#options.reports) batch.addStale(labels, this.#slotMs);
    this.#options.sink.tryPush(batch.build());
  }

  #schedule(slotMs: number): void {
    const { clock } = this.#options;
    this.#slotMs = slotMs;
    this.#cancelTimer = clock.after(slotMs - clock.now(), () => {
      this.#running = this.#scrape(slotMs);
    });
  }

  async #scrape(slotMs: number): Promise<void> {
    const { clock, intervalMs } = this.#options;
    const startMs = clock.now();
    const timeMs = startMs - slotMs > intervalMs * LATE_PART ? startMs : slotMs;
    let page: Buffer | undefined;
    let error: unknown;
    try {
      page = await this.#fetch();
    } catch (caught) {
      error = caught;
    }
    if (this.#isStopped) return;
    this.#append(timeMs, startMs, page, error);
    // Slots that passed meanwhile (a process that was paused) are left out.
    const missed = Math.max(0, Math.floor((clock.now() - slotMs) / intervalMs));
    this.#schedule(slotMs + (missed + 1) * intervalMs);
  }

  /** With a deadline of its own, the body included: a server that hangs says so never. */
  async #fetch(): Promise<Buffer> {
    const { clock, timeoutMs, fetch } = this.#options;
    const controller = new AbortController();
    const { signal } = controller;
    this.#abort = (reason) => controller.abort(reason);
    const cancel = clock.after(timeoutMs, () =>
      controller.abort(new Error(`no complete answer within the scrape timeout of ${timeoutMs / 1000} s`)),
    );
    try {
      return await fetch(signal);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      cancel();
    }
  }

  /** A failed scrape is the same as an empty one: both end here. */
  #append(timeMs: number, startMs: number, page: Buffer | undefined, fetchError: unknown): void {
    const { clock, series, sink, logger, reports } = this.#options;
    const batch = new BatchBuilder(this.#capacity);
    const { counts, error = fetchError } = series.scrape(page, timeMs, batch);
    const durationMs = clock.now() - startMs;
    const health = error === undefined ? 'up' : 'down';
    const values = [health === 'up' ? 1 : 0, durationMs / 1000, counts.scraped, counts.kept, counts.added];
    for (const [i, labels] of reports.entries()) batch.add(labels, timeMs, values[i]!);
    if (batch.length > this.#capacity / 2) this.#capacity = batch.length + 64;
    sink.tryPush(batch.build());

    const lastError = error === undefined ? '' : error instanceof Error ? error.message : String(error);
    if (health !== this.#status.health || lastError !== this.#status.lastError)
      logger.debug({ target: this.#options.targetLabels.toObject(), health, lastError }, 'Scrape changed');
    this.#status = { health, lastError, lastScrapeMs: timeMs, lastDurationMs: durationMs, counts };
  }
}
