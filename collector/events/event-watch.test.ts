import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { createRegistry, type Registry } from '../../runtime/metrics.ts';
import { RecordedApi, recordedWatch, type WatchLine } from '../../test/recorded-api.ts';
import { until } from '../../test/until.ts';
import type { EventObject } from './cluster-event.ts';
import { EventNews, type EventWatches, startEventWatches } from './event-watch.ts';

const expired =
  '{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}';

let api: RecordedApi;
let clock: ManualClock;
let registry: Registry;
let watches: EventWatches;
/** `uid ×count` for each event handed on. */
let told: string[];

function event(
  uid: string,
  version: number,
  count: number,
  type = 'ADDED',
  reason = 'SyncFailed',
): WatchLine {
  const object: EventObject = {
    metadata: { name: uid, uid, resourceVersion: String(version), creationTimestamp: '2026-11-22T10:17:39Z' },
    type: 'Warning',
    reason,
    count,
    lastTimestamp: new Date(Date.parse('2026-11-22T10:20:00Z') + 1000 * version).toISOString(),
    involvedObject: { kind: 'Work', name: uid },
  };
  return { type, object };
}

function start(): void {
  registry = createRegistry('karmascope_collector');
  watches = startEventWatches({
    config: [{ kubeconfig_file: api.kubeconfigFile, cluster: 'karmada-host' }],
    cluster: 'host',
    push: (events, cluster) => {
      expect(cluster).toBe('karmada-host');
      told.push(...events.map(({ uid, count }) => `${uid} ×${count}`));
    },
    clock,
    logger: createLogger('silent'),
    registry,
  });
}

const so = (condition: () => boolean) => until(clock, condition, 0);
const synced = () => so(() => watches.states[0]!.state.phase === 'synced' && api.openWatches === 1);

beforeEach(async () => {
  api = await RecordedApi.start('/api/v1/events');
  clock = new ManualClock(Date.parse('2026-11-22T10:22:00Z'));
  told = [];
});

afterEach(async () => {
  await watches.stop();
  await api.close();
});

describe('startEventWatches()', () => {
  it('hands on what exists, in order of time, and then what is new or repeats', async () => {
    api.change(event('b', 2, 4));
    api.change(event('a', 1, 1));
    start();
    await synced();
    expect(told).toEqual(['a ×1', 'b ×4']);
    api.change(event('c', 3, 1));
    api.change(event('a', 4, 2, 'MODIFIED'));
    api.change(event('b', 5, 4, 'DELETED'));
    api.change(event('d', 6, 1));
    await so(() => told.length === 5);
    expect(told.slice(2)).toEqual(['c ×1', 'a ×2', 'd ×1']);
  });

  it('hands on only what it missed when the list is taken anew', async () => {
    for (const [i, uid] of ['a', 'b', 'c'].entries()) api.change(event(uid, i + 1, 1));
    start();
    await synced();
    told = [];
    api.change(event('b', 4, 7, 'MODIFIED'), { missed: true });
    api.change(event('d', 5, 1), { missed: true });
    api.change(event('c', 6, 1, 'DELETED'), { missed: true });
    api.send(expired);
    await so(() => told.length === 2);
    expect(told).toEqual(['b ×7', 'd ×1']);
  });

  it('says in metrics whether it follows, and what it left out', async () => {
    api.change(event('a', 1, 1, 'ADDED', ''));
    start();
    await synced();
    const page = await registry.metrics();
    expect(page).toContain('karmascope_collector_events_watch_synced{of_cluster="karmada-host"} 1');
    expect(page).toContain('karmascope_collector_events_invalid_total{of_cluster="karmada-host"} 1');
    api.endWatches({ abruptly: true });
    await so(() => watches.states[0]!.state.phase === 'backoff');
    expect(await registry.metrics()).toContain(
      'karmascope_collector_events_watch_synced{of_cluster="karmada-host"} 0',
    );
  });

  it('counts an outage longer than events are kept as a gap', async () => {
    const gaps = async () =>
      (await registry.getSingleMetric('karmascope_collector_events_gaps_total')!.get()).values[0]!.value;
    start();
    await synced();
    for (const [outageMs, counted] of [
      [59 * 60_000, 0],
      [61 * 60_000, 1],
    ] as const) {
      api.override = (_, response) => {
        response.writeHead(503).end();
        return true;
      };
      api.endWatches({ abruptly: true });
      await so(() => watches.states[0]!.state.phase === 'backoff');
      await clock.advance(outageMs);
      api.override = ({ kind }, response) => {
        if (kind === 'list') return false;
        api.override = () => false;
        response.end(`${expired}\n`);
        return true;
      };
      await until(clock, () => watches.states[0]!.state.phase === 'synced' && api.openWatches === 1);
      expect(await gaps()).toBe(counted);
    }
  });

  const recorded = recordedWatch('kube-apiserver.prod-eu-1', 'events.jsonl.gz');
  it.skipIf(!recorded)('hands on each change of a recorded cluster once', async () => {
    const changes = recorded!.map((record) => record.event).filter(({ type }) => type !== 'BOOKMARK');
    start();
    await synced();
    for (const change of changes) api.change(change);
    api.change(event('last', 999_999, 1));
    await so(() => told.at(-1) === 'last ×1');
    const versions = changes
      .filter(({ type }) => type !== 'DELETED')
      .map(({ object }) => `${object.metadata.uid} ${object.metadata.resourceVersion}`);
    expect(told).toHaveLength(new Set(versions).size + 1);
  });
});

describe('EventNews', () => {
  it('forgets the oldest beyond its bound, which may only repeat an event', () => {
    const news = new EventNews(() => {});
    const objects = Array.from({ length: 50_010 }, (_, i) => event(`u${i}`, i + 1, 1).object as EventObject);
    expect(news.ofList(objects)).toHaveLength(50_010);
    expect(news.ofChange(objects[50_009]!)).toEqual([]);
    expect(news.ofChange(objects[0]!)).toHaveLength(1);
  });
});
