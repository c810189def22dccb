import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { RejectReason } from '../engine/engine.ts';
import type { SeriesRefusal } from '../normalize/series.ts';

/**
 * Why a whole request is refused, and the status that says so. Senders repeat 429 and 5xx and drop what is
 * behind any other 4xx, so the class of the status decides whether data is lost: 400 is only for what would
 * be refused again, and 413 is avoided because some senders repeat it for ever.
 */
export const REQUEST_REFUSALS = {
  unauthenticated: 401,
  cross_site: 403,
  method_not_allowed: 405,
  unsupported_media_type: 415,
  body_too_large: 400,
  malformed_body: 400,
  overload: 503,
  storage_unavailable: 503,
  internal_error: 500,
} as const;

export type RequestRefusal = keyof typeof REQUEST_REFUSALS;

/** Parts of a request that are refused while the rest is kept. */
export type PartRefusal =
  | SeriesRefusal
  | RejectReason
  | 'native_histogram'
  | 'forbidden_record'
  | 'malformed_record'
  | 'expired_event';

/** A request that gets no 2xx. Thrown while it is handled; the message is for the sender. */
export class RefusedRequest extends Error {
  readonly reason: RequestRefusal;

  constructor(reason: RequestRefusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }

  get status(): number {
    return REQUEST_REFUSALS[this.reason];
  }
}

/** Seconds for Retry-After: spread, so that a thousand collectors do not come back in the same moment. */
export function retryAfterSeconds(reason: RequestRefusal): number {
  const baseSeconds = reason === 'storage_unavailable' ? 5 : 1;
  return baseSeconds + Math.floor(Math.random() * 5);
}

/** One log line for a cluster and reason in this time; the counter has them all. */
const LOG_EVERY_MS = 30_000;

/** Counts every refusal and logs the first of its kind now and then. */
export class RefusalLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #refused: Counter<'cluster' | 'reason'>;
  /** Bounded: as many clusters as there are identities, times the reasons. */
  readonly #loggedMs = new Map<string, number>();

  constructor({ clock, logger, metrics }: { clock: Clock; logger: Logger; metrics: Registry }) {
    this.#clock = clock;
    this.#logger = logger;
    this.#refused = new Counter({
      name: 'karmascope_aggregator_ingest_refused_total',
      help: 'What was refused: requests, series, samples or log records, as the reason says.',
      labelNames: ['cluster', 'reason'],
      registers: [metrics],
    });
  }

  /** `cluster` is empty for a sender that is no cluster's. */
  note(cluster: string, reason: RequestRefusal | PartRefusal, detail: string, count = 1): void {
    if (count === 0) return;
    this.#refused.inc({ cluster, reason }, count);
    const key = `${cluster}\xff${reason}`;
    const nowMs = this.#clock.now();
    if (nowMs - (this.#loggedMs.get(key) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return;
    this.#loggedMs.set(key, nowMs);
    this.#logger.warn({ cluster, reason, count, detail }, 'Refused what a sender brought');
  }
}
