import { join } from 'node:path';
import { formatDurationMs } from '../model/duration.ts';
import type { Clock } from '../runtime/clock.ts';
import { ConfigError } from '../runtime/config.ts';
import { makeDirectory } from '../runtime/directory.ts';
import { listen } from '../runtime/http-server.ts';
import { Cleanups } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logger.ts';
import { createRegistry, type Registry } from '../runtime/metrics.ts';
import { openStateDatabase } from '../runtime/state-database.ts';
import { version } from '../runtime/version.ts';
import { type AggregatorConfig, loadAggregatorConfig } from './config.ts';
import { openEmbeddedEngine } from './engine/embedded.ts';
import type { Engine } from './engine/engine.ts';
import { createEvaluation, readSpecs } from './evaluation.ts';
import { eventSeries } from './events/event-series.ts';
import { EventStore } from './events/event-store.ts';
import { keepHouse } from './housekeeping.ts';
import { Identities, TokenError } from './identity/identity.ts';
import { requireLoopback } from './identity/listen-guard.ts';
import { LogsReceiver } from './ingest/logs.ts';
import { type Endpoint, Receiver } from './ingest/receiver.ts';
import { RefusalLog } from './ingest/refusals.ts';
import { processSource, SelfWriter } from './ingest/self-writer.ts';
import { createSenderMetrics } from './ingest/sender.ts';
import { WriteReceiver } from './ingest/write.ts';
import { hubSeriesNames, ReservedNames } from './normalize/reserved-names.ts';
import { stampOwnSeries } from './normalize/series.ts';
import { ClusterRegistry } from './registry/registry.ts';
import { registerClusterMetrics } from './registry/registry-metrics.ts';
import { createReloader } from './reload.ts';
import { DEFAULT_STORE_LIMITS } from './store/store.ts';
import { answerUnready, createWeb, hubRouters } from './web.ts';

export interface AggregatorOptions {
  readonly config: AggregatorConfig;
  /** Read again on reload; without one there is nothing to reload. */
  readonly configFile?: string | undefined;
  readonly storagePath: string;
  readonly listenAddress: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Another engine than the embedded one. */
  readonly openEngine?: (parts: EngineParts) => Promise<Engine>;
}

export interface EngineParts {
  readonly storagePath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Registry;
}

