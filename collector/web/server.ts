import express from 'express';
import type { Clock } from '../../runtime/clock.ts';
import { type HttpServer, listen } from '../../runtime/http-server.ts';
import type { Registry } from '../../runtime/metrics.ts';
import type { ScrapeManager } from '../scrape/manager.ts';
import { targetsAnswer } from './targets-api.ts';
import { type Connection, renderTargetsPage } from './targets-page.ts';

export interface WebOptions {
  readonly cluster: string;
  readonly manager: ScrapeManager;
  readonly registry: Registry;
  readonly clock: Clock;
  /** What this process depends on, and how it is. */
  readonly connections: () => readonly Connection[];
  /** Whether targets are being scraped. */
  readonly isReady: () => boolean;
}

/** What a collector shows of itself. */
export function startWeb(listenAddress: string, options: WebOptions): Promise<HttpServer> {
  const { cluster, manager, registry, clock, connections, isReady } = options;
  const app = express();
  app.disable('x-powered-by');
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  app.get('/-/healthy', (_request, response) => {
    response.type('text').send('Collector is healthy.\n');
  });
  app.get('/-/ready', (_request, response) => {
    if (isReady()) response.type('text').send('Collector is ready.\n');
    else response.status(503).type('text').send('Collector is starting.\n');
  });
  app.get('/', (_request, response) => response.redirect('/targets'));
  app.get('/targets', (_request, response) => {
    const page = renderTargetsPage({
      cluster,
      nowMs: clock.now(),
      connections: connections(),
      targets: manager.activeTargets(),
      dropped: manager.droppedTargets(),
    });
    response
      .set('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .type('html')
      .send(page);
  });
  app.get('/api/v1/targets', (request, response) => {
    const { state = 'any', scrapePool = '' } = request.query;
    response.json(targetsAnswer(manager, String(state), String(scrapePool)));
  });
  return listen(listenAddress, app);
}
