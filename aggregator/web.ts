import type { RequestListener } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response, type Router } from 'express';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Registry } from '../runtime/metrics.ts';
import { consoleRouter } from './api/console.ts';
import { fleetView } from './api/fleet.ts';
import { prometheusApi } from './api/prometheus-api.ts';
import { slosApi } from './api/slos.ts';
import type { RuntimeStatus } from './api/status.ts';
import type { AggregatorConfig } from './config.ts';
import type { Engine } from './engine/engine.ts';
import type { EventStore } from './events/event-store.ts';
import type { ClusterRegistry } from './registry/registry.ts';
import type { RuleManager } from './rules/manager.ts';
import type { SloEngine } from './slo/slo-engine.ts';

export interface WebParts {
  readonly metrics: Registry;
  /** Reads the configuration again; rejects with the reason when the old one stays. */
  readonly reload: () => Promise<void>;
  /** The simulator of the demo; undefined where there is none. */
  readonly demoControlUrl: () => string | undefined;
  /** Tried in order. */
  readonly routers: readonly Router[];
  readonly fetch: typeof fetch;
  readonly logger: Logger;
}

/** The parts of the hub that its API and its console show. */
export interface HubParts {
  readonly engine: Engine;
  readonly clusters: ClusterRegistry;
  readonly events: EventStore;
  readonly rules: RuleManager;
  readonly slos: SloEngine;
  readonly config: () => AggregatorConfig;
  readonly flags: Readonly<Record<string, string>>;
  readonly status: () => RuntimeStatus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Registry;
}

/** The Prometheus API, objectives, and the console, which answers `/`. */
export function hubRouters(hub: HubParts): Router[] {
  const { engine, clusters, events, rules, slos, config, flags, status, clock, logger, metrics } = hub;
  const fleet = () =>
    fleetView({
      federation: () => config().federation,
      clusters: () => clusters.clusters(),
      rules: () => rules.groups(),
      events: async (limit) => (await events.query({ limit })).events,
      objectives: () => slos.statuses(),
      demo: () => config().demoControlUrl !== undefined,
      now: () => clock.now(),
    });
  const api = logger.child({ component: 'api' });
  return [
    prometheusApi({ engine, rules, events, clock, logger: api, registry: metrics, flags, status }),
    slosApi(() => slos.statuses()),
    consoleRouter({
      fleet,
      clock,
      logger: logger.child({ component: 'console' }),
      demoControlUrl: () => config().demoControlUrl,
    }),
  ];
}

/** What the simulator may take to answer. */
const DEMO_TIMEOUT_MS = 10_000;
/** A scenario's input is a name or two. */
const DEMO_BODY_BYTES_MAX = 4_096;

/** Everything but the write paths, which are handled before Express sees a request. */
export function createWeb(parts: WebParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/-/healthy', (_request, response) => void response.type('text').send('The hub is healthy.\n'));
  app.get('/-/ready', (_request, response) => void response.type('text').send('The hub is ready.\n'));
  app.get('/metrics', async (_request, response) => {
    response.type(parts.metrics.contentType).send(await parts.metrics.metrics());
  });
  app.all('/-/reload', sameOriginOnly, async (request, response) => {
    if (request.method !== 'POST' && request.method !== 'PUT') {
      response.status(405).set('allow', 'POST, PUT').type('text').send('Only POST or PUT requests allowed\n');
      return;
    }
    try {
      await parts.reload();
      response.end();
    } catch (error) {
      response
        .status(500)
        .type('text')
        .send(`failed to reload config: ${(error as Error).message}\n`);
    }
  });
  app.use('/demo/scenario', sameOriginOnly, demoScenarios(parts));
  for (const router of parts.routers) app.use(router);
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    parts.logger.error({ err: error, path: request.path }, 'Cannot handle a request');
    if (response.headersSent) next(error);
    else
      response.status(500).type('text').send('Cannot handle the request: an internal error, see the log\n');
  });
  return app;
}

/** While the hub starts or stops: alive, but with nothing to say. Senders keep what they have and come again. */
export function answerUnready(why: string): RequestListener {
  return (request, response) => {
    request.resume();
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    if (request.url === '/-/healthy') {
      response.end('The hub is healthy.\n');
      return;
    }
    response.writeHead(503, { 'retry-after': '1' }).end(`The hub is not ready: ${why}\n`);
  };
}

/** Other sites' pages in somebody's browser cannot press these buttons. */
function sameOriginOnly(request: Request, response: Response, next: NextFunction): void {
  const site = request.headers['sec-fetch-site'] ?? 'none';
  if (site === 'same-origin' || site === 'none') next();
  else response.status(403).type('text').send("Cannot take this from another site's page\n");
}

/** Passes `/demo/scenario/*` on to the simulator: its GET for the state, POST for the buttons. */
function demoScenarios({ demoControlUrl, fetch, logger }: WebParts): express.Handler[] {
  const body = express.raw({ type: () => true, limit: DEMO_BODY_BYTES_MAX });
  const forward: express.Handler = async (request, response) => {
    const base = demoControlUrl();
    const isKnown = /^\/(?:[a-z0-9-]+)?$/.test(request.path) && ['GET', 'POST'].includes(request.method);
    if (base === undefined || !isKnown) {
      response.status(404).json({ error: 'Cannot play this: there is no such scenario here' });
      return;
    }
    const path = request.path === '/' ? '' : request.path;
    const input = Buffer.isBuffer(request.body) && request.body.length > 0 ? request.body : undefined;
    try {
      const answer = await fetch(new URL(`/scenario${path}`, base), {
        method: request.method,
        ...(input !== undefined && {
          body: new Uint8Array(input),
          headers: { 'content-type': 'application/json' },
        }),
        redirect: 'error',
        signal: AbortSignal.timeout(DEMO_TIMEOUT_MS),
      });
      response
        .status(answer.status)
        .type('json')
        .send(await answer.text());
    } catch (error) {
      logger.warn({ err: error }, 'Cannot reach the simulator');
      response.status(502).json({ error: 'Cannot reach the simulator: is the demo still running?' });
    }
  };
  return [body, forward];
}
