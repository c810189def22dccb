import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Counter, type Registry } from 'prom-client';
import { WriteRequestDecoder } from '../../model/remote-write.ts';
import { uncompress } from '../../model/snappy.ts';
import type { Appender, AppendOutcome, RejectReason } from '../engine/engine.ts';
import { StorageUnavailable } from '../engine/engine.ts';
import type { Identity } from '../identity/identity.ts';
import type { SeriesRefusal } from '../normalize/series.ts';
import type { ClusterRegistry } from '../registry/registry.ts';
import type { Answer } from './receiver.ts';
import { type PartRefusal, type RefusalLog, RefusedRequest } from './refusals.ts';
import { DECODED_BYTES_MAX, type Reservation, readBody } from './request-body.ts';
import { Sender, type SenderBatch, type SenderContext } from './sender.ts';

export interface WriteReceiverOptions {
  readonly context: SenderContext;
  readonly refusals: RefusalLog;
  readonly metrics: Registry;
}

/**
 * `POST /api/v1/write`: Prometheus remote write 1. The sender gets its 204 when its samples are durable. What
 * can never be stored is answered 400 with the reason, and the rest of the request is kept all the same.
 */
export class WriteReceiver {
  readonly #appender: Appender;
  readonly #registry: ClusterRegistry;
  readonly #refusals: RefusalLog;
  readonly #samples: Counter<'cluster'>;
  readonly #decoder = new WriteRequestDecoder();
  #context: SenderContext;
  /** By identity, and so anew when the configuration is loaded again. */
  #senders = new WeakMap<Identity, Sender>();

  constructor({ context, refusals, metrics }: WriteReceiverOptions) {
    this.#context = context;
    this.#appender = context.appender;
    this.#registry = context.registry;
    this.#refusals = refusals;
    this.#samples = new Counter({
      name: 'karmascope_aggregator_ingest_samples_total',
      help: 'Samples received and stored.',
      labelNames: ['cluster'],
      registers: [metrics],
    });
  }

  /** What is stamped changes: everything remembered of senders is dropped. */
  setFederation(federation: string): void {
    this.#context = { ...this.#context, federation };
    this.#senders = new WeakMap();
  }

  async receive(request: IncomingMessage, identity: Identity, reservation: Reservation): Promise<Answer> {
    checkHeaders(request.headers);
    const compressed = await readBody(request, reservation);
    const sender = this.#senderOf(identity);
    const { batch, newest, outcome } = await this.#store(sender, compressed);
    const { cluster } = sender;
    if (outcome.appended > 0) {
      for (const [name, newestMs] of newest) this.#registry.sampleReceived(name, newestMs);
      this.#samples.inc({ cluster }, outcome.appended);
    }
    const refused = refusedParts(batch, outcome);
    if (refused.size === 0) return { status: 204 };
    const problem = firstProblem(batch, outcome);
    for (const [reason, count] of refused) this.#refusals.note(cluster, reason, problem, count);
    return {
      status: 400,
      text: `${summary(refused, outcome.appended)}; first: ${problem}`,
      headers: { 'x-prometheus-remote-write-samples-written': String(outcome.appended) },
    };
  }

  async #store(sender: Sender, compressed: Uint8Array): Promise<Stored> {
    for (let isSecondTry = false; ; isSecondTry = true) {
      // Up to `append` nothing waits: the plain body and the columns are in memory that is used again.
      const batch = readBatch(sender, compressed, this.#decoder);
      const { write } = batch;
      const newest = sender.newestByCluster(write);
      for (const { family, ...metadata } of write.metadata)
        this.#appender.setMetadata(sender.cluster, family, metadata);
      if (write.length === 0) return { batch, newest, outcome: NOTHING_APPENDED };
      try {
        return { batch, newest, outcome: await this.#appender.append(write) };
      } catch (error) {
        if (error instanceof StorageUnavailable)
          throw new RefusedRequest('storage_unavailable', error.message, { cause: error });
        // The engine has forgotten a series that this sender did not write to for hours: ask for all anew.
        if (!(error instanceof RangeError) || isSecondTry) throw error;
        sender.forgetSeries();
      }
    }
  }

  #senderOf(identity: Identity): Sender {
    let sender = this.#senders.get(identity);
    if (!sender) this.#senders.set(identity, (sender = new Sender(identity, this.#context)));
    return sender;
  }
}

