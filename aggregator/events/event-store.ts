import type { Database, RangeOptions, RootDatabase } from 'lmdb';
import { Gauge, type Registry } from 'prom-client';
import type { ClusterEvent } from '../../model/event.ts';
import type { Clock } from '../../runtime/clock.ts';
import { commitDurably } from '../../runtime/state-database.ts';
import { StorageUnavailable } from '../engine/engine.ts';
import {
  cursorOf,
  type EventKey,
  type EventPage,
  type EventQuery,
  eventMatcher,
  newestKey,
  QUERY_LIMIT_DEFAULT,
  QUERY_LIMIT_MAX,
  type StoredEvent,
} from './event-query.ts';
import { type EventTotal, EventTotals, type TotalChanges } from './event-totals.ts';

export type { EventPage, EventQuery, StoredEvent };

export interface EventOutcome {
  /** New events and events seen again with a higher count or newer. */
  readonly stored: number;
  /** What was known already: a retry, or a watch that began anew. */
  readonly repeated: number;
  /** Older than the store keeps. */
  readonly expired: number;
}

export interface EventLimits {
  readonly ageMs: number;
  readonly count: number;
}

/** 90 days; a million events of 0.5 kB with their two index entries are about 0.7 GB on disk. */
export const EVENT_LIMITS: EventLimits = { ageMs: 90 * 86_400_000, count: 1_000_000 };

/** Events one query looks at, about 0.5 s of work; beyond it the page says where to go on. */
const QUERY_SCANNED_MAX = 100_000;
/** Other work gets its turn after this many. */
const QUERY_SCANNED_AT_ONCE = 1_000;
/** Deleted in one transaction when the store is over its bounds. */
const TRIM_AT_ONCE = 5_000;

type IdKey = [cluster: string, uid: string];
type TimeKey = [timeMs: number, cluster: string, uid: string];
type ClusterTimeKey = [cluster: string, timeMs: number, uid: string];

/**
 * Kubernetes events of all clusters. The same Event object seen again replaces the earlier one; what it was
 * seen more often is added to the totals in the same transaction, so that a retry after a lost answer, a
 * restart or a second collector never counts anything twice.
 *
 *   events          (cluster, uid)         → the event
 *   event-times     (time, cluster, uid)   → nothing: the order for queries over all clusters
 *   cluster-events  (cluster, time, uid)   → nothing: the order within one cluster
 *   event-counts    cluster                → how many it has
 *   event-totals    see event-totals.ts
 */
export class EventStore {
  readonly #clock: Clock;
  readonly #limits: EventLimits;
  readonly #events: Database<StoredEvent, IdKey>;
  readonly #byTime: Database<true, TimeKey>;
  readonly #byCluster: Database<true, ClusterTimeKey>;
  readonly #totals: EventTotals;
  readonly #counts: Database<number, string>;
  #count = 0;

