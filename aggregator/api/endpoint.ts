import express, { type Handler, type NextFunction, type Request, type Response, type Router } from 'express';
import { Counter, Histogram } from 'prom-client';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import { ApiError, engineError } from './api-error.ts';
import { type ApiAnswer, sendAnswer, sendError, sendPieces } from './envelope.ts';
import { Parameters, parsePairs } from './parameters.ts';

export interface ApiRequest {
  readonly parameters: Parameters;
  /** Parts of the path, as `name` of `/label/:name/values`. */
  readonly path: Readonly<Record<string, string>>;
  /** The Accept header; an empty text where there is none. */
  readonly accept: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** Answers a request, or throws: an `ApiError` or an error of the engine is told to the client. */
export type Endpoint = (request: ApiRequest) => ApiAnswer | Promise<ApiAnswer>;

/** An answer outside of Prometheus' envelope. */
export interface TextAnswer {
  readonly contentType: string;
  readonly text: Iterable<string>;
}

export type TextEndpoint = (request: ApiRequest) => Promise<TextAnswer>;

/** A form of parameters, 10 MiB as Go has it. */
const FORM_BYTES_MAX = 10 * 1024 * 1024;

const CORS_HEADERS = {
  'access-control-allow-headers': 'Accept, Authorization, Content-Type, Origin',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-expose-headers': 'Date',
  'access-control-allow-origin': '*',
};

/**
 * Puts endpoints on a router under Prometheus' conventions: parameters from URL and form, the envelope, CORS,
 * 405 for other methods (HEAD among them, which would cost a whole query); and counts what was answered.
 */
export class EndpointServer {
  readonly #router: Router;
  readonly #logger: Logger;
  readonly #requests: Counter<'handler' | 'code'>;
  readonly #durations: Histogram<'handler'>;

  constructor(router: Router, { registry, logger }: { registry: Registry; logger: Logger }) {
    this.#router = router;
    this.#logger = logger;
    this.#requests = new Counter({
      name: 'karmascope_aggregator_http_requests_total',
      help: 'Requests to the Prometheus API, by what was answered.',
      labelNames: ['handler', 'code'],
      registers: [registry],
    });
    this.#durations = new Histogram({
      name: 'karmascope_aggregator_http_request_duration_seconds',
      help: 'From the request to the last byte of the answer.',
      labelNames: ['handler'],
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120],
      registers: [registry],
    });
    router.options('/api/v1/*path', (request, response) => {
      setCors(request, response);
      response.status(204).end();
    });
  }

  get(path: string, endpoint: Endpoint): void {
    const refuse = onlyMethods('GET, OPTIONS');
    const handler = this.#handler(path, jsonSender(endpoint), sendError);
    this.#router.route(path).head(refuse).get(handler).all(refuse);
  }

  /** For answers that are no JSON; their errors are plain text, too. */
  getText(path: string, endpoint: TextEndpoint): void {
    const refuse = onlyMethods('GET');
    const send: Sender = async (request, response) => {
      const { contentType, text } = await endpoint(request);
      await sendPieces(response, contentType, text);
    };
    const handler = this.#handler(path, send, (response, error) => {
      response.status(error.status).type('text').send(`${error.message}\n`);
    });
    this.#router.route(path).head(refuse).get(handler).all(refuse);
  }

  /** For endpoints with parameters longer than a URL may be. */
  getOrPost(path: string, endpoint: Endpoint): void {
    const form = express.text({ type: 'application/x-www-form-urlencoded', limit: FORM_BYTES_MAX });
    const handler = this.#handler(path, jsonSender(endpoint), sendError);
    const refuse = onlyMethods('GET, POST, OPTIONS');
    this.#router.route(path).head(refuse).get(handler).post(form, handler).all(refuse);
  }

  /** To be called when all endpoints are there: requests that reach none of them because they cannot be read. */
  finish(): void {
    this.#router.use(
      '/api/v1',
      (error: unknown, request: Request, response: Response, next: NextFunction) => {
        const status = error instanceof Error && 'status' in error ? error.status : undefined;
        // A path that does not decode, or a form that is too long or cut off.
        if (!(error instanceof Error) || typeof status !== 'number' || status >= 500) return next(error);
        setCors(request, response);
        sendError(response, new ApiError('bad_data', `Cannot read the request: ${error.message}`));
      },
    );
  }

  #handler(path: string, send: Sender, tell: typeof sendError): Handler {
    return async (request, response) => {
      const stop = this.#durations.startTimer({ handler: path });
      const gone = new AbortController();
      response.once('close', () => {
        if (!response.writableFinished) gone.abort();
        this.#requests.inc({ handler: path, code: gone.signal.aborted ? 499 : response.statusCode });
        stop();
      });
      setCors(request, response);
      try {
        await send(apiRequest(request, gone.signal), response);
      } catch (error) {
        if (gone.signal.aborted) return;
        if (response.headersSent) {
          // Half an answer is out: only cutting the connection tells the client that it is not whole.
          this.#logger.error({ err: error, handler: path }, 'Cannot finish an answer');
          response.destroy();
          return;
        }
        tell(response, engineError(error) ?? this.#unexpected(error, path));
      }
    };
  }

  #unexpected(error: unknown, handler: string): ApiError {
    this.#logger.error({ err: error, handler }, 'Cannot answer a request');
    const text = error instanceof Error ? error.message : String(error);
    return new ApiError('internal', text, { cause: error });
  }
}

type Sender = (request: ApiRequest, response: Response) => Promise<void>;

function jsonSender(endpoint: Endpoint): Sender {
  return async (request, response) => sendAnswer(response, await endpoint(request));
}

function apiRequest(request: Request, signal: AbortSignal): ApiRequest {
  const [, search = ''] = /\?(.*)$/s.exec(request.originalUrl) ?? [];
  const form = typeof request.body === 'string' ? request.body : '';
  return {
    parameters: new Parameters(parsePairs(search), parsePairs(form)),
    path: request.params as Record<string, string>,
    accept: request.headers.accept ?? '',
    signal,
  };
}

function setCors(request: Request, response: Response): void {
  response.vary('Origin');
  if (request.headers.origin !== undefined) response.set(CORS_HEADERS);
}

function onlyMethods(allowed: string): Handler {
  return (_request, response) => {
    response.status(405).set('allow', allowed).type('text').send('Method Not Allowed\n');
  };
}
