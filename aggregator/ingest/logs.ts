import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Counter, type Registry } from 'prom-client';
import type { ClusterEvent } from '../../model/event.ts';
import { decodeLogs, type LogRecord, type LogsFormat, logsFormat } from '../../model/otlp-logs.ts';
import { type ClusterMessage, parseRecord, type TypedRecord } from '../../model/otlp-records.ts';
import { ProtoWriter } from '../../model/protobuf.ts';
import { StorageUnavailable } from '../engine/engine.ts';
import type { EventStore } from '../events/event-store.ts';
import { clusterNameSchema } from '../identity/config.ts';
import type { Identity } from '../identity/identity.ts';
import type { ClusterRegistry } from '../registry/registry.ts';
import { boundedEvent } from './bounded-event.ts';
import type { Answer } from './receiver.ts';
import { type PartRefusal, type RefusalLog, RefusedRequest } from './refusals.ts';
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
    const sorted = sortRecords(decode(body, format), identity, (name) => this.#isMember(name));
    await this.#store(sorted);
    for (const cluster of sorted.conflicts)
      this.#senderMetrics.conflicts.inc({ cluster: identity.cluster ?? '', label: 'cluster' }, cluster.count);
    return this.#answer(sorted, identity, format);
  }

  async #store({ events, clusters }: SortedRecords): Promise<void> {
    for (const message of clusters) applyMessage(this.#registry, message);
    for (const [cluster, list] of events) {
      const { stored, repeated, expired } = await this.#events.add(cluster, list).catch(asUnavailable);
      this.#registry.eventReceived(cluster);
      this.#received.inc({ cluster, outcome: 'stored' }, stored);
      this.#received.inc({ cluster, outcome: 'repeated' }, repeated);
      this.#refusals.note(cluster, 'expired_event', 'events older than the store keeps', expired);
    }
    if (clusters.length > 0) await this.#registry.persist().catch(asUnavailable);
  }

  #answer({ refused, accepted }: SortedRecords, identity: Identity, format: LogsFormat): Answer {
    const reasons = [...refused.values()];
    for (const { reason, count, problem } of reasons)
      this.#refusals.note(identity.cluster ?? '', reason, problem, count);
    const [first] = reasons;
    if (!first) return exportAnswer(format, 0, '');
    const count = reasons.reduce((sum, { count }) => sum + count, 0);
    if (accepted > 0) return exportAnswer(format, count, first.problem);
    return statusAnswer(format, first.reason === 'forbidden_record' ? 403 : 400, first.problem);
  }

  #isMember(name: string): boolean {
    return this.#registry.get(name)?.state !== undefined;
  }
}

interface SortedRecords {
  readonly events: ReadonlyMap<string, ClusterEvent[]>;
  readonly clusters: readonly ClusterMessage[];
  readonly accepted: number;
  readonly refused: ReadonlyMap<PartRefusal, { reason: PartRefusal; count: number; problem: string }>;
  /** Other clusters that the sender said its events were of. */
  readonly conflicts: readonly { readonly claimed: string; readonly count: number }[];
}

/** Decides about every record, whose it is and whether the sender may say it; stores nothing. */
export function sortRecords(
  records: readonly LogRecord[],
  identity: Identity,
  isMember: (cluster: string) => boolean,
): SortedRecords {
  const events = new Map<string, ClusterEvent[]>();
  const clusters: ClusterMessage[] = [];
  const refused = new Map<PartRefusal, { reason: PartRefusal; count: number; problem: string }>();
  const conflicts = new Map<string, number>();
  let accepted = 0;
  const refuse = (reason: PartRefusal, problem: string) => {
    const known = refused.get(reason);
    if (known) known.count++;
    else refused.set(reason, { reason, count: 1, problem });
  };
  for (const record of records) {
    let typed: TypedRecord;
    try {
      typed = parseRecord(record);
    } catch (error) {
      refuse('malformed_record', (error as Error).message);
      continue;
    }
    if (typed.kind === 'other') {
      refuse('malformed_record', 'Cannot keep a log record that is neither a Kubernetes event nor a cluster');
    } else if (typed.kind === 'event') {
      const { cluster, ignored } = clusterOfEvent(typed.cluster, identity, isMember);
      const event = boundedEvent(typed.event);
      if (cluster === undefined) refuse('malformed_record', 'Cannot keep an event without k8s.cluster.name');
      else if (event === undefined) refuse('malformed_record', 'Cannot keep an event with such a uid');
      else {
        if (ignored !== undefined) conflicts.set(ignored, (conflicts.get(ignored) ?? 0) + 1);
        const list = events.get(cluster);
        if (list) list.push(event);
        else events.set(cluster, [event]);
        accepted++;
      }
    } else if (!identity.federation) {
      refuse(
        'forbidden_record',
        `Cannot take Karmada's clusters from "${identity.name}": only an identity with "federation: true" may tell of them`,
      );
    } else if (typed.kind === 'cluster' && !clusterNameSchema.safeParse(typed.state.name).success) {
      refuse('malformed_record', `Cannot keep a cluster named ${JSON.stringify(typed.state.name)}`);
    } else {
      clusters.push(typed);
      accepted++;
    }
  }
  return {
    events,
    clusters,
    accepted,
    refused,
    conflicts: Array.from(conflicts, ([claimed, count]) => ({ claimed, count })),
  };
}

