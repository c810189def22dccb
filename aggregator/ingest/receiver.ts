import type { IncomingMessage, ServerResponse } from 'node:http';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Logger } from '../../runtime/logger.ts';
import { type Identities, type Identity, LOCAL_IDENTITY } from '../identity/identity.ts';
import { type RefusalLog, RefusedRequest, retryAfterSeconds } from './refusals.ts';
import { InFlight, type Reservation, SenderGone } from './request-body.ts';

/** What a sender is told. */
export interface Answer {
  readonly status: number;
  readonly text?: string;
  readonly contentType?: string;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One protocol behind one path. */
export interface Endpoint {
  /** Throws a RefusedRequest to refuse the whole request; anything else it throws is a fault of ours. */
  receive(request: IncomingMessage, identity: Identity, reservation: Reservation): Promise<Answer>;
}

/** A refused request's body up to this size is read and thrown away, so that the connection lives on. */
const DISCARD_BYTES_MAX = 256 * 1024;

/**
 * The write paths, on the raw server in front of everything else: who sends is proven first, memory is
 * reserved second, then the endpoint's own work is done, and every outcome is answered and counted in one
 * place.
 */
export class Receiver {
  readonly #identities: Identities;
  readonly #refusals: RefusalLog;
  readonly #logger: Logger;
  readonly #inFlight: InFlight;
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #requests: Counter<'path' | 'code'>;
  readonly #duration: Histogram<'path'>;

  constructor({
    identities,
    endpoints,
    refusals,
    logger,
    metrics,
  }: {
    identities: Identities;
    endpoints: ReadonlyMap<string, Endpoint>;
    refusals: RefusalLog;
    logger: Logger;
    metrics: Registry;
  }) {
    this.#identities = identities;
    this.#endpoints = endpoints;
    this.#refusals = refusals;
    this.#logger = logger;
    this.#inFlight = new InFlight(metrics);
    this.#requests = new Counter({
      name: 'karmascope_aggregator_ingest_requests_total',
      help: 'Requests to the write paths by status.',
      labelNames: ['path', 'code'],
      registers: [metrics],
    });
    this.#duration = new Histogram({
      name: 'karmascope_aggregator_ingest_request_duration_seconds',
      help: 'From the first byte of a write request to its answer, the disk included.',
      labelNames: ['path'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers: [metrics],
    });
  }

  /** Whether the path is one of the write paths; then the request is taken care of. */
  tryHandle(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const endpoint = this.#endpoints.get(path);
    if (!endpoint) return false;
    void this.#handle(path, endpoint, request, response);
    return true;
  }

  async #handle(
    path: string,
    endpoint: Endpoint,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const startedMs = performance.now();
    const identity = this.#identities.identify(request.headers.authorization);
    const cluster = identity?.cluster ?? '';
    try {
      const answer = await this.#answer(endpoint, request, identity);
      send(response, answer);
    } catch (error) {
      if (error instanceof SenderGone) {
        this.#requests.inc({ path, code: '499' });
        return;
      }
      const refusal = this.#asRefusal(error);
      this.#refusals.note(cluster, refusal.reason, refusal.message);
      refuse(request, response, refusal);
    }
    this.#requests.inc({ path, code: String(response.statusCode) });
    this.#duration.observe({ path }, (performance.now() - startedMs) / 1_000);
  }

  #answer(endpoint: Endpoint, request: IncomingMessage, identity: Identity | undefined): Promise<Answer> {
    if (!identity)
      throw new RefusedRequest(
        'unauthenticated',
        'Cannot tell who sends: the bearer token is missing or unknown; give the collector the token of its identity',
      );
    if (request.method !== 'POST')
      throw new RefusedRequest('method_not_allowed', `Cannot ${request.method} here: this path takes POST`);
    // Without identities everyone on this machine may write, and a page of any site is run by its browsers.
    if (identity === LOCAL_IDENTITY && request.headers.origin !== undefined)
      throw new RefusedRequest(
        'cross_site',
        'Cannot take this from a web page: configure identities, and send a token',
      );
    return this.#inFlight.reserve((reservation) => endpoint.receive(request, identity, reservation));
  }

  #asRefusal(error: unknown): RefusedRequest {
    if (error instanceof RefusedRequest) return error;
    this.#logger.error({ err: error }, 'Cannot handle a write request');
    return new RefusedRequest('internal_error', 'Cannot handle the request: an internal error, see the log', {
      cause: error,
    });
  }
}

function send(response: ServerResponse, { status, text, contentType, body, headers }: Answer): void {
  if (response.destroyed) return;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
  if (text !== undefined) response.setHeader('content-type', contentType ?? 'text/plain; charset=utf-8');
  else if (contentType !== undefined) response.setHeader('content-type', contentType);
  response.end(text === undefined ? body : `${text}\n`);
}

function refuse(request: IncomingMessage, response: ServerResponse, refusal: RefusedRequest): void {
  if (response.destroyed) return;
  const { status, reason } = refusal;
  if (status === 401) response.setHeader('www-authenticate', 'Bearer realm="karmascope"');
  if (status === 405) response.setHeader('allow', 'POST');
  if (status === 503) response.setHeader('retry-after', String(retryAfterSeconds(reason)));
  if (!request.complete) {
    const length = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY);
    if (length > DISCARD_BYTES_MAX) response.setHeader('connection', 'close');
    request.resume();
  }
  send(response, { status, text: refusal.message });
}