/** Of the batch only counts and texts are good after the wait: its columns may hold the next request. */
interface Stored {
  readonly batch: SenderBatch;
  readonly newest: ReadonlyMap<string, number>;
  readonly outcome: AppendOutcome;
}

const NOTHING_APPENDED: AppendOutcome = {
  appended: 0,
  rejected: { duplicate_timestamp: 0, too_old: 0, too_far_in_future: 0 },
  firstRejection: undefined,
};

/** As Prometheus' receiver judges them; a body without a Content-Type is taken for remote write 1. */
function checkHeaders(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding'] ?? 'snappy';
  if (encoding.toLowerCase() !== 'snappy')
    throw new RefusedRequest(
      'unsupported_media_type',
      `Cannot read Content-Encoding "${encoding}": remote write is snappy`,
    );
  const problem = contentTypeProblem(headers['content-type'] ?? '');
  if (problem !== undefined) throw new RefusedRequest('unsupported_media_type', problem);
}

/** Why a Content-Type is no remote write 1, if it is not. */
export function contentTypeProblem(contentType: string): string | undefined {
  if (contentType.trim() === '') return undefined;
  const [mediaType, ...parameters] = contentType.split(';').map((part) => part.trim());
  if (mediaType!.toLowerCase() !== 'application/x-protobuf')
    return `Cannot read Content-Type "${contentType}": remote write is application/x-protobuf`;
  for (const parameter of parameters) {
    const [name, value, ...rest] = parameter.split('=');
    if (value === undefined || rest.length > 0)
      return `Cannot read Content-Type "${contentType}": parameter "${parameter}" is malformed`;
    if (name !== 'proto' || value === 'prometheus.WriteRequest') continue;
    if (value === 'io.prometheus.write.v2.Request')
      return 'Cannot read remote write 2 (io.prometheus.write.v2.Request): set the sender to prometheus.WriteRequest';
    return `Cannot read Content-Type "${contentType}": the message is unknown`;
  }
  return undefined;
}

function readBatch(sender: Sender, compressed: Uint8Array, decoder: WriteRequestDecoder): SenderBatch {
  try {
    return sender.read(uncompress(compressed, DECODED_BYTES_MAX), decoder);
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new RefusedRequest('malformed_body', error.message, { cause: error });
    throw error;
  }
}

function refusedParts(batch: SenderBatch, outcome: AppendOutcome): Map<PartRefusal, number> {
  const refused = new Map<PartRefusal, number>(batch.refusedSeries);
  if (batch.write.histograms > 0) refused.set('native_histogram', batch.write.histograms);
  for (const [reason, count] of Object.entries(outcome.rejected) as [RejectReason, number][])
    if (count > 0) refused.set(reason, count);
  return refused;
}

function firstProblem({ firstProblem, write }: SenderBatch, { firstRejection }: AppendOutcome): string {
  if (firstProblem !== undefined) return firstProblem;
  if (firstRejection) {
    const { labels, reason, timestampMs } = firstRejection;
    return `${labels} at ${new Date(timestampMs).toISOString()}: ${reason.replaceAll('_', ' ')}`;
  }
  return `${write.histograms} native histograms, which are not supported: send classic ones`;
}

/** Which reasons count series; the others count samples. */
const SERIES_REFUSALS: ReadonlySet<PartRefusal> = new Set<SeriesRefusal>([
  'missing_metric_name',
  'invalid_labels',
  'reserved_name',
]);

function summary(refused: ReadonlyMap<PartRefusal, number>, stored: number): string {
  const reasons = Array.from(
    refused,
    ([reason, count]) => `${reason} (${count} ${SERIES_REFUSALS.has(reason) ? 'series' : 'samples'})`,
  );
  return `Cannot store everything: ${reasons.join(', ')}; ${stored} samples are stored`;
}
