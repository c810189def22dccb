import { isDeepStrictEqual } from 'node:util';
import { Gauge } from 'prom-client';
import type { ClusterState } from '../../model/cluster.ts';
import type { ClusterMessage } from '../../model/otlp-records.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type WatchHandle, type WatchState, watchList } from '../../runtime/kubernetes.ts';
import { KubernetesClient } from '../../runtime/kubernetes-client.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import { type ClusterObject, toClusterState } from './cluster-state.ts';
import { clustersPage } from './clusters-page.ts';
import type { KarmadaConfig } from './config.ts';

/** The hub hears of every cluster this often, also when nothing changed: so it knows that somebody looks. */
const LIST_INTERVAL_MS = 15_000;
/**
 * When the control plane has not answered for so long, what it said last is no longer told: neither as
 * samples nor as the list of clusters. Twice as long as karmada-apiserver takes to restart.
 */
const STALE_AFTER_MS = 60_000;

export interface ClusterWatchOptions {
  readonly config: KarmadaConfig;
  readonly push: (messages: readonly ClusterMessage[]) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** Follows Karmada's Clusters, for the registry of the hub and as samples. */
export class ClusterWatch {
  readonly #push: (messages: readonly ClusterMessage[]) => void;
  readonly #clock: Clock;
  readonly #watch: WatchHandle;
  readonly #stop = new AbortController();
  /** By name; undefined until the first list. */
  #clusters: ReadonlyMap<string, ClusterState> | undefined;
  #cancelTimer: () => void = () => {};

  constructor({ config, push, clock, logger, registry }: ClusterWatchOptions) {
    this.#push = push;
    this.#clock = clock;
    const watch = watchList<ClusterObject>({
      client: new KubernetesClient({ kubeconfigFile: config.kubeconfig_file, clock }),
      path: '/apis/cluster.karmada.io/v1alpha1/clusters',
      onSync: (objects) => this.#replace(objects),
      onEvent: (type, object) => {
        if (type === 'DELETED') this.#delete(object.metadata.name);
        else this.#put(toClusterState(object));
      },
      signal: this.#stop.signal,
      clock,
      logger,
    });
    this.#watch = watch;
    new Gauge({
      name: 'karmascope_collector_karmada_watch_synced',
      help: "Whether Karmada's Clusters are being followed: 0 while its API cannot be read.",
      registers: [registry],
      collect() {
        this.set(watch.state.phase === 'synced' ? 1 : 0);
      },
    });
    this.#schedule();
  }

  get state(): WatchState {
    return this.#watch.state;
  }

  /** The clusters as a page of metrics. Throws, with the reason, when what is known is not the present. */
  page(): string {
    const { phase, reason } = this.#watch.state;
    if (this.#clusters === undefined)
      throw new Error(
        `Cannot tell of Karmada's clusters: ${reason || `the first list is not here (${phase})`}`,
      );
    if (this.#isStale()) throw new Error(`Cannot tell of Karmada's clusters: ${reason}`);
    return clustersPage(this.#clusters.values());
  }

  async stop(): Promise<void> {
    this.#cancelTimer();
    this.#stop.abort();
    await this.#watch.ended;
  }

  #replace(objects: readonly ClusterObject[]): void {
    this.#clusters = new Map(objects.map((object) => [object.metadata.name, toClusterState(object)]));
    this.#pushAll();
  }

  #put(state: ClusterState): void {
    // An object changes for more reasons than what is kept of it.
    if (isDeepStrictEqual(this.#clusters?.get(state.name), state)) return;
    this.#clusters = new Map(this.#clusters).set(state.name, state);
    this.#push([{ kind: 'cluster', state }]);
  }

  #delete(name: string): void {
    const clusters = new Map(this.#clusters);
    clusters.delete(name);
    this.#clusters = clusters;
    this.#push([{ kind: 'cluster-deleted', name }]);
  }

  #pushAll(): void {
    const clusters = this.#clusters;
    if (clusters === undefined || this.#isStale()) return;
    const states = Array.from(clusters.values(), (state) => ({ kind: 'cluster', state }) as const);
    this.#push([...states, { kind: 'cluster-list', names: [...clusters.keys()] }]);
  }

  #schedule(): void {
    this.#cancelTimer = this.#clock.after(LIST_INTERVAL_MS, () => {
      this.#pushAll();
      this.#schedule();
    });
  }

  #isStale(): boolean {
    const { phase, sinceMs } = this.#watch.state;
    return phase === 'backoff' && this.#clock.now() - sinceMs >= STALE_AFTER_MS;
  }
}
