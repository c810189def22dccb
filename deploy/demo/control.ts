import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Clock } from '../../runtime/clock.ts';
import { BodyTooLargeError, readBody } from '../simulator/request-body.ts';
import { type Scenarios, scenarioHandler, sendJson } from '../simulator/scenario.ts';
import { PageLog, type PostedAlerts, renderPages, type WebhookMessage } from './page-log.ts';

export interface ControlOptions {
  scenarios: Scenarios;
  state: () => unknown;
  clock: Clock;
  /** What the page of pages says about where they come from. */
  source: string;
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
    readBody(request, BODY_BYTES_MAX)
      .then((text) => take(JSON.parse(text)))
      .then(
        () => sendJson(response, 200, {}),
        // Also what is no alert at all: the sender must not try it again.
        (error: Error) =>
          sendJson(response, error instanceof BodyTooLargeError ? 413 : 400, { error: error.message }),
      );
  };
  return (request, response) => {
    const route = `${request.method} ${new URL(request.url ?? '/', 'http://control').pathname}`;
    const nowMs = options.clock.now();
    if (route === 'POST /webhook')
      receive(request, response, (body) => log.webhook(body as WebhookMessage, nowMs));
    else if (route === 'POST /api/v2/alerts')
      receive(request, response, (body) => log.alerts(body as PostedAlerts, nowMs));
    else if (route === 'GET /pages') sendPages(request, response, log, options.source);
    else scenarios(request, response);
  };
}

function sendPages(request: IncomingMessage, response: ServerResponse, log: PageLog, source: string): void {
  if (request.headers.accept?.includes('application/json')) {
    sendJson(response, 200, log.pages);
  } else {
    response
      .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      .end(renderPages(log.pages, source));
  }
}
