import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Clock } from '../../runtime/clock.ts';
import { ScenarioError, type Scenarios, scenarioHandler } from '../simulator/scenario.ts';
import { PageLog, type PostedAlerts, renderPages, type WebhookMessage } from './page-log.ts';

export interface ControlOptions {
  scenarios: Scenarios;
  state: () => unknown;
  clock: Clock;
  /** What the page of pages says about where they come from. */
  source: () => string;
}

/** A page holds up to a few hundred alerts of about a kilobyte. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

/**
 * The demo's own address: scenarios (`GET /scenario`, `POST /scenario/<name>`), the pages that came (`/pages`,
 * as HTML or with `Accept: application/json`), Alertmanager's webhook, and its API for where none is installed.
 */
export function demoControl(options: ControlOptions): RequestListener {
  const log = new PageLog();
  const scenarios = scenarioHandler(options.scenarios, options.state);
  const receive = (request: IncomingMessage, response: ServerResponse, take: (body: unknown) => void) => {
    readBody(request)
      .then((text) => take(JSON.parse(text)))
      .then(
        () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}\n'),
        (error: Error) =>
          response
            .writeHead(error instanceof ScenarioError ? error.status : 400, {
              'content-type': 'application/json',
            })
            .end(`${JSON.stringify({ error: error.message })}\n`),
      );
  };
  return (request, response) => {
    const route = `${request.method} ${new URL(request.url ?? '/', 'http://control').pathname}`;
    const nowMs = options.clock.now();
    if (route === 'POST /webhook')
      receive(request, response, (body) => log.webhook(body as WebhookMessage, nowMs));
    else if (route === 'POST /api/v2/alerts')
      receive(request, response, (body) => log.alerts(body as PostedAlerts, nowMs));
    else if (route === 'GET /pages') sendPages(request, response, log, options.source());
    else scenarios(request, response);
  };
}

function sendPages(request: IncomingMessage, response: ServerResponse, log: PageLog, source: string): void {
  if (request.headers.accept?.includes('application/json')) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(log.pages)}\n`);
  } else {
    response
      .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      .end(renderPages(log.pages, source));
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > BODY_BYTES_MAX)
      throw new ScenarioError(413, `Cannot take the message: more than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}
