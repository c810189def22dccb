import type { Database, RootDatabase } from 'lmdb';
import { Counter, type Registry } from 'prom-client';
import type { ClusterState } from '../../model/cluster.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { commitDurably } from '../../runtime/state-database.ts';
import { type ClusterEntry, type DepartedCluster, type Place, silenceMs } from './cluster-entry.ts';

export type { ClusterEntry, DepartedCluster, Place };

/** How many clusters that left are remembered, the last ones. */
const DEPARTED_MAX = 200;
/** A sender that is neither registered nor configured is no ghost in lists for longer than this. */
const SENDER_FORGOTTEN_AFTER_MS = 24 * 3_600_000;

interface Known {
  state?: ClusterState;
  stateReceivedMs?: number;
  replaced?: { previousId: string; atMs: number };
  lastSampleReceivedMs?: number;
  newestSampleMs?: number;
  lastEventReceivedMs?: number;
}

/** What the registry takes from an identity. */
export interface ConfiguredSender {
  /** Absent for senders of many clusters. */
  readonly cluster?: string;
  readonly federation: boolean;
  readonly region?: string;
  readonly provider?: string;
}

interface Configured extends Place {
  readonly isHost: boolean;
}

/**
 * Every cluster of the federation: members by Karmada's Cluster objects, the host and other senders by their
 * identities. Kept on disk, so that a restarted hub knows at once whom to expect and since when each was
 * silent.
 */
export class ClusterRegistry {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #database: Database<Known, string>;
  readonly #departedDatabase: Database<DepartedCluster, string>;
  readonly #idChanges: Counter<'cluster'>;
  readonly #startedMs: number;
  readonly #known = new Map<string, Known>();
  readonly #departed = new Map<string, DepartedCluster>();
  readonly #awaitedSince = new Map<string, number>();
  readonly #placeVersions = new Map<string, number>();
  #placesVersion = 0;
  /** What identities say of their clusters. */
  #configured: ReadonlyMap<string, Configured> = new Map();
  /** Without one nobody tells the hub of members: then the configured senders are the ones to expect. */
  #hasFederationIdentity = false;
  readonly #dirty = new Set<string>();

