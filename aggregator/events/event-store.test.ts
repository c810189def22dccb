import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterEvent } from '../../model/event.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { createRegistry } from '../../runtime/metrics.ts';
import { openStateDatabase, type StateDatabase } from '../../runtime/state-database.ts';
import { eventSeries } from './event-series.ts';
import { type EventLimits, EventStore } from './event-store.ts';

const NOW = Date.parse('2026-11-22T10:22:32Z');
const SECOND = 1_000;
const DAY = 86_400_000;

let folder: string;
let state: StateDatabase;
let clock: ManualClock;
beforeEach(() => {
  clock = new ManualClock(NOW);
  folder = mkdtempSync(join(tmpdir(), 'events-'));
  state = openStateDatabase(folder);
});
afterEach(async () => {
  await state.close();
  rmSync(folder, { recursive: true });
});

function newStore(limits?: EventLimits): EventStore {
  const metrics = createRegistry('karmascope_aggregator');
  return new EventStore(state.root, { clock, metrics, ...(limits && { limits }) });
}

/** `SyncFailed Work/shop x3 uid-1 @-5s`: reason, object, count, uid and age, each but the first optional. */
function event(text: string, change: Partial<ClusterEvent> = {}): ClusterEvent {
  const [reason, ...rest] = text.split(' ');
  const find = (pattern: RegExp) =>
    rest.map((part) => pattern.exec(part)?.[1]).find((found) => found !== undefined);
  const [kind, name] = (find(/^(\w+\/\S+)$/) ?? 'Pod/web').split('/');
  const timeMs = NOW - Number(find(/^@-(\d+)s$/) ?? 0) * SECOND;
  return {
    uid: find(/^(uid-\S+)$/) ?? 'uid-1',
    resourceVersion: find(/^rv(\d+)$/) ?? '1',
    type: reason!.endsWith('Failed') ? 'Warning' : 'Normal',
    reason: reason!,
    message: `${reason} happened to ${name}`,
    count: Number(find(/^x(\d+)$/) ?? 1),
    timeMs,
    firstTimeMs: timeMs,
    object: { apiVersion: 'v1', kind: kind!, namespace: 'shop', name: name!, uid: 'o' },
    component: 'test',
    ...change,
  };
}

async function reasons(store: EventStore, query: Parameters<EventStore['query']>[0] = {}): Promise<string[]> {
  const { events } = await store.query(query);
  return events.map(({ cluster, reason, count }) => `${cluster} ${reason} x${count}`);
}

/** The counters as one reads them, those of the usual namespace. */
function totals(store: EventStore): string[] {
  return Array.from(store.totals(), ({ cluster, kind, type, reason, value }) =>
    [cluster, kind, type, reason, value].join(' '),
  ).toSorted();
}

