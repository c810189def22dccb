import { Counter, Gauge } from 'prom-client';
import type { ClusterEvent } from '../../model/event.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type WatchState, watchList } from '../../runtime/kubernetes.ts';
import { KubernetesClient } from '../../runtime/kubernetes-client.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import { type EventObject, toClusterEvent } from './cluster-event.ts';
import type { EventsConfig } from './config.ts';

/**
 * Events of which the last version sent is remembered, so that a list taken anew sends only what is new: an
 * hour of a busy cluster, 5 MB. One that was forgotten is sent twice, which the hub does not count twice.
 */
const SENT_MAX = 50_000;

/** How long an API server keeps events, by default. */
const KEPT_MS = 60 * 60_000;

export interface EventWatchesOptions {
  readonly config: EventsConfig;
  /** The collector's own, for sources that name none. */
  readonly cluster: string;
  readonly push: (events: readonly ClusterEvent[], cluster: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
}

export interface EventWatches {
  /** How each watch is doing. */
  readonly states: readonly { readonly cluster: string; readonly state: WatchState }[];
  stop(): Promise<void>;
}

/** Watches the events of each source and hands on what is new, what exists at the start included. */
export function startEventWatches(options: EventWatchesOptions): EventWatches {
  const { config, clock, registry, push } = options;
  const stop = new AbortController();
  // Not `cluster`: the hub stamps that with the collector's own, and here it may be another.
  const invalid = new Counter({
    name: 'karmascope_collector_events_invalid_total',
    help: 'Event objects left out because they do not say what happened to what, or when.',
    labelNames: ['of_cluster'],
    registers: [registry],
  });
  const gaps = new Counter({
    name: 'karmascope_collector_events_gaps_total',
    help: 'Times the events of a cluster could not be read for longer than they are kept, one hour: some were never seen.',
    labelNames: ['of_cluster'],
    registers: [registry],
  });
  const watches = config.map(({ kubeconfig_file: kubeconfigFile, cluster = options.cluster }) => {
    invalid.inc({ of_cluster: cluster }, 0);
    gaps.inc({ of_cluster: cluster }, 0);
    const news = new EventNews(() => invalid.inc({ of_cluster: cluster }));
    const handle = watchList<EventObject>({
      client: new KubernetesClient({ kubeconfigFile, clock }),
      path: '/api/v1/events',
      onSync: (objects, followedMs = clock.now()) => {
        if (clock.now() - followedMs >= KEPT_MS) gaps.inc({ of_cluster: cluster });
        push(news.ofList(objects), cluster);
      },
      onEvent: (type, object) => {
        if (type === 'DELETED') news.forget(object);
        else push(news.ofChange(object), cluster);
      },
      signal: stop.signal,
      clock,
      logger: options.logger.child({ cluster }),
    });
    return { cluster, handle };
  });
  const states = () => watches.map(({ cluster, handle }) => ({ cluster, state: handle.state }));
  new Gauge({
    name: 'karmascope_collector_events_watch_synced',
    help: 'Whether the events of a cluster are being followed: 0 while its API cannot be read.',
    labelNames: ['of_cluster'],
    registers: [registry],
    collect() {
      for (const { cluster, state } of states())
        this.set({ of_cluster: cluster }, state.phase === 'synced' ? 1 : 0);
    },
  });
  return {
    get states() {
      return states();
    },
    stop: async () => {
      stop.abort();
      await Promise.all(watches.map(({ handle }) => handle.ended));
    },
  };
}

/** Tells which events are new: not seen before, or seen with another resourceVersion. */
export class EventNews {
  readonly #onInvalid: () => void;
  /** Version sent by uid, oldest first. */
  #sent = new Map<string, string>();

  constructor(onInvalid: () => void) {
    this.#onInvalid = onInvalid;
  }

  /** In order of time: where not all fit into a queue, the oldest give way. Forgets what is no longer there. */
  ofList(objects: readonly EventObject[]): ClusterEvent[] {
    const before = this.#sent;
    this.#sent = new Map();
    const news: ClusterEvent[] = [];
    for (const object of objects) {
      const { uid, resourceVersion } = object.metadata;
      if (before.get(uid) === resourceVersion) this.#remember(uid, resourceVersion);
      else news.push(...this.ofChange(object));
    }
    return news.sort((a, b) => a.timeMs - b.timeMs);
  }

  ofChange(object: EventObject): ClusterEvent[] {
    const { uid, resourceVersion } = object.metadata;
    if (this.#sent.get(uid) === resourceVersion) return [];
    this.#remember(uid, resourceVersion);
    const event = toClusterEvent(object);
    if (event === undefined) this.#onInvalid();
    return event === undefined ? [] : [event];
  }

  forget(object: EventObject): void {
    this.#sent.delete(object.metadata.uid);
  }

  #remember(uid: string, resourceVersion: string): void {
    this.#sent.delete(uid);
    this.#sent.set(uid, resourceVersion);
    if (this.#sent.size > SENT_MAX) this.#sent.delete(this.#sent.keys().next().value!);
  }
}