  constructor(
    root: RootDatabase,
    { clock, metrics, limits = EVENT_LIMITS }: { clock: Clock; metrics: Registry; limits?: EventLimits },
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#events = root.openDB({ name: 'events' });
    this.#byTime = root.openDB({ name: 'event-times' });
    this.#byCluster = root.openDB({ name: 'cluster-events' });
    this.#totals = new EventTotals(root, metrics);
    this.#counts = root.openDB({ name: 'event-counts' });
    for (const { value } of this.#counts.getRange()) this.#count += value;
    const stored: Gauge = new Gauge({
      name: 'karmascope_aggregator_events_stored',
      help: 'Kubernetes events in the store.',
      registers: [metrics],
      collect: () => stored.set(this.#count),
    });
  }

  /** Resolves when the events are on disk. Rejects with StorageUnavailable, and then none of them is. */
  async add(cluster: string, events: readonly ClusterEvent[]): Promise<EventOutcome> {
    const receivedMs = this.#clock.now();
    const oldestMs = receivedMs - this.#limits.ageMs;
    const changes: TotalChanges = new Map();
    const counts = { stored: 0, repeated: 0, expired: 0 };
    let added = 0;
    try {
      await commitDurably(this.#events, () => {
        for (const event of events) {
          const known = event.timeMs < oldestMs ? undefined : this.#events.get([cluster, event.uid]);
          const { kind, occurrences } = decide(known, event, oldestMs);
          counts[kind]++;
          if (kind !== 'stored') continue;
          if (known) this.#removeTimes(known);
          else added++;
          this.#put({ ...event, cluster, receivedMs });
          this.#totals.add(cluster, event, occurrences, changes);
        }
        this.#changeCount(cluster, added);
      });
    } catch (error) {
      throw new StorageUnavailable(`Cannot store events: ${(error as Error).message}`, { cause: error });
    }
    this.#totals.apply(changes);
    this.#count += added;
    return counts;
  }

  /** Rejects with a SyntaxError when `from` is none of ours. */
  async query(query: EventQuery): Promise<EventPage> {
    const limit = Math.min(query.limit ?? QUERY_LIMIT_DEFAULT, QUERY_LIMIT_MAX);
    const matches = eventMatcher(query);
    const found: StoredEvent[] = [];
    let scanned = 0;
    for (const key of this.#keysNewestFirst(query)) {
      if (found.length >= limit || scanned >= QUERY_SCANNED_MAX)
        return { events: found, next: cursorOf(key) };
      if (++scanned % QUERY_SCANNED_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
      const event = this.#events.get([key.cluster, key.uid]);
      if (event && matches(event)) found.push(event);
    }
    return { events: found, next: undefined };
  }

  /** `kube_events_total`: occurrences by cluster, namespace, kind, type and reason. */
  totals(): Iterable<EventTotal> {
    return this.#totals.list();
  }

  /**
   * Deletes some of what is too old, else the oldest of the cluster that has the most while there are too
   * many. Resolves with how many went; 0 when the store is within its bounds.
   */
  async trim(): Promise<number> {
    const doomed = this.#expired();
    if (doomed.length === 0) doomed.push(...this.#excess());
    if (doomed.length === 0) return 0;
    await commitDurably(this.#events, () => {
      for (const { cluster, uid } of doomed) {
        const event = this.#events.get([cluster, uid]);
        if (!event) continue;
        this.#removeTimes(event);
        void this.#events.remove([cluster, uid]);
        this.#changeCount(cluster, -1);
      }
    });
    this.#count -= doomed.length;
    return doomed.length;
  }

  #expired(): { cluster: string; uid: string }[] {
    const oldestMs = this.#clock.now() - this.#limits.ageMs;
    const keys = this.#byTime.getKeys({ end: [oldestMs, '', ''], limit: TRIM_AT_ONCE });
    return [...keys.map(([, cluster, uid]) => ({ cluster, uid }))];
  }

  #excess(): { cluster: string; uid: string }[] {
    const excess = Math.min(this.#count - this.#limits.count, TRIM_AT_ONCE);
    if (excess <= 0) return [];
    const counts = [...this.#counts.getRange()];
    const { key: cluster } = counts.reduce((a, b) => (b.value > a.value ? b : a));
    const range = { start: [cluster, 0, ''], end: [cluster, Number.MAX_SAFE_INTEGER, ''], limit: excess };
    const keys = this.#byCluster.getKeys(range as RangeOptions);
    return [...keys.map(([, , uid]) => ({ cluster, uid }))];
  }

  *#keysNewestFirst(query: EventQuery): Generator<EventKey> {
    const sinceMs = query.sinceMs ?? 0;
    const first = newestKey(query);
    const { cluster } = query;
    // Ranges run backwards from `start` down to `end`; the end's key itself is left out.
    if (cluster === undefined) {
      const range = {
        start: [first.timeMs, first.cluster, first.uid],
        end: [sinceMs, '', ''],
        reverse: true,
      };
      for (const [timeMs, name, uid] of this.#byTime.getKeys(range as RangeOptions))
        yield { timeMs, cluster: name, uid };
    } else {
      const range = { start: [cluster, first.timeMs, first.uid], end: [cluster, sinceMs, ''], reverse: true };
      for (const [, timeMs, uid] of this.#byCluster.getKeys(range as RangeOptions))
        yield { timeMs, cluster, uid };
    }
  }

  #put(event: StoredEvent): void {
    const { cluster, uid, timeMs } = event;
    void this.#events.put([cluster, uid], event);
    void this.#byTime.put([timeMs, cluster, uid], true);
    void this.#byCluster.put([cluster, timeMs, uid], true);
  }

  #removeTimes({ cluster, uid, timeMs }: StoredEvent): void {
    void this.#byTime.remove([timeMs, cluster, uid]);
    void this.#byCluster.remove([cluster, timeMs, uid]);
  }

  #changeCount(cluster: string, change: number): void {
    if (change !== 0) void this.#counts.put(cluster, (this.#counts.get(cluster) ?? 0) + change);
  }
}

/**
 * Whether what came is news of the event known so far, and how many occurrences it adds. Counts only grow, so
 * a lower one is an older state that arrived late.
 */
export function decide(
  known: ClusterEvent | undefined,
  event: ClusterEvent,
  oldestMs: number,
): { readonly kind: keyof EventOutcome; readonly occurrences: number } {
  if (event.timeMs < oldestMs) return { kind: 'expired', occurrences: 0 };
  if (!known) return { kind: 'stored', occurrences: event.count };
  if (event.count > known.count) return { kind: 'stored', occurrences: event.count - known.count };
  const newer =
    event.count === known.count &&
    event.resourceVersion !== known.resourceVersion &&
    event.timeMs >= known.timeMs;
  return { kind: newer ? 'stored' : 'repeated', occurrences: 0 };
}