describe('add()', () => {
  test('keeps the last state of an event and counts what came on top', async () => {
    const store = newStore();
    expect(await store.add('eu', [event('SyncFailed x3')])).toEqual({ stored: 1, repeated: 0, expired: 0 });
    await store.add('eu', [event('SyncFailed x5 rv2')]);
    expect(await reasons(store)).toEqual(['eu SyncFailed x5']);
    expect(totals(store)).toEqual(['eu Pod Warning SyncFailed 5']);
  });

  test('counts nothing twice: not a retry, not an older state, not one request with repeats', async () => {
    const store = newStore();
    const batch = [event('SyncFailed x1'), event('SyncFailed x3 rv3'), event('SyncFailed x2 rv2')];
    expect(await store.add('eu', batch)).toEqual({ stored: 2, repeated: 1, expired: 0 });
    expect(await store.add('eu', batch)).toEqual({ stored: 0, repeated: 3, expired: 0 });
    expect(totals(store)).toEqual(['eu Pod Warning SyncFailed 3']);
  });

  test('counts nothing twice when two requests with the same events are under way at once', async () => {
    const store = newStore();
    const batch = [event('SyncFailed x2'), event('Scheduled uid-2')];
    await Promise.all([store.add('eu', batch), store.add('eu', batch), store.add('eu', batch)]);
    expect(totals(store)).toEqual(['eu Pod Normal Scheduled 1', 'eu Pod Warning SyncFailed 2']);
  });

  test('counts nothing twice after a restart, and goes on from where it was', async () => {
    await newStore().add('eu', [event('SyncFailed x2')]);
    const store = newStore();
    expect(totals(store)).toEqual(['eu Pod Warning SyncFailed 2']);
    await store.add('eu', [event('SyncFailed x2'), event('SyncFailed uid-2')]);
    expect(totals(store)).toEqual(['eu Pod Warning SyncFailed 3']);
    expect(await reasons(store)).toHaveLength(2);
  });

  test('takes a newer state of the same count for news, without counting it', async () => {
    const store = newStore();
    await store.add('eu', [event('SyncFailed @-9s')]);
    await store.add('eu', [event('SyncFailed rv2 @-1s', { message: 'still failing' })]);
    expect((await store.query({})).events).toMatchObject([{ message: 'still failing', count: 1 }]);
    expect(totals(store)).toEqual(['eu Pod Warning SyncFailed 1']);
  });

  test('keeps the same uid of two clusters apart', async () => {
    const store = newStore();
    await store.add('eu', [event('Scheduled')]);
    await store.add('us', [event('Scheduled')]);
    expect(await reasons(store)).toHaveLength(2);
  });

  test('refuses what is older than it keeps', async () => {
    const store = newStore({ ageMs: DAY, count: 10 });
    const old = event('Scheduled', { timeMs: NOW - DAY - 1 });
    expect(await store.add('eu', [old])).toEqual({ stored: 0, repeated: 0, expired: 1 });
    expect(totals(store)).toEqual([]);
  });
});

describe('query()', () => {
  const all = [
    event('SyncFailed Work/shop uid-1 @-30s'),
    event('Scheduled Pod/web-1 uid-2 @-20s'),
    event('Scheduled Pod/web-2 uid-3 @-10s'),
  ];

  test.each([
    [
      'newest first, over all clusters',
      {},
      ['us Evicted x1', 'eu Scheduled x1', 'eu Scheduled x1', 'eu SyncFailed x1'],
    ],
    ['of one cluster', { cluster: 'us' }, ['us Evicted x1']],
    ['of a cluster whose name begins like another', { cluster: 'e' }, []],
    ['by kind', { kind: 'Work' }, ['eu SyncFailed x1']],
    ['by type', { type: 'Warning', cluster: 'eu' }, ['eu SyncFailed x1']],
    ['by reason', { reason: 'Evicted' }, ['us Evicted x1']],
    ['by namespace', { namespace: 'nowhere' }, []],
    ['by part of the message, in any case', { text: 'WEB-2' }, ['eu Scheduled x1']],
    ['since a time, which counts', { sinceMs: NOW - 10 * SECOND }, ['us Evicted x1', 'eu Scheduled x1']],
    ['until a time, which counts', { untilMs: NOW - 30 * SECOND, cluster: 'eu' }, ['eu SyncFailed x1']],
    ['no more than the limit', { limit: 1 }, ['us Evicted x1']],
  ])('answers %s', async (_, query, expected) => {
    const store = newStore();
    await store.add('eu', all);
    await store.add('us', [event('Evicted uid-1')]);
    expect(await reasons(store, query)).toEqual(expected);
  });

  test('says where to go on, also among events of the same second', async () => {
    const store = newStore();
    await store.add(
      'eu',
      [1, 2, 3].map((i) => event(`Scheduled uid-${i}`)),
    );
    await store.add('us', [event('Evicted')]);
    const seen: string[] = [];
    let from: string | undefined;
    do {
      const page = await store.query({ limit: 2, ...(from !== undefined && { from }) });
      seen.push(...page.events.map(({ cluster, uid }) => `${cluster} ${uid}`));
      from = page.next;
    } while (from !== undefined);
    expect(seen).toEqual(['us uid-1', 'eu uid-3', 'eu uid-2', 'eu uid-1']);
  });

  test('answers what was there when it began, while events keep coming', async () => {
    const store = newStore();
    await store.add(
      'eu',
      Array.from({ length: 2_500 }, (_, i) => event(`Scheduled uid-${i} @-${i}s`)),
    );
    const answer = store.query({ text: 'scheduled', limit: 10_000 });
    await store.add(
      'eu',
      Array.from({ length: 2_500 }, (_, i) => event(`Scheduled new-uid-${i} @-${i}s`)),
    );
    const { events } = await answer;
    expect(events).toHaveLength(2_500);
    expect(events.at(-1)).toMatchObject({ uid: 'uid-2499' });
  });

  test('refuses to go on from what is none of its answers', async () => {
    await expect(newStore().query({ from: 'yesterday' })).rejects.toThrow('Cannot go on from "yesterday"');
  });
});