export interface Aggregator {
  readonly url: string;
  /** Rejects with the reason when the new configuration cannot be used; then the old one holds. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

const WRITE_PATH = '/api/v1/write';
const LOGS_PATH = '/api/v1/otlp/v1/logs';
const SELF_JOB = 'karmascope-aggregator';
const STORAGE_RETENTION = formatDurationMs(DEFAULT_STORE_LIMITS.retentionMs);

/**
 * Builds every part once, receivers before senders, and registers its undoing. It listens first and answers
 * 503 until the data is there, so that senders wait instead of failing over.
 */
export async function startAggregator(options: AggregatorOptions): Promise<Aggregator> {
  const cleanups = new Cleanups(options.logger);
  try {
    return await build(options, cleanups);
  } catch (error) {
    await cleanups.stop();
    throw error;
  }
}

async function build(options: AggregatorOptions, cleanups: Cleanups): Promise<Aggregator> {
  const { clock, logger, storagePath, listenAddress, configFile } = options;
  let { config } = options;
  const startTimeMs = clock.now();
  const metrics = createRegistry('karmascope_aggregator');
  const log = (component: string) => logger.child({ component });

  // Everything that can be wrong with the configuration comes before the first thing that is opened.
  const specs = readSpecs(config);
  checkWriters(config, listenAddress, logger);
  makeDirectory(storagePath);
  const identities = withConfigFile(
    configFile,
    () => new Identities(config.identities, { clock, logger: log('identity'), metrics }),
  );
  cleanups.add('token files', () => identities.stop());

  let handle = answerUnready('it is starting and reads the stored data');
  const server = await listen(listenAddress, (request, response) => handle(request, response));
  cleanups.add('http server', () => server.close());

  // What changes in place: the registry, events, slices of objectives.
  const { root: state, close: closeState } = openStateDatabase(join(storagePath, 'state'));
  cleanups.add('state', closeState);
  const clusters = new ClusterRegistry(state, { clock, logger: log('registry'), metrics });
  clusters.configure(identities.list);
  registerClusterMetrics(clusters, metrics, () => clock.now());
  cleanups.add('cluster registry', () => clusters.persist());
  const events = new EventStore(state, { clock, metrics });

  const openEngine = options.openEngine ?? openEmbeddedEngine;
  const enginePath = join(storagePath, 'metrics');
  const engine = await openEngine({ storagePath: enginePath, clock, logger: log('store'), metrics });
  cleanups.add('engine', () => engine.close());

  const reserved = new ReservedNames();
  const refusals = new RefusalLog({ clock, logger: log('ingest'), metrics });
  const senderMetrics = createSenderMetrics(metrics);
  const write = new WriteReceiver({
    context: {
      appender: engine,
      registry: clusters,
      reserved,
      federation: config.federation,
      metrics: senderMetrics,
    },
    refusals,
    metrics,
  });
  const logs = new LogsReceiver({ events, registry: clusters, refusals, senderMetrics, metrics });
  const endpoints = new Map<string, Endpoint>([
    [WRITE_PATH, write],
    [LOGS_PATH, logs],
  ]);
  const receiver = new Receiver({ identities, endpoints, refusals, logger: log('ingest'), metrics });

  const evaluation = createEvaluation({
    config,
    engine,
    state,
    externalUrl: server.url,
    clock,
    logger,
    metrics,
  });
  cleanups.add('evaluation', () => evaluation.stop());

  const reloader = createReloader(
    async () => {
      if (configFile === undefined)
        throw new Error('there is no config file: the hub was started without --config.file');
      const next = loadAggregatorConfig(configFile);
      const nextSpecs = readSpecs(next);
      checkWriters(next, listenAddress, logger);
      // The last thing that can fail, and the first that changes: tokens do so whole or not at all.
      withConfigFile(configFile, () => identities.replace(next.identities));
      clusters.configure(identities.list);
      write.setFederation(next.federation);
      config = next;
      await evaluation.apply(nextSpecs);
    },
    { clock, logger, metrics },
  );

  const web = createWeb({
    metrics,
    reload: () => reloader.reload(),
    demoControlUrl: () => config.demoControlUrl,
    routers: hubRouters({
      engine,
      clusters,
      events,
      rules: evaluation.rules,
      slos: evaluation.slos,
      config: () => config,
      flags: {
        'config.file': configFile ?? '',
        'storage.path': storagePath,
        'web.listen-address': listenAddress,
      },
      status: () => ({ startTimeMs, storageRetention: STORAGE_RETENTION, ...reloader.status() }),
      clock,
      logger,
      metrics,
    }),
    fetch,
    logger: log('web'),
  });

  const selfWriter = new SelfWriter({
    appender: engine,
    stamp: (labels) =>
      stampOwnSeries(labels, {
        federation: config.federation,
        cluster: config.cluster,
        place: (cluster) => clusters.place(cluster),
      }),
    sources: [
      processSource(metrics, {
        job: SELF_JOB,
        instance: new URL(server.url).host,
        appender: engine,
        cluster: config.cluster,
      }),
      () => eventSeries(events.totals()),
    ],
    clock,
    logger: log('self'),
  });
  selfWriter.start();
  cleanups.add('own series', () => selfWriter.stop());
  cleanups.add('housekeeping', keepHouse({ registry: clusters, events, clock, logger }));

  await evaluation.apply(specs);
  evaluation.start();
  // Only now, when every part has registered its metrics, are the names of all of them known.
  reserved.generate(hubSeriesNames(await metrics.getMetricsAsJSON()));
  handle = (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (!receiver.tryHandle(path, request, response)) web(request, response);
  };
  cleanups.add('receiving', () => {
    handle = answerUnready('it is stopping');
    return server.close();
  });
  logger.info({ url: server.url, federation: config.federation, version }, 'The hub is ready');
  return { url: server.url, reload: () => reloader.reload(), stop: () => cleanups.stop() };
}

/** Without identities everybody is trusted, and so only this machine may reach the hub. */
function checkWriters(config: AggregatorConfig, listenAddress: string, logger: Logger): void {
  if (config.identities.length > 0) return;
  requireLoopback(listenAddress);
  logger.warn(
    'No identities are configured: whoever writes from this machine is trusted, labels are kept as sent',
  );
}

/** Tokens belong to the configuration: what is wrong with them is reported as its error. */
function withConfigFile<T>(configFile: string | undefined, use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof TokenError) || configFile === undefined) throw error;
    throw new ConfigError(configFile, [{ line: 1, column: 1, key: 'identities', problem: error.message }]);
  }
}
