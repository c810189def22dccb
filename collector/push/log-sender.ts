import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import type { HubClient } from './hub-client.ts';

const gzip = promisify(gzipCallback);

/** Records of one request: about 600 KB of JSON, 40 KB gzipped. */
const REQUEST_RECORDS = 500;

const HEADERS = { 'content-type': 'application/json', 'content-encoding': 'gzip' };

export type RecordOutcome = 'sent' | 'dropped' | 'refused';

/**
 * Sends records of one kind to the hub as OTLP logs, in order, from a queue bounded in records. Records with
 * the same key say the same thing at different times: a newer one takes the place of an older one that still
 * waits, so that a storm of repeats costs one record. When the queue is full the oldest is dropped.
 */
export class LogSender<T> {
  readonly #client: HubClient;
  readonly #encode: (records: readonly T[]) => string;
  readonly #onOutcome: (outcome: RecordOutcome, records: number) => void;
  readonly #capacity: number;
  readonly #waiting = new Map<string, T>();
  readonly #quit = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #sending = false;

  constructor(options: {
    readonly client: HubClient;
    readonly capacity: number;
    readonly encode: (records: readonly T[]) => string;
    readonly onOutcome: (outcome: RecordOutcome, records: number) => void;
  }) {
    this.#client = options.client;
    this.#capacity = options.capacity;
    this.#encode = options.encode;
    this.#onOutcome = options.onOutcome;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  push(key: string, record: T): void {
    this.#waiting.delete(key);
    if (this.#waiting.size >= this.#capacity) {
      this.#waiting.delete(this.#waiting.keys().next().value!);
      this.#onOutcome('dropped', 1);
    }
    this.#waiting.set(key, record);
    if (this.#sending) return;
    this.#sending = true;
    this.#ended = this.#run();
  }

  /** Sends what waits, for as long as the caller's signal allows; the rest is dropped and counted. */
  async stop(deadline: AbortSignal): Promise<void> {
    const quit = () => this.#quit.abort();
    deadline.addEventListener('abort', quit, { once: true });
    if (deadline.aborted) quit();
    await this.#ended;
    deadline.removeEventListener('abort', quit);
  }

  async #run(): Promise<void> {
    // Records that come in the same turn, as those of a list do, share a request.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const records = this.#take();
      const { outcome } = await this.#deliver(records);
      this.#onOutcome(outcome === 'aborted' ? 'dropped' : outcome, records.length);
    }
    this.#sending = false;
  }

  #take(): T[] {
    const records: T[] = [];
    for (const [key, record] of this.#waiting) {
      if (records.length === REQUEST_RECORDS) break;
      records.push(record);
      this.#waiting.delete(key);
    }
    return records;
  }

  async #deliver(records: readonly T[]) {
    const body = await gzip(this.#encode(records), { level: 3 });
    const what = `${records.length} log records`;
    return this.#client.deliver(
      { path: '/api/v1/otlp/v1/logs', headers: HEADERS, body, what },
      this.#quit.signal,
    );
  }
}
