import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { Counter, type Registry } from 'prom-client';
import { decodeLogs, type LogRecord, type LogsFormat, logsFormat } from '../../model/otlp-logs.ts';
import type { ClusterMessage } from '../../model/otlp-records.ts';
import type { EventStore } from '../events/event-store.ts';
import type { Identity } from '../identity/identity.ts';
import type { ClusterRegistry } from '../registry/registry.ts';
import { type SortedRecords, sortRecords } from './log-records.ts';
import { exportAnswer, statusAnswer } from './otlp-answer.ts';
import type { Answer } from './receiver.ts';
import { type RefusalLog, RefusedRequest } from './refusals.ts';
import { DECODED_BYTES_MAX, type Reservation, readBody } from './request-body.ts';
import type { SenderMetrics } from './sender.ts';

/**
 * `POST /api/v1/otlp/v1/logs`: Kubernetes events of the sender's cluster, and, from the federation's own
 * identity only, Karmada's clusters. Records that cannot be kept are named in OTLP's partial success; when
 * none can, the answer is 400, or 403 where the sender may not say such things.
 */
export class LogsReceiver {
  readonly #events: EventStore;
  readonly #registry: ClusterRegistry;
  readonly #refusals: RefusalLog;
  readonly #senderMetrics: SenderMetrics;
  readonly #received: Counter<'cluster' | 'outcome'>;

  constructor({
    events,
    registry,
    refusals,
    senderMetrics,
    metrics,
  }: {
    events: EventStore;
    registry: ClusterRegistry;
    refusals: RefusalLog;
    senderMetrics: SenderMetrics;
    metrics: Registry;
  }) {
    this.#events = events;
    this.#registry = registry;
    this.#refusals = refusals;
    this.#senderMetrics = senderMetrics;
    this.#received = new Counter({
      name: 'karmascope_aggregator_ingest_events_total',
      help: 'Kubernetes events received: stored, or known already (repeated).',
      labelNames: ['cluster', 'outcome'],
      registers: [metrics],
    });
  }

  async receive(request: IncomingMessage, identity: Identity, reservation: Reservation): Promise<Answer> {
    const contentType = request.headers['content-type'] ?? '';
    const format = logsFormat(contentType);
    if (format === undefined)
      throw new RefusedRequest(
        'unsupported_media_type',
        `Cannot read Content-Type "${contentType}": OTLP is application/json or application/x-protobuf`,
      );
    const body = await plainBody(request, reservation);
    const isMember = (name: string) => this.#registry.get(name)?.state !== undefined;
    const sorted = sortRecords(decode(body, format), { identity, isMember });
    await this.#store(sorted);
    const cluster = identity.cluster ?? '';
    if (sorted.misattributed > 0)
      this.#senderMetrics.conflicts.inc({ cluster, label: 'cluster' }, sorted.misattributed);
    for (const { reason, count, problem } of sorted.refused)
      this.#refusals.note(cluster, reason, problem, count);
    return answer(sorted, format);
  }

  async #store({ events, clusters }: SortedRecords): Promise<void> {
    for (const message of clusters) applyMessage(this.#registry, message);
    if (clusters.length > 0) await this.#registry.persist().catch(unavailable);
    for (const [cluster, ofCluster] of events) {
      const { stored, repeated, expired } = await this.#events.add(cluster, ofCluster).catch(unavailable);
      this.#registry.eventReceived(cluster);
      this.#received.inc({ cluster, outcome: 'stored' }, stored);
      this.#received.inc({ cluster, outcome: 'repeated' }, repeated);
      this.#refusals.note(cluster, 'expired_event', 'events older than the store keeps', expired);
    }
  }
}

/** What is unpacked between two looks at the bound. */
const UNPACKED_PIECE_BYTES = 256 * 1024;

function answer({ refused, accepted }: SortedRecords, format: LogsFormat): Answer {
  const [first] = refused;
  if (!first) return exportAnswer(format, 0, '');
  const count = refused.reduce((sum, part) => sum + part.count, 0);
  if (accepted > 0) return exportAnswer(format, count, first.problem);
  return statusAnswer(format, first.reason === 'forbidden_record' ? 403 : 400, first.problem);
}

function applyMessage(registry: ClusterRegistry, message: ClusterMessage): void {
  if (message.kind === 'cluster') registry.update(message.state);
  else if (message.kind === 'cluster-deleted') registry.remove(message.name);
  else registry.retainOnly(message.names);
}

/** The body without its compression. */
async function plainBody(request: IncomingMessage, reservation: Reservation): Promise<Uint8Array> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new RefusedRequest(
      'unsupported_media_type',
      `Cannot read Content-Encoding "${encoding}": send gzip or none`,
    );
  const body = await readBody(request, reservation);
  return encoding === 'identity' ? body : unpack(body, reservation);
}

/** Room is taken for each piece as it is unpacked: many small bombs at once are refused as one large one is. */
async function unpack(body: Uint8Array, reservation: Reservation): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  const unpacking = createGunzip({ chunkSize: UNPACKED_PIECE_BYTES });
  unpacking.end(body);
  try {
    for await (const piece of unpacking as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > DECODED_BYTES_MAX)
        throw new RefusedRequest(
          'body_too_large',
          `Cannot take more than ${DECODED_BYTES_MAX} unpacked bytes; send smaller batches`,
        );
      reservation.grow(piece.length);
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof RefusedRequest) throw error;
    throw new RefusedRequest('malformed_body', `Cannot unpack gzip: ${(error as Error).message}`);
  }
  return Buffer.concat(pieces, length);
}

function decode(body: Uint8Array, format: LogsFormat): LogRecord[] {
  try {
    return decodeLogs(body, format);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RefusedRequest('malformed_body', error.message);
    throw error;
  }
}

function unavailable(error: Error): never {
  throw new RefusedRequest('storage_unavailable', error.message, { cause: error });
}
