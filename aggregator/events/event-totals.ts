import type { Database, RootDatabase } from 'lmdb';
import { Counter, type Registry } from 'prom-client';
import type { ClusterEvent } from '../../model/event.ts';

/** Occurrences of one kind of event. */
export interface EventTotal {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: string;
  readonly type: string;
  readonly reason: string;
  readonly value: number;
}

/** Reasons are free text. Kubernetes and Karmada together know about 250; beyond the bound they are `other`. */
const REASONS_PER_CLUSTER_MAX = 300;
/** Series of one cluster; beyond it an event is counted with `other` for namespace, kind and reason. */
const TOTALS_PER_CLUSTER_MAX = 5_000;
const OTHER = 'other';

type TotalKey = [cluster: string, namespace: string, kind: string, type: string, reason: string];

/** What one transaction adds, by key. */
export type TotalChanges = Map<string, { readonly key: TotalKey; occurrences: number }>;

/**
 * The counters behind `kube_events_total`. They go on over restarts, because they are changed in the same
 * transaction as the events they count; what is read here moves once that transaction is durable.
 */
export class EventTotals {
  readonly #database: Database<number, TotalKey>;
  readonly #folded: Counter<'cluster'>;
  readonly #totals = new Map<string, EventTotal>();
  /** Bounds, by cluster. They may hold what a failed transaction would have added, which costs nothing. */
  readonly #reasons = new Map<string, Set<string>>();
  readonly #keys = new Map<string, Set<string>>();

  constructor(root: RootDatabase, metrics: Registry) {
    this.#database = root.openDB({ name: 'event-totals' });
    this.#folded = new Counter({
      name: 'karmascope_aggregator_events_folded_total',
      help: 'Events counted under "other" because their cluster has too many reasons or series.',
      labelNames: ['cluster'],
      registers: [metrics],
    });
    for (const { key, value } of this.#database.getRange()) {
      const [cluster, , , , reason] = key;
      setOf(this.#reasons, cluster).add(reason);
      setOf(this.#keys, cluster).add(textOf(key));
      this.#raise(key, value);
    }
  }

  list(): Iterable<EventTotal> {
    return this.#totals.values();
  }

  /** Adds occurrences inside the caller's transaction, and notes them in `changes` for `apply`. */
  add(cluster: string, event: ClusterEvent, occurrences: number, changes: TotalChanges): void {
    if (occurrences === 0) return;
    const key = this.#bounded(cluster, event);
    void this.#database.put(key, (this.#database.get(key) ?? 0) + occurrences);
    const text = textOf(key);
    const change = changes.get(text);
    if (change) change.occurrences += occurrences;
    else changes.set(text, { key, occurrences });
  }

  /** The transaction is durable. */
  apply(changes: TotalChanges): void {
    for (const { key, occurrences } of changes.values()) this.#raise(key, occurrences);
  }

  #bounded(cluster: string, { object, type, reason }: ClusterEvent): TotalKey {
    const knownType = type === 'Normal' || type === 'Warning' ? type : OTHER;
    const reasons = setOf(this.#reasons, cluster);
    const knownReason = reasons.has(reason) || reasons.size < REASONS_PER_CLUSTER_MAX ? reason : OTHER;
    let key: TotalKey = [cluster, object.namespace, object.kind, knownType, knownReason];
    const keys = setOf(this.#keys, cluster);
    if (!keys.has(textOf(key)) && keys.size >= TOTALS_PER_CLUSTER_MAX)
      key = [cluster, OTHER, OTHER, knownType, OTHER];
    if (key[4] !== reason) this.#folded.inc({ cluster });
    reasons.add(key[4]);
    keys.add(textOf(key));
    return key;
  }

  #raise(key: TotalKey, occurrences: number): void {
    const text = textOf(key);
    const [cluster, namespace, kind, type, reason] = key;
    const value = (this.#totals.get(text)?.value ?? 0) + occurrences;
    this.#totals.set(text, { cluster, namespace, kind, type, reason, value });
  }
}

function setOf(sets: Map<string, Set<string>>, cluster: string): Set<string> {
  let set = sets.get(cluster);
  if (!set) sets.set(cluster, (set = new Set()));
  return set;
}

function textOf(key: TotalKey): string {
  return key.join('\xff');
}
