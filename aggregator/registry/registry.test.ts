import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterState } from '../../model/cluster.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { createRegistry } from '../../runtime/metrics.ts';
import { openStateDatabase, type StateDatabase } from '../../runtime/state-database.ts';
import type { Identity } from '../identity/identity.ts';
import { ClusterRegistry } from './registry.ts';
import { registerClusterMetrics } from './registry-metrics.ts';

const NOW = Date.parse('2026-11-22T10:22:32Z');
const SECOND = 1_000;

const host: Identity = {
  name: 'host',
  cluster: 'karmada-host',
  federation: true,
  trusted: false,
  region: 'eu-west-1',
  provider: 'aws',
};
const eu: Identity = { name: 'eu', cluster: 'prod-eu-1', federation: false, trusted: false };

function clusterState(name: string, change: Partial<ClusterState> = {}): ClusterState {
  return {
    name,
    id: `${name}-id`,
    region: 'us-east-1',
    provider: 'gcp',
    zones: [],
    syncMode: 'Push',
    kubernetesVersion: 'v1.36.0',
    createdMs: 0,
    ready: { status: 'True', reason: 'ClusterReady', message: '', sinceMs: NOW - 3_600 * SECOND },
    taints: [],
    nodes: { total: 12, ready: 12 },
    allocatable: { cpuCores: 1, memoryBytes: 1, pods: 1 },
    allocated: { cpuCores: 0, memoryBytes: 0, pods: 0 },
    ...change,
  };
}

let folder: string;
let state: StateDatabase;
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'registry-'));
  state = openStateDatabase(folder);
  clock = new ManualClock(NOW);
});
afterEach(async () => {
  await state.close();
  rmSync(folder, { recursive: true });
});

function newRegistry(identities: readonly Identity[] = [host, eu]): ClusterRegistry {
  const metrics = createRegistry('karmascope_aggregator');
  const registry = new ClusterRegistry(state.root, { clock, logger: createLogger('silent'), metrics });
  registry.configure(identities);
  return registry;
}

/** Each cluster with its role, and a mark when it is expected. */
function shown(registry: ClusterRegistry): string[] {
  return registry
    .clusters()
    .map(({ name, role, expected }) => `${name} ${role}${expected ? ' expected' : ''}`);
}

describe('whom the hub expects', () => {
  test('registered members and the host, but no mere sender', () => {
    const registry = newRegistry();
    registry.update(clusterState('prod-us-1'));
    expect(shown(registry)).toEqual([
      'karmada-host host expected',
      'prod-eu-1 sender',
      'prod-us-1 member expected',
    ]);
  });

  test('every configured sender, where no identity tells of members', () => {
    expect(shown(newRegistry([eu]))).toEqual(['prod-eu-1 sender expected']);
  });

  test('nobody who left: by a deletion, or by a list it is missing from', () => {
    const registry = newRegistry([host]);
    for (const name of ['a', 'b', 'c']) registry.update(clusterState(name));
    registry.remove('a');
    registry.retainOnly(['c', 'karmada-host']);
    expect(shown(registry)).toEqual(['c member expected', 'karmada-host host expected']);
    expect(registry.departed().map(({ name, id }) => `${name} ${id}`)).toEqual(['a a-id', 'b b-id']);
    registry.sampleReceived('a', NOW);
    expect(shown(registry)).toContain('a sender');
    registry.update(clusterState('a'));
    expect(registry.departed().map(({ name }) => name)).toEqual(['b']);
  });

  test('nor is a sender that nobody knows of remembered for more than a day of silence', async () => {
    const registry = newRegistry([host]);
    registry.sampleReceived('relayed', NOW);
    await registry.persist();
    await clock.advance(24 * 3_600 * SECOND - 1);
    await registry.persist();
    expect(shown(newRegistry([host]))).toContain('relayed sender');
    await clock.advance(1);
    await registry.persist();
    expect(shown(registry)).toEqual(['karmada-host host expected']);
    expect(shown(newRegistry([host]))).toEqual(['karmada-host host expected']);
  });

  test('and of those, who was not heard for a time: since its last sample, else since it was known', async () => {
    const registry = newRegistry([host]);
    registry.update(clusterState('prod-us-1'));
    registry.sampleReceived('karmada-host', NOW);
    await clock.advance(60 * SECOND);
    registry.update(clusterState('prod-us-2'));
    registry.sampleReceived('prod-us-1', clock.now());
    await clock.advance(30 * SECOND);
    expect(registry.silent(60 * SECOND).map(({ name }) => name)).toEqual(['karmada-host']);
    expect(registry.silent(29 * SECOND).map(({ name }) => name)).toEqual([
      'karmada-host',
      'prod-us-1',
      'prod-us-2',
    ]);
  });
});

test('a cluster that two senders bring is the host when one of them speaks for the federation', () => {
  const node = { ...eu, name: 'node', cluster: 'karmada-host', region: 'elsewhere' };
  const registry = newRegistry([host, node]);
  expect(shown(registry)).toEqual(['karmada-host host expected']);
  expect(registry.place('karmada-host').region).toBe('eu-west-1');
});

