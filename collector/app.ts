import type { Clock } from '../runtime/clock.ts';
import { Cleanups } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logger.ts';
import { createRegistry } from '../runtime/metrics.ts';
import type { CollectorConfig } from './config.ts';
import { startDiscovery } from './discovery/discovery.ts';
import { startPush } from './push/push.ts';
import { ScrapeManager } from './scrape/manager.ts';
import { startWeb } from './web/server.ts';

export interface CollectorOptions {
  readonly config: CollectorConfig;
  readonly listenAddress: string;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface Collector {
  readonly url: string;
  stop(): Promise<void>;
}

/** Builds a collector: the way to the hub first, then what uses it. Stops in reverse. */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const { config, listenAddress, logger, clock } = options;
  const cleanups = new Cleanups(logger);
  try {
    const registry = createRegistry('karmascope_collector');
    const push = startPush({
      config: config.push,
      cluster: config.cluster,
      fetch: globalThis.fetch,
      clock,
      logger: logger.child({ component: 'push' }),
      registry,
      random: Math.random,
    });
    cleanups.add('push', () => push.stop());

    const manager = new ScrapeManager({
      jobs: config.jobs.map((job) => job.scrape),
      sink: push.samples,
      clock,
      logger: logger.child({ component: 'scrape' }),
      registry,
      seed: config.cluster,
    });
    let isReady = false;
    const web = await startWeb(listenAddress, {
      cluster: config.cluster,
      manager,
      registry,
      clock,
      isReady: () => isReady,
    });
    cleanups.add('web server', () => web.close());
    cleanups.add('scraping', () => manager.stop());

    manager.addSource({
      job: 'karmascope-collector',
      instance: new URL(web.url).host,
      intervalMs: config.scrapeIntervalMs,
      timeoutMs: config.scrapeTimeoutMs,
      fetch: async () => ({ page: Buffer.from(`${await registry.metrics()}\n`) }),
    });
    for (const { scrape, discovery } of config.jobs) {
      const stop = await startDiscovery(discovery, {
        clock,
        logger: logger.child({ component: 'discovery', job: scrape.name }),
        onGroups: (groups) => manager.update(scrape.name, groups),
      });
      cleanups.add(`discovery of ${scrape.name}`, stop);
    }
    isReady = true;
    logger.info({ url: web.url, cluster: config.cluster, jobs: config.jobs.length }, 'Collector is ready');
    return { url: web.url, stop: () => cleanups.stop() };
  } catch (error) {
    await cleanups.stop();
    throw error;
  }
}
