import { type Clock, sleep } from './clock.ts';
import { deadline } from './deadline.ts';
import { type KubernetesClient, KubernetesError } from './kubernetes-client.ts';
import { readLines } from './kubernetes-lines.ts';
import {
  type KubernetesObject,
  listAll,
  newestResourceVersion,
  withoutManagedFields,
} from './kubernetes-list.ts';
import type { Logger } from './logger.ts';

/** One object of a watch: at most 1.5 MB in etcd, and more as JSON. */
const LINE_BYTES_MAX = 16 * 2 ** 20;
/** From the request to its headers. */
const ANSWER_TIMEOUT_MS = 30_000;
/**
 * The server is asked to end a watch after about a minute, and the next one goes on where it ended. A hung API
 * server ends no connection, and silence alone proves nothing: collections without a watch cache, as events,
 * get no bookmarks.
 */
const WATCH_SECONDS = { least: 50, spread: 20 };
/** A watch without a byte for so long is given up: a healthy server would have ended it. */
const SILENCE_TIMEOUT_MS = 90_000;
/** A watch that lived so long was a good one, even if nothing happened in it. */
const GOOD_WATCH_MS = 10_000;
const PAUSE_MS = { first: 1_000, longest: 30_000 };
/** The same reason is logged again after this time. */
const LOG_INTERVAL_MS = 60_000;

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface WatchListOptions<T extends KubernetesObject> {
  readonly client: KubernetesClient;
  /** Of the collection: `/api/v1/pods`, `/apis/cluster.karmada.io/v1alpha1/clusters`. */
  readonly path: string;
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
  /**
   * All there is: at the start, and again whenever changes may have been missed. It replaces what was known.
   * `followedMs` says until when every change was seen; undefined at the start.
   */
  readonly onSync: (items: readonly T[], followedMs: number | undefined) => void;
  /** A change since then, in the server's order. */
  readonly onEvent: (type: WatchEventType, object: T) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1): spreads the tries of many collectors. */
  readonly random?: () => number;
}

/** How a watch is doing, for status pages and metrics. What was known stays known while it backs off. */
export interface WatchState {
  readonly phase: 'listing' | 'synced' | 'backoff';
  readonly sinceMs: number;
  /** Why it backs off; empty otherwise. */
  readonly reason: string;
}

export interface WatchHandle {
  readonly state: WatchState;
  /** Resolves when the signal has ended it. */
  readonly ended: Promise<void>;
}

/**
 * Lists a collection and follows its changes until the signal aborts. A broken watch is resumed where it was;
 * the list is taken anew only when the server no longer has the changes in between (410), when it reports an
 * error inside the watch, or when a watch was silent from its beginning and the collection turns out to be
 * behind: so looks a resourceVersion from the future, after a restore of etcd. The objects come without
 * `managedFields`.
 */
export function watchList<T extends KubernetesObject>(options: WatchListOptions<T>): WatchHandle {
  const watcher = new Watcher(options);
  const ended = watcher.run();
  return {
    get state() {
      return watcher.state;
    },
    ended,
  };
}

/** How a watch came to its end when nothing was thrown. */
type WatchEnd = 'over' | 'silent' | 'expired';

class Watcher<T extends KubernetesObject> {
  readonly #options: WatchListOptions<T>;
  readonly #random: () => number;
  #state: WatchState;
  /** Failures since something last went well. */
  #failures = 0;
  /** Where to resume; undefined: a list is needed. */
  #resourceVersion: string | undefined;
  #followedMs: number | undefined;
  #logged = { reason: '', atMs: Number.NEGATIVE_INFINITY };