describe('trim()', () => {
  test('deletes what is too old, and leaves the counters alone', async () => {
    const store = newStore({ ageMs: DAY, count: 10 });
    await store.add('eu', [event('Scheduled @-60s'), event('Scheduled uid-2')]);
    await clock.advance(DAY - 30 * SECOND);
    expect(await store.trim()).toBe(1);
    expect(await store.trim()).toBe(0);
    expect(await reasons(store)).toHaveLength(1);
    expect(totals(store)).toEqual(['eu Pod Normal Scheduled 2']);
  });

  test('takes the oldest of the cluster that has the most, so that a flood displaces only its own', async () => {
    const store = newStore({ ageMs: DAY, count: 4 });
    await store.add('us', [event('Evicted uid-0 @-99s')]);
    await store.add(
      'eu',
      [1, 2, 3, 4, 5].map((i) => event(`Scheduled uid-${i} @-${i}s`)),
    );
    expect(await store.trim()).toBe(2);
    const { events } = await store.query({});
    expect(events.map(({ uid }) => uid)).toEqual(['uid-1', 'uid-2', 'uid-3', 'uid-0']);
  });
});

describe('totals()', () => {
  test('folds the reasons of one cluster beyond 300 into one', async () => {
    const store = newStore();
    await store.add(
      'eu',
      Array.from({ length: 310 }, (_, i) => event(`Reason${i} uid-${i}`)),
    );
    await store.add('us', [event('Reason305')]);
    const lines = totals(store);
    expect(lines.filter((line) => line.startsWith('eu '))).toHaveLength(301);
    expect(lines).toContain('eu Pod Normal other 10');
    expect(lines).toContain('us Pod Normal Reason305 1');
  });

  test('folds everything beyond 5,000 series of one cluster, and types that are none', async () => {
    const store = newStore();
    const flood = Array.from({ length: 5_010 }, (_, i) =>
      event(`Scheduled uid-${i}`, {
        type: 'Weird',
        object: { apiVersion: 'v1', kind: 'Pod', namespace: `n${i}`, name: 'web', uid: '' },
      }),
    );
    await store.add('eu', flood);
    const lines = totals(store);
    expect(lines).toHaveLength(5_001);
    expect(lines).toContain('eu other other other 10');
    expect(lines[0]).toBe('eu Pod other Scheduled 1');
  });

  test('become kube_events_total', async () => {
    const store = newStore();
    await store.add('eu', [event('SyncFailed Work/shop x2')]);
    expect(Array.from(eventSeries(store.totals()), ({ labels, value }) => `${labels} ${value}`)).toEqual([
      '{__name__="kube_events_total", cluster="eu", kind="Work", namespace="shop", reason="SyncFailed", type="Warning"} 2',
    ]);
  });
});
