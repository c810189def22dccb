import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import { PromqlEngine, type PromqlEngineOptions } from '../promql/engine.ts';
import { Store, type StoreLimits } from '../store/store.ts';
import type { Engine } from './engine.ts';

export interface EmbeddedEngineOptions {
  /** A directory of its own, made when it is missing. */
  readonly storagePath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly limits?: Partial<StoreLimits>;
  readonly queryOptions?: Omit<PromqlEngineOptions, 'clock'>;
}

/** Our store and our PromQL, in this process. Resolves when everything acknowledged before is readable again. */
export async function openEmbeddedEngine(options: EmbeddedEngineOptions): Promise<Engine> {
  const { storagePath: directory, clock, logger, metrics: registry, limits = {}, queryOptions } = options;
  const store = await Store.open({ directory, clock, logger, registry, limits });
  const promql = new PromqlEngine(store, { clock, ...queryOptions });
  return {
    ref: (labels) => store.ref(labels),
    append: (batch) => store.append(batch),
    setMetadata: (cluster, family, metadata) => store.setMetadata(cluster, family, metadata),
    select: (matchers, hints) => store.select(matchers, hints),
    series: (matcherSets, hints) => store.series(matcherSets, hints),
    labelNames: (matcherSets, hints) => store.labelNames(matcherSets, hints),
    labelValues: (name, matcherSets, hints) => store.labelValues(name, matcherSets, hints),
    metadata: () => store.metadata(),
    query: (request, signal) => promql.instant(request, signal),
    queryRange: (request, signal) => promql.range(request, signal),
    close: () => store.close(),
  };
}
