import { readFile } from 'node:fs/promises';
import { Counter, Histogram } from 'prom-client';
import { type Clock, sleep } from '../../runtime/clock.ts';
import { deadline } from '../../runtime/deadline.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import { version } from '../../runtime/version.ts';
import type { PushConfig } from './config.ts';
import { judge, pauseMs, unreachable, type Verdict } from './verdict.ts';

/** A whole request gets as long as Prometheus gives it; a hub that hangs must not hold the queue for ever. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Of an answer's text: enough for a sentence in the log. Whoever answers, more is not read. */
const ANSWER_BYTES_MAX = 500;
/** The same kind of problem is logged once in this time, and at most so many kinds are remembered. */
const LOG_INTERVAL_MS = 60_000;
const LOGGED_KINDS_MAX = 100;

export interface HubRequest {
  /** Under the hub's URL: `/api/v1/write`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** For the log: `2000 samples`. */
  readonly what: string;
}

export type Delivery =
  | { readonly outcome: 'sent' }
  /** Not to be sent again; of a request that was refused in part the hub has kept so many samples. */
  | { readonly outcome: 'refused'; readonly reason: string; readonly samplesKept: number }
  /** The signal aborted first: the hub may or may not have it. */
  | { readonly outcome: 'aborted' };

/** How the way to the hub is, for a status page. */
export interface HubState {
  readonly lastSuccessMs: number | undefined;
  /** The last try failed; since when, and why. */
  readonly failing: { readonly sinceMs: number; readonly reason: string } | undefined;
}

export interface HubClientOptions {
  readonly config: PushConfig;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** In [0, 1): spreads the tries of many collectors. */
  readonly random: () => number;
}

/** Delivers requests to the hub, each tried until the hub has it, refuses it, or the caller gives up. */
export class HubClient {
  readonly #options: HubClientOptions;
  readonly #baseUrl: string;
  readonly #loggedMs = new Map<string, number>();
  readonly #requests: Counter<'path' | 'verdict'>;
  readonly #seconds: Histogram<'path'>;
  #state: HubState = { lastSuccessMs: undefined, failing: undefined };

  constructor(options: HubClientOptions) {
    this.#options = options;
    this.#baseUrl = options.config.url.replace(/\/+$/, '');
    const registers = [options.registry];
    this.#requests = new Counter({
      name: 'karmascope_collector_push_requests_total',
      help: 'Requests to the hub by what their answer meant: delivered, refused (not sent again) or retry.',
      labelNames: ['path', 'verdict'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'karmascope_collector_push_request_duration_seconds',
      help: 'Time of one try, answered or not.',
      labelNames: ['path'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 30],
      registers,
    });
  }

  get state(): HubState {
    return this.#state;
  }

  async deliver(request: HubRequest, signal: AbortSignal): Promise<Delivery> {
    const { clock, logger, random } = this.#options;
    for (let tries = 1; ; tries++) {
      if (signal.aborted) return { outcome: 'aborted' };
      const verdict = await this.#try(request, tries, signal);
      if (signal.aborted && verdict.kind === 'retry') return { outcome: 'aborted' };
      this.#note(request, verdict);
      if (verdict.kind === 'delivered') return { outcome: 'sent' };
      if (verdict.kind === 'refused') {
        const { reason, samplesKept } = verdict;
        return { outcome: 'refused', reason, samplesKept };
      }
      const waitMs = pauseMs(verdict, tries, random());
      logger.debug({ what: request.what, tries, waitMs, reason: verdict.reason }, 'Push will be tried again');
      await sleep(clock, waitMs, signal);
    }
  }

  async #try(request: HubRequest, tries: number, signal: AbortSignal): Promise<Verdict> {
    const { clock } = this.#options;
    const limit = deadline(
      { clock, signal },
      REQUEST_TIMEOUT_MS,
      `no answer within ${REQUEST_TIMEOUT_MS / 1000} s`,
    );
    const startMs = clock.now();
    try {
      const response = await this.#options.fetch(this.#baseUrl + request.path, {
        method: 'POST',
        headers: {
          ...request.headers,
          ...(await this.#authorization()),
          'user-agent': `karmascope-collector/${version}`,
          ...(tries > 1 ? { 'retry-attempt': String(tries - 1) } : {}),
        },
        body: request.body as Uint8Array<ArrayBuffer>,
        // A redirect would carry the credential to another place: it is reported instead.
        redirect: 'manual',
        signal: limit.signal,
      });
      const text = await beginning(response);
      const { status, headers } = response;
      const retryAfter = headers.get('retry-after');
      const samplesWritten = headers.get('x-prometheus-remote-write-samples-written');
      return judge({ status, retryAfter, samplesWritten, text }, clock.now());
    } catch (error) {
      return unreachable(rootMessage(error));
    } finally {
      limit.cancel();
      this.#seconds.observe({ path: request.path }, (clock.now() - startMs) / 1000);
    }
  }

  async #authorization(): Promise<{ authorization?: string }> {
    const { token, token_file: tokenFile } = this.#options.config;
    if (tokenFile !== undefined)
      return { authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` };
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  #note(request: HubRequest, verdict: Verdict): void {
    const nowMs = this.#options.clock.now();
    this.#requests.inc({ path: request.path, verdict: verdict.kind });
    if (verdict.kind !== 'retry') {
      // Refused is not failing: the way is open.
      if (this.#state.failing) this.#options.logger.info('Hub answers again');
      this.#state = { lastSuccessMs: nowMs, failing: undefined };
      if (verdict.kind === 'delivered') return;
    } else {
      const sinceMs = this.#state.failing?.sinceMs ?? nowMs;
      this.#state = { ...this.#state, failing: { sinceMs, reason: verdict.reason } };
    }
    if (!this.#mayLog(`${request.path} ${verdict.code}`, nowMs)) return;
    const record = { url: this.#baseUrl + request.path, what: request.what, reason: verdict.reason };
    if (verdict.kind === 'refused')
      this.#options.logger.warn(record, 'Hub refuses data; it is not sent again');
    else this.#options.logger.warn(record, 'Cannot push; the data is kept and tried again');
  }

  #mayLog(kind: string, nowMs: number): boolean {
    const loggedMs = this.#loggedMs.get(kind);
    if (loggedMs !== undefined && nowMs - loggedMs < LOG_INTERVAL_MS) return false;
    if (this.#loggedMs.size >= LOGGED_KINDS_MAX) this.#loggedMs.clear();
    this.#loggedMs.set(kind, nowMs);
    return true;
  }
}

async function beginning(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of response.body ?? []) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(pieces).subarray(0, ANSWER_BYTES_MAX).toString().trim();
}

/** `fetch failed` says nothing; its cause does (`connect ECONNREFUSED 127.0.0.1:9390`). */
function rootMessage(error: unknown): string {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  if (root instanceof AggregateError && root.errors[0] instanceof Error) return root.errors[0].message;
  return root instanceof Error ? root.message : String(root);
}
