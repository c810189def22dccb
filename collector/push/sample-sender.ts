import { Counter, Gauge } from 'prom-client';
import { compress } from 'snappy';
import { WriteRequestEncoder } from '../../model/remote-write.ts';
import type { Clock } from '../../runtime/clock.ts';
import { deadline } from '../../runtime/deadline.ts';
import type { Registry } from '../../runtime/metrics.ts';
import type { HubClient, HubRequest } from './hub-client.ts';
import { MetadataTable } from './metadata-table.ts';
import { type SampleBatch, SampleQueue, type SampleSink } from './sample-queue.ts';

/** About 3 MB before compression: large enough that a slow link is full, small enough to be sent again. */
const REQUEST_SAMPLES = 10_000;
/** How long samples wait for others to share a request. Small against any scrape interval. */
const LINGER_MS = 500;

const HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};

interface Taken {
  readonly samples: number;
  readonly queuedMs: number;
}

interface Prepared {
  readonly request: HubRequest;
  readonly taken: Taken;
}

/**
 * Sends samples by remote write, one request at a time, so that each series arrives in order. While a request
 * is on its way the next one is encoded and compressed, if a full one waits.
 */
export class SampleSender implements SampleSink {
  readonly #client: HubClient;
  readonly #clock: Clock;
  readonly #queue: SampleQueue;
  readonly #metadata = new MetadataTable();
  readonly #encoder = new WriteRequestEncoder();
  readonly #samples: Counter<'outcome'>;
  /** Aborts waiting for more: what is there is sent at once. */
  readonly #flush = new AbortController();
  /** Ends everything. */
  readonly #quit = new AbortController();
  readonly #ended: Promise<void>;
  /** Taken from the queue and not yet answered for, oldest first: the request on its way and the next. */
  readonly #unanswered: Taken[] = [];
  /** The next request, made while another was on its way. */
  #prepared: Prepared | undefined;

  constructor(options: {
    readonly client: HubClient;
    readonly clock: Clock;
    readonly registry: Registry;
    readonly queueSamples: number;
  }) {
    this.#client = options.client;
    this.#clock = options.clock;
    const registers = [options.registry];
    this.#samples = new Counter({
      name: 'karmascope_collector_push_samples_total',
      help: 'Samples by what became of them: sent, dropped here (queue full, or not sent before the end), refused by the hub.',
      labelNames: ['outcome'],
      registers,
    });
    for (const outcome of ['sent', 'dropped', 'refused']) this.#samples.inc({ outcome }, 0);
    this.#queue = new SampleQueue(options.queueSamples, (dropped) =>
      this.#samples.inc({ outcome: 'dropped' }, dropped),
    );
    this.#registerGauges(registers);
    this.#ended = this.#run();
  }

  tryPush(batch: SampleBatch): boolean {
    this.#metadata.note(batch.metadata ?? []);
    return this.#queue.tryPush(batch, this.#clock.now());
  }

  /** Sends what waits, for at most so long; the rest is dropped and counted. Nothing may be pushed after. */
  async stop(flushMs: number): Promise<void> {
    this.#flush.abort();
    const cancel = this.#clock.after(flushMs, () => this.#quit.abort());
    await this.#ended;
    cancel();
    this.#queue.clear();
  }

  async #run(): Promise<void> {
    for (let next = await this.#next(); next; next = await this.#next()) await this.#deliver(next);
  }

  /** Undefined when it is over. */
  async #next(): Promise<Prepared | undefined> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (prepared) return prepared;
    await this.#queue.waitFor(1, this.#flush.signal);
    if (this.#queue.waitingSamples === 0 || this.#quit.signal.aborted) return undefined;
    const linger = deadline({ clock: this.#clock, signal: this.#flush.signal }, LINGER_MS, 'lingered');
    await this.#queue.waitFor(REQUEST_SAMPLES, linger.signal);
    linger.cancel();
    return this.#prepare();
  }

  async #deliver({ request, taken }: Prepared): Promise<void> {
    const delivery = this.#client.deliver(request, this.#quit.signal);
    if (this.#queue.waitingSamples >= REQUEST_SAMPLES) this.#prepared = await this.#prepare();
    const result = await delivery;
    this.#unanswered.shift();
    const kept = result.outcome === 'refused' ? Math.min(result.samplesKept, taken.samples) : 0;
    if (kept > 0) this.#samples.inc({ outcome: 'sent' }, kept);
    const outcome = result.outcome === 'aborted' ? 'dropped' : result.outcome;
    this.#samples.inc({ outcome }, taken.samples - kept);
  }

  async #prepare(): Promise<Prepared> {
    const { slices, ...taken } = this.#queue.take(REQUEST_SAMPLES);
    this.#unanswered.push(taken);
    const body = await compress(this.#encoder.encode(slices, this.#metadata.due(this.#clock.now())));
    const what = `${taken.samples} samples`;
    return { request: { path: '/api/v1/write', headers: HEADERS, body, what }, taken };
  }

  #registerGauges(registers: Registry[]): void {
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name: `karmascope_collector_push_${name}`,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    const sum = () => this.#unanswered.reduce((samples, taken) => samples + taken.samples, 0);
    gauge(
      'queue_samples',
      'Samples that wait to be sent or are on their way.',
      () => this.#queue.waitingSamples + sum(),
    );
    gauge(
      'queue_capacity_samples',
      'Samples that may wait; after that the oldest are dropped.',
      () => this.#queue.capacitySamples,
    );
    gauge('oldest_sample_age_seconds', 'How long the oldest sample has been waiting; 0 when none is.', () => {
      const oldestMs = this.#unanswered[0]?.queuedMs ?? this.#queue.oldestMs;
      return oldestMs === undefined ? 0 : (this.#clock.now() - oldestMs) / 1000;
    });
  }
}