describe('a restarted hub', () => {
  test('knows everything again, and gives everybody time to be heard', async () => {
    const before = newRegistry([host]);
    before.update(clusterState('prod-us-1'));
    before.update(clusterState('gone'));
    before.remove('gone');
    before.sampleReceived('prod-us-1', NOW - SECOND);
    before.eventReceived('prod-us-1');
    await before.persist();
    await clock.advance(600 * SECOND);
    const after = newRegistry([host]);
    expect(after.get('prod-us-1')).toMatchObject({
      state: clusterState('prod-us-1'),
      lastSampleReceivedMs: NOW,
      newestSampleMs: NOW - SECOND,
      lastEventReceivedMs: NOW,
    });
    expect(after.departed()).toMatchObject([{ name: 'gone' }]);
    expect(after.silent(30 * SECOND)).toEqual([]);
    await clock.advance(31 * SECOND);
    expect(after.silent(30 * SECOND)).toHaveLength(2);
  });
});

describe('the place of a cluster', () => {
  test('is what Karmada says, else what its identity is configured with', () => {
    const registry = newRegistry();
    registry.update(clusterState('prod-us-1'));
    expect(registry.place('prod-us-1')).toEqual({ region: 'us-east-1', provider: 'gcp' });
    expect(registry.place('karmada-host')).toEqual({ region: 'eu-west-1', provider: 'aws' });
    expect(registry.place('nobody')).toEqual({ region: '', provider: '' });
  });

  test('has a version that rises when it changes, and only then', () => {
    const registry = newRegistry();
    const start = registry.placeVersion('prod-eu-1');
    registry.update(clusterState('prod-eu-1', { region: 'eu-west-1' }));
    const known = registry.placeVersion('prod-eu-1');
    expect(known).toBeGreaterThan(start);
    const all = registry.placeVersion();
    registry.update(clusterState('prod-eu-1', { region: 'eu-west-1', nodes: { total: 1, ready: 0 } }));
    expect(registry.placeVersion('prod-eu-1')).toBe(known);
    expect(registry.placeVersion()).toBe(all);
    registry.update(clusterState('prod-us-1'));
    expect(registry.placeVersion('prod-eu-1')).toBe(known);
    expect(registry.placeVersion()).toBeGreaterThan(all);
    registry.remove('prod-eu-1');
    expect(registry.placeVersion('prod-eu-1')).toBeGreaterThan(known);
  });

  test('changes with the configuration too', () => {
    const registry = newRegistry();
    const before = registry.placeVersion('karmada-host');
    registry.configure([{ ...host, region: 'eu-west-2' }, eu]);
    expect(registry.place('karmada-host').region).toBe('eu-west-2');
    expect(registry.placeVersion('karmada-host')).toBeGreaterThan(before);
  });
});

describe('the id of a cluster', () => {
  test('that changes under the same name is flagged, also after it had left', () => {
    const registry = newRegistry();
    registry.update(clusterState('prod-us-1', { id: 'one' }));
    expect(registry.get('prod-us-1')?.replaced).toBeUndefined();
    registry.update(clusterState('prod-us-1', { id: 'two' }));
    expect(registry.get('prod-us-1')?.replaced).toEqual({ previousId: 'one', atMs: NOW });
    registry.remove('prod-us-1');
    registry.update(clusterState('prod-us-1', { id: 'three' }));
    expect(registry.get('prod-us-1')?.replaced?.previousId).toBe('two');
  });

  test('that Karmada has not read yet is no change', () => {
    const registry = newRegistry();
    registry.update(clusterState('prod-us-1', { id: '' }));
    registry.update(clusterState('prod-us-1', { id: 'one' }));
    registry.update(clusterState('prod-us-1', { id: '' }));
    expect(registry.get('prod-us-1')).toMatchObject({ replaced: undefined, state: { id: 'one' } });
  });
});

test('a clock that runs ahead does not hide that data stands still', () => {
  const registry = newRegistry();
  registry.sampleReceived('prod-eu-1', NOW + 3_600 * SECOND);
  expect(registry.get('prod-eu-1')?.newestSampleMs).toBe(NOW);
});

test('/metrics says whom the hub expects and when it last heard them', async () => {
  const metrics = createRegistry('karmascope_aggregator');
  const registry = newRegistry();
  registerClusterMetrics(registry, metrics, () => clock.now());
  registry.update(clusterState('prod-us-1'));
  registry.sampleReceived('prod-eu-1', NOW);
  const lines = (await metrics.metrics())
    .split('\n')
    .filter((line) => /^karmascope_aggregator_cluster/.test(line));
  expect(lines).toEqual([
    'karmascope_aggregator_cluster_expected{cluster="karmada-host"} 1',
    'karmascope_aggregator_cluster_expected{cluster="prod-us-1"} 1',
    `karmascope_aggregator_cluster_last_received_timestamp_seconds{cluster="prod-eu-1"} ${NOW / SECOND}`,
    'karmascope_aggregator_clusters{condition="healthy"} 1',
    'karmascope_aggregator_clusters{condition="not ready"} 0',
    'karmascope_aggregator_clusters{condition="nodes down"} 0',
    'karmascope_aggregator_clusters{condition="silent"} 0',
    'karmascope_aggregator_clusters{condition="unknown"} 2',
  ]);
});
