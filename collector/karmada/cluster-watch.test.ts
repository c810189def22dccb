import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterMessage } from '../../model/otlp-records.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { createRegistry } from '../../runtime/metrics.ts';
import { RecordedApi, recordedWatch, type WatchLine } from '../../test/recorded-api.ts';
import { until } from '../../test/until.ts';
import { ClusterWatch } from './cluster-watch.ts';

let api: RecordedApi;
let clock: ManualClock;
let clusters: ClusterWatch;
/** What the hub was told: `prod-eu-1 True`, `deleted prod-eu-1`, `list prod-eu-1`. */
let told: string[];

function print(message: ClusterMessage): string {
  if (message.kind === 'cluster') return `${message.state.name} ${message.state.ready.status}`;
  if (message.kind === 'cluster-deleted') return `deleted ${message.name}`;
  return `list ${message.names.join(' ')}`;
}

function cluster(name: string, version: number, ready: string, type = 'MODIFIED', generation = 1): WatchLine {
  const metadata = { name, uid: `uid-${name}`, resourceVersion: String(version), generation };
  const status = { kubernetesVersion: 'v1.36.2', conditions: [{ type: 'Ready', status: ready }] };
  return { type, object: { metadata, status } as WatchLine['object'] };
}

function start(): void {
  clusters = new ClusterWatch({
    config: { kubeconfig_file: api.kubeconfigFile },
    push: (messages) => told.push(...messages.map(print)),
    clock,
    logger: createLogger('silent'),
    registry: createRegistry('karmascope_collector'),
  });
}

const so = (condition: () => boolean) => until(clock, condition, 0);
const synced = () => so(() => clusters.state.phase === 'synced' && api.openWatches === 1);

beforeEach(async () => {
  api = await RecordedApi.start('/apis/cluster.karmada.io/v1alpha1/clusters');
  clock = new ManualClock(Date.parse('2026-11-22T10:22:00Z'));
  told = [];
  api.change(cluster('prod-eu-1', 1, 'True', 'ADDED'));
  api.change(cluster('prod-us-1', 2, 'True', 'ADDED'));
});

afterEach(async () => {
  await clusters.stop();
  await api.close();
});

describe('ClusterWatch', () => {
  it('tells of all clusters at the start and every 15 s, and of each change at once', async () => {
    start();
    await synced();
    const all = ['prod-eu-1 True', 'prod-us-1 True', 'list prod-eu-1 prod-us-1'];
    expect(told).toEqual(all);
    await clock.advance(15_000);
    expect(told).toEqual([...all, ...all]);

    told = [];
    api.change(cluster('prod-us-1', 3, 'False'));
    await so(() => told.length === 1);
    api.change(cluster('prod-us-1', 4, 'False', 'MODIFIED', 2)); // nothing of what is kept
    api.change(cluster('prod-eu-1', 5, 'True', 'DELETED'));
    await so(() => told.length === 2);
    await clock.advance(15_000);
    expect(told).toEqual(['prod-us-1 False', 'deleted prod-eu-1', 'prod-us-1 False', 'list prod-us-1']);
  });

  it('serves what it knows as metrics', async () => {
    start();
    await synced();
    expect(clusters.page()).toContain('karmada_cluster_info{member_cluster="prod-eu-1"');
  });

  it('stops to tell when the control plane has been away for a minute, and tells all when it is back', async () => {
    start();
    await synced();
    api.override = (_, response) => {
      response.writeHead(503).end();
      return true;
    };
    api.endWatches();
    await so(() => clusters.state.phase === 'backoff');
    told = [];
    await clock.advance(45_000);
    expect(told.filter((line) => line.startsWith('list'))).toHaveLength(3);
    expect(clusters.page()).toContain('prod-eu-1');
    await clock.advance(60_000);
    expect(told.filter((line) => line.startsWith('list'))).toHaveLength(3);
    expect(() => clusters.page()).toThrow(/^Cannot tell of Karmada's clusters: .*503/);
    api.override = () => false;
    await until(clock, () => clusters.state.phase === 'synced');
    told = [];
    await clock.advance(15_000);
    expect(told).toHaveLength(3);
    expect(clusters.page()).toContain('prod-eu-1');
  });

  it('says why there is nothing to tell yet', async () => {
    api.override = (_, response) => {
      response.writeHead(403).end('{"message":"clusters is forbidden"}');
      return true;
    };
    start();
    expect(() => clusters.page()).toThrow('the first list is not here (listing)');
    await so(() => clusters.state.phase === 'backoff');
    expect(() => clusters.page()).toThrow('403 clusters is forbidden');
    await clock.advance(30_000);
    expect(told).toEqual([]);
  });

  const recorded = recordedWatch('karmada-apiserver', 'clusters.jsonl.gz');
  it.skipIf(!recorded)('sees the outages of the recorded federation as they were', async () => {
    start();
    await synced();
    told = [];
    for (const { event } of recorded!) api.change(event);
    await so(() => told.length > 0 && api.openWatches === 1);
    const last = recorded!.findLast(({ event }) => event.type !== 'BOOKMARK')!.event.object;
    api.change({ type: 'DELETED', object: last });
    await so(() => told.at(-1) === `deleted ${last.metadata.name}`);
    const transitions = (name: string) =>
      told.filter((line) => line.startsWith(`${name} `)).filter((line, i, all) => line !== all[i - 1]);
    expect(transitions('prod-us-1')).toEqual(['prod-us-1 True', 'prod-us-1 False', 'prod-us-1 True']);
    expect(transitions('prod-ap-1')).toEqual(['prod-ap-1 True', 'prod-ap-1 Unknown', 'prod-ap-1 True']);
    expect(transitions('prod-eu-1')).toEqual(['prod-eu-1 True']);
  });
});
