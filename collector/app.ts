import type { Clock } from '../runtime/clock.ts';
import type { WatchState } from '../runtime/kubernetes.ts';
import { Cleanups } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logger.ts';
import { createRegistry } from '../runtime/metrics.ts';
import type { CollectorConfig } from './config.ts';
import { startDiscovery } from './discovery/discovery.ts';
import { startEventWatches } from './events/event-watch.ts';
import { ClusterWatch } from './karmada/cluster-watch.ts';
import type { HubState } from './push/hub-client.ts';
import { startPush } from './push/push.ts';
import { ScrapeManager } from './scrape/manager.ts';
import { startWeb } from './web/server.ts';
import type { Connection } from './web/targets-page.ts';

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
    const connections: (() => readonly Connection[])[] = [() => [hubConnection(config.push.url, push.hub)]];
    const web = await startWeb(listenAddress, {
      cluster: config.cluster,
      manager,
      registry,
      clock,
      connections: () => connections.flatMap((of) => of()),
      isReady: () => isReady,
    });
    cleanups.add('web server', () => web.close());
    cleanups.add('scraping', () => manager.stop());

    const instance = new URL(web.url).host;
    const addSource = (job: string, page: () => string | Promise<string>) =>
      manager.addSource({
        job,
        instance,
        intervalMs: config.scrapeIntervalMs,
        timeoutMs: config.scrapeTimeoutMs,
        fetch: async () => Buffer.from(`${await page()}\n`),
      });
    addSource('karmascope-collector', () => registry.metrics());

    if (config.events.length > 0) {
      const watches = startEventWatches({
        config: config.events,
        cluster: config.cluster,
        push: (events, cluster) => push.pushEvents(events, cluster),
        clock,
        logger: logger.child({ component: 'events' }),
        registry,
      });
      cleanups.add('watches of events', () => watches.stop());
      connections.push(() =>
        watches.states.map(({ cluster, state }) => watchConnection(`events of ${cluster}`, state)),
      );
    }
    if (config.karmada) {
      const watch = new ClusterWatch({
        config: config.karmada,
        push: (messages) => push.pushClusters(messages),
        clock,
        logger: logger.child({ component: 'karmada' }),
        registry,
      });
      cleanups.add("watch of Karmada's clusters", () => watch.stop());
      addSource('karmada-objects', () => watch.page());
      connections.push(() => [watchConnection("Karmada's clusters", watch.state)]);
    }

    for (const { scrape, discovery } of config.jobs) {
      const found = await startDiscovery(discovery, {
        clock,
        logger: logger.child({ component: 'discovery', job: scrape.name }),
        onGroups: (groups) => manager.update(scrape.name, groups),
      });
      cleanups.add(`discovery of ${scrape.name}`, () => found.stop());
      connections.push(() =>
        found
          .watches()
          .map(({ name, state }) => watchConnection(`targets of ${scrape.name}: ${name}`, state)),
      );
    }
    isReady = true;
    logger.info({ url: web.url, cluster: config.cluster, jobs: config.jobs.length }, 'Collector is ready');
    return { url: web.url, stop: () => cleanups.stop() };
  } catch (error) {
    await cleanups.stop();
    throw error;
  }
}

function hubConnection(url: string, { failing }: HubState): Connection {
  return { name: `hub ${url}`, trouble: failing?.reason ?? '', sinceMs: failing?.sinceMs ?? 0 };
}

function watchConnection(name: string, { reason, sinceMs }: WatchState): Connection {
  return { name, trouble: reason, sinceMs };
}