  constructor(
    root: RootDatabase,
    { clock, logger, metrics }: { clock: Clock; logger: Logger; metrics: Registry },
  ) {
    this.#clock = clock;
    this.#logger = logger;
    this.#database = root.openDB({ name: 'clusters' });
    this.#departedDatabase = root.openDB({ name: 'departed-clusters' });
    this.#idChanges = new Counter({
      name: 'karmascope_aggregator_cluster_id_changes_total',
      help: 'Clusters that came back under a known name with another id.',
      labelNames: ['cluster'],
      registers: [metrics],
    });
    this.#startedMs = clock.now();
    for (const { key, value } of this.#database.getRange()) this.#known.set(key, value);
    for (const { key, value } of this.#departedDatabase.getRange()) this.#departed.set(key, value);
  }

  /** Takes over the senders of a configuration: they name the host and places the registry does not know. */
  configure(identities: readonly ConfiguredSender[]): void {
    const before = new Map(this.#allNames().map((name) => [name, this.place(name)]));
    this.#configured = byCluster(identities);
    this.#hasFederationIdentity = identities.some(({ federation }) => federation);
    const names = new Set([...before.keys(), ...this.#allNames()]);
    for (const name of names) {
      if (!before.has(name)) this.#awaitedSince.set(name, this.#clock.now());
      this.#noticePlace(name, before.get(name));
    }
  }

  /** In order of name. */
  clusters(): ClusterEntry[] {
    return this.#allNames()
      .toSorted()
      .map((name) => this.#entry(name));
  }

  get(name: string): ClusterEntry | undefined {
    return this.#known.has(name) || this.#configured.has(name) ? this.#entry(name) : undefined;
  }

  /** Clusters that left the federation, the last first. */
  departed(): DepartedCluster[] {
    return [...this.#departed.values()].toSorted((a, b) => b.leftMs - a.leftMs);
  }

  /** Whom to expect minus whom the hub heard within a time. */
  silent(afterMs: number): ClusterEntry[] {
    const nowMs = this.#clock.now();
    return this.clusters().filter((entry) => entry.expected && silenceMs(entry, nowMs) > afterMs);
  }

  /** As Karmada says; where it does not, as the cluster's identity is configured. */
  place(name: string): Place {
    const state = this.#known.get(name)?.state;
    const configured = this.#configured.get(name);
    return {
      region: state?.region || configured?.region || '',
      provider: state?.provider || configured?.provider || '',
    };
  }

  /** Rises whenever `place` of this cluster (or, without a name, of any) begins to answer something else. */
  placeVersion(name?: string): number {
    return name === undefined ? this.#placesVersion : (this.#placeVersions.get(name) ?? 0);
  }

  /** A Cluster object as the host's collector saw it. */
  update(state: ClusterState): void {
    const name = state.name;
    const before = this.place(name);
    const known = this.#require(name);
    const previousId = known.state?.id || this.#departed.get(name)?.id || '';
    if (previousId !== '' && state.id !== '' && previousId !== state.id) {
      known.replaced = { previousId, atMs: this.#clock.now() };
      this.#idChanges.inc({ cluster: name });
      this.#logger.warn(
        { cluster: name, previousId, id: state.id },
        'A cluster came with another id under a known name: its older data is of another cluster',
      );
    }
    // Karmada reads the id once; a later object without it says nothing new about it.
    known.state = state.id === '' && known.state ? { ...state, id: known.state.id } : state;
    known.stateReceivedMs = this.#clock.now();
    this.#departed.delete(name);
    this.#dirty.add(name);
    this.#noticePlace(name, before);
  }

  /** The cluster left the federation. */
  remove(name: string): void {
    const state = this.#known.get(name)?.state;
    if (!state) return;
    const before = this.place(name);
    this.#known.delete(name);
    this.#departed.set(name, { name, id: state.id, leftMs: this.#clock.now() });
    this.#dirty.add(name);
    for (const { name: oldest } of this.departed().slice(DEPARTED_MAX)) {
      this.#departed.delete(oldest);
      this.#dirty.add(oldest);
    }
    this.#logger.info({ cluster: name, id: state.id }, 'A cluster left the federation');
    this.#noticePlace(name, before);
  }

  /** The full list of members: whoever is not in it has left while nobody watched. */
  retainOnly(names: readonly string[]): void {
    const listed = new Set(names);
    for (const [name, { state }] of this.#known) if (state && !listed.has(name)) this.remove(name);
  }

  sampleReceived(cluster: string, newestSampleMs: number): void {
    const known = this.#require(cluster);
    known.lastSampleReceivedMs = this.#clock.now();
    // A clock that runs ahead must not hide that the data stands still.
    const newest = Math.min(newestSampleMs, known.lastSampleReceivedMs);
    if (newest > (known.newestSampleMs ?? Number.NEGATIVE_INFINITY)) known.newestSampleMs = newest;
    this.#dirty.add(cluster);
  }

  eventReceived(cluster: string): void {
    this.#require(cluster).lastEventReceivedMs = this.#clock.now();
    this.#dirty.add(cluster);
  }

  /** Resolves when what changed is on disk; on failure it stays to be written by the next call. */
  async persist(): Promise<void> {
    this.#forgetGoneSenders();
    const names = [...this.#dirty];
    if (names.length === 0) return;
    this.#dirty.clear();
    try {
      await commitDurably(this.#database, () => {
        for (const name of names) {
          const known = this.#known.get(name);
          if (known) void this.#database.put(name, known);
          else void this.#database.remove(name);
          const departed = this.#departed.get(name);
          if (departed) void this.#departedDatabase.put(name, departed);
          else void this.#departedDatabase.remove(name);
        }
      });
    } catch (error) {
      for (const name of names) this.#dirty.add(name);
      throw error;
    }
  }

  #forgetGoneSenders(): void {
    const oldestMs = this.#clock.now() - SENDER_FORGOTTEN_AFTER_MS;
    for (const [name, { state, lastSampleReceivedMs = 0, lastEventReceivedMs = 0 }] of this.#known) {
      if (state || this.#configured.has(name)) continue;
      if (Math.max(lastSampleReceivedMs, lastEventReceivedMs) > oldestMs) continue;
      this.#known.delete(name);
      this.#dirty.add(name);
    }
  }

  #entry(name: string): ClusterEntry {
    const known = this.#known.get(name) ?? {};
    const configured = this.#configured.get(name);
    const role = known.state ? 'member' : configured?.isHost ? 'host' : 'sender';
    return {
      name,
      role,
      expected: role !== 'sender' || (configured !== undefined && !this.#hasFederationIdentity),
      place: this.place(name),
      state: known.state,
      stateReceivedMs: known.stateReceivedMs,
      replaced: known.replaced,
      lastSampleReceivedMs: known.lastSampleReceivedMs,
      newestSampleMs: known.newestSampleMs,
      lastEventReceivedMs: known.lastEventReceivedMs,
      awaitedSinceMs: this.#awaitedSince.get(name) ?? this.#startedMs,
    };
  }

  #allNames(): string[] {
    return [...new Set([...this.#known.keys(), ...this.#configured.keys()])];
  }

  #require(name: string): Known {
    let known = this.#known.get(name);
    if (!known) {
      known = {};
      this.#known.set(name, known);
      this.#awaitedSince.set(name, this.#clock.now());
    }
    return known;
  }

  #noticePlace(name: string, before: Place | undefined): void {
    const now = this.place(name);
    if (before && before.region === now.region && before.provider === now.provider) return;
    this.#placesVersion++;
    this.#placeVersions.set(name, this.#placesVersion);
  }
}

/** Several senders may bring one cluster: it is the host if one speaks for the federation. */
function byCluster(identities: readonly ConfiguredSender[]): Map<string, Configured> {
  const configured = new Map<string, Configured>();
  for (const { cluster, federation, region = '', provider = '' } of identities) {
    if (cluster === undefined) continue;
    const other = configured.get(cluster);
    configured.set(cluster, {
      isHost: federation || (other?.isHost ?? false),
      region: other?.region || region,
      provider: other?.provider || provider,
    });
  }
  return configured;
}