/**
 * A member's events are its own, whatever it says. The federation's identity may bring a member's, and a
 * trusted sender those of any cluster.
 */
function clusterOfEvent(
  claimed: string,
  identity: Identity,
  isMember: (cluster: string) => boolean,
): { cluster: string | undefined; ignored?: string } {
  if (identity.trusted || identity.cluster === undefined)
    return { cluster: clusterNameSchema.safeParse(claimed).success ? claimed : undefined };
  if (claimed === '' || claimed === identity.cluster) return { cluster: identity.cluster };
  if (identity.federation && isMember(claimed)) return { cluster: claimed };
  return { cluster: identity.cluster, ignored: claimed };
}

function applyMessage(registry: ClusterRegistry, message: ClusterMessage): void {
  if (message.kind === 'cluster') registry.update(message.state);
  else if (message.kind === 'cluster-deleted') registry.remove(message.name);
  else registry.retainOnly(message.names);
}

const gunzipAsync = promisify(gunzip);

/** The body without its compression. The bound holds while it is unpacked, so a small bomb stays small. */
async function plainBody(request: IncomingMessage, reservation: Reservation): Promise<Uint8Array> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new RefusedRequest(
      'unsupported_media_type',
      `Cannot read Content-Encoding "${encoding}": send gzip or none`,
    );
  const body = await readBody(request, reservation);
  if (encoding === 'identity') return body;
  try {
    return await gunzipAsync(body, { maxOutputLength: DECODED_BYTES_MAX });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new RefusedRequest(
        'body_too_large',
        `Cannot take more than ${DECODED_BYTES_MAX} unpacked bytes; send smaller batches`,
      );
    throw new RefusedRequest('malformed_body', `Cannot unpack gzip: ${(error as Error).message}`);
  }
}

function decode(body: Uint8Array, format: LogsFormat): LogRecord[] {
  try {
    return decodeLogs(body, format);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RefusedRequest('malformed_body', error.message);
    throw error;
  }
}

function asUnavailable(error: Error): never {
  if (!(error instanceof StorageUnavailable))
    throw new RefusedRequest('storage_unavailable', `Cannot store clusters: ${error.message}`, {
      cause: error,
    });
  throw new RefusedRequest('storage_unavailable', error.message, { cause: error });
}

/** ExportLogsServiceResponse: 1 partial_success { 1 rejected_log_records, 2 error_message }. */
function exportAnswer(format: LogsFormat, rejected: number, message: string): Answer {
  if (format === 'json') {
    const partialSuccess = { rejectedLogRecords: String(rejected), errorMessage: message };
    const text = JSON.stringify(rejected === 0 ? {} : { partialSuccess });
    return { status: 200, text, contentType: 'application/json' };
  }
  const response = new ProtoWriter();
  if (rejected > 0) {
    const partial = new ProtoWriter();
    partial.varintField(1, rejected);
    partial.stringField(2, message);
    response.bytesField(1, partial.finish());
  }
  return { status: 200, body: response.finish(), contentType: 'application/x-protobuf' };
}

/** google.rpc.Status { 1 code, 2 message }; 3 is INVALID_ARGUMENT, 7 PERMISSION_DENIED. */
function statusAnswer(format: LogsFormat, status: 400 | 403, message: string): Answer {
  const code = status === 403 ? 7 : 3;
  if (format === 'json')
    return { status, text: JSON.stringify({ code, message }), contentType: 'application/json' };
  const body = new ProtoWriter();
  body.varintField(1, code);
  body.stringField(2, message);
  return { status, body: body.finish(), contentType: 'application/x-protobuf' };
}