  constructor(options: WatchListOptions<T>) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#state = { phase: 'listing', sinceMs: options.clock.now(), reason: '' };
  }

  get state(): WatchState {
    return this.#state;
  }

  async run(): Promise<void> {
    const { signal, clock } = this.#options;
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#list();
        const end = await this.#watch();
        if (end === 'over' || (end === 'silent' && !(await this.#isBehind()))) continue;
        // Once is ordinary after a pause of ours. Again and again, with nothing in between, is trouble.
        this.#resourceVersion = undefined;
        if (++this.#failures === 1) continue;
        await sleep(clock, this.#fail(new Error('the watch expires as soon as it starts')), signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#failures++;
        await sleep(clock, this.#fail(error as Error), signal);
      }
    }
  }

  async #list(): Promise<void> {
    this.#enter('listing');
    const { items, resourceVersion } = await listAll<T>({ ...this.#options, query: this.#selectors() });
    this.#resourceVersion = resourceVersion;
    this.#options.onSync(items, this.#followedMs);
    this.#followedMs = this.#options.clock.now();
  }

  async #watch(): Promise<WatchEnd> {
    const { client, path, clock } = this.#options;
    const silence = deadline(
      this.#options,
      SILENCE_TIMEOUT_MS,
      `no sign of life for ${SILENCE_TIMEOUT_MS / 1000} s`,
    );
    const timeoutSeconds = Math.round(WATCH_SECONDS.least + WATCH_SECONDS.spread * this.#random());
    const query = {
      ...this.#selectors(),
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#resourceVersion,
      timeoutSeconds: String(timeoutSeconds),
    };
    let heard = false;
    try {
      const response = await client.get(path, {
        query,
        signal: silence.signal,
        timeoutMs: ANSWER_TIMEOUT_MS,
      });
      const startMs = clock.now();
      this.#enter('synced');
      for await (const line of readLines(response, LINE_BYTES_MAX, silence.restart)) {
        heard = true;
        if (this.#take(line) === 'expired') return 'expired';
        this.#followedMs = clock.now();
        this.#failures = 0;
      }
      if (!heard && clock.now() - startMs < GOOD_WATCH_MS)
        throw new Error('the server ended the watch at once');
      this.#followedMs = clock.now();
      this.#failures = 0;
      return heard ? 'over' : 'silent';
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 410) return 'expired';
      if (!silence.signal.aborted) throw error;
      if (!heard) this.#resourceVersion = undefined;
      throw silence.signal.reason;
    } finally {
      silence.cancel();
    }
  }

  /** Whether the collection has an older resourceVersion than the one we follow. */
  async #isBehind(): Promise<boolean> {
    const [ours, theirs] = [
      this.#resourceVersion,
      await newestResourceVersion({ ...this.#options, query: this.#selectors() }),
    ];
    return /^\d+$/.test(`${ours}${theirs}`) && BigInt(theirs) < BigInt(ours!);
  }

  /** One line of a watch. */
  #take(line: string): WatchEnd | undefined {
    const { type, object } = parseLine<T>(line);
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
        this.#resourceVersion = object.metadata.resourceVersion;
        this.#options.onEvent(type, withoutManagedFields(object));
        return undefined;
      case 'BOOKMARK':
        this.#resourceVersion = object.metadata.resourceVersion;
        return undefined;
      case 'ERROR': {
        const { code, reason, message } = object as { code?: number; reason?: string; message?: string };
        if (code === 410 || reason === 'Expired' || reason === 'Gone') return 'expired';
        this.#resourceVersion = undefined;
        throw new Error(`the server ended the watch: ${code ?? ''} ${message ?? reason ?? line}`);
      }
      default:
        throw new Error(`the watch sent an event of unknown type ${JSON.stringify(type)}`);
    }
  }

  #selectors(): Record<string, string | undefined> {
    return { fieldSelector: this.#options.fieldSelector, labelSelector: this.#options.labelSelector };
  }

  #enter(phase: 'listing' | 'synced'): void {
    const { clock, logger, path, client } = this.#options;
    // A list that is tried again after a failure is still the failure, until the watch stands.
    if (phase === this.#state.phase || (phase === 'listing' && this.#state.phase === 'backoff')) return;
    if (phase === 'synced' && this.#logged.reason !== '') {
      logger.info({ path, source: client.source }, 'Watch works again');
      this.#logged = { reason: '', atMs: Number.NEGATIVE_INFINITY };
    }
    this.#state = { phase, sinceMs: clock.now(), reason: '' };
  }

  /** Notes a failure and says how long to wait. */
  #fail(error: Error): number {
    const { clock, logger, path, client } = this.#options;
    const nowMs = clock.now();
    const reason = error.message;
    client.reload();
    const sinceMs = this.#state.phase === 'backoff' ? this.#state.sinceMs : nowMs;
    this.#state = { phase: 'backoff', sinceMs, reason };
    if (reason !== this.#logged.reason || nowMs - this.#logged.atMs >= LOG_INTERVAL_MS) {
      this.#logged = { reason, atMs: nowMs };
      logger.warn({ path, source: client.source, reason }, 'Cannot watch; it is tried again');
    }
    const full = Math.min(PAUSE_MS.longest, PAUSE_MS.first * 2 ** Math.min(this.#failures - 1, 30));
    const askedMs = error instanceof KubernetesError ? Math.min(error.retryAfterMs, PAUSE_MS.longest) : 0;
    return Math.max(askedMs, full / 2 + (full / 2) * this.#random());
  }
}

function parseLine<T>(line: string): { type: string; object: T } {
  try {
    const event = JSON.parse(line) as { type: string; object: T };
    if (typeof event?.type === 'string' && typeof event.object === 'object' && event.object !== null)
      return event;
  } catch {
    // Said below.
  }
  throw new Error(`the watch sent a line that is no event: ${line.slice(0, 100)}`);
}
