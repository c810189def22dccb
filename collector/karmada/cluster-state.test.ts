import { describe, expect, it } from 'vitest';
import { recordedList } from '../../test/recorded-api.ts';
import { type ClusterObject, toClusterState } from './cluster-state.ts';

const metadata = {
  name: 'prod-eu-1',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '2026-11-22T10:16:44Z',
};

/** A cluster as it was in a phase of the recorded federation. */
function recorded(phase: string, name: string) {
  const objects = recordedList<ClusterObject>(phase, 'karmada-apiserver', 'clusters.json.gz');
  return toClusterState(objects!.find((object) => object.metadata.name === name)!);
}

const hasRecordings = recordedList('idle', 'karmada-apiserver', 'clusters.json.gz') !== undefined;

describe('toClusterState()', () => {
  it.skipIf(!hasRecordings)('reads a member that is well', () => {
    expect(recorded('during-failover', 'prod-eu-1')).toEqual({
      name: 'prod-eu-1',
      id: '44b39472-1dfc-42fb-9571-c9a7b629c10b',
      region: 'eu-west-1',
      provider: 'aws',
      zones: ['eu-west-1a', 'eu-west-1b'],
      syncMode: 'Push',
      kubernetesVersion: 'v1.36.2',
      createdMs: Date.parse('2026-11-22T10:16:44Z'),
      ready: {
        status: 'True',
        reason: 'ClusterReady',
        message: 'cluster is healthy and ready to accept workloads',
        sinceMs: Date.parse('2026-11-22T10:16:44Z'),
      },
      taints: [],
      nodes: { total: 4, ready: 4 },
      allocatable: { cpuCores: 62, memoryBytes: 240 * 2 ** 30, pods: 440 },
      allocated: { cpuCores: 25.75, memoryBytes: 26_368 * 2 ** 20, pods: 103 },
    });
  });

  it.skipIf(!hasRecordings)('reads a push member that is down: its numbers are the last ones', () => {
    expect(recorded('during-failover', 'prod-us-1')).toMatchObject({
      ready: {
        status: 'False',
        reason: 'ClusterNotReachable',
        sinceMs: Date.parse('2026-11-22T10:22:32Z'),
      },
      taints: [
        { key: 'cluster.karmada.io/not-ready', value: '', effect: 'NoSchedule' },
        { key: 'fleet.example.com/cluster-not-ready', value: '', effect: 'NoExecute' },
      ],
      nodes: { total: 3, ready: 3 },
    });
  });

  it.skipIf(!hasRecordings)('reads a pull member whose agent is silent', () => {
    expect(recorded('agent-down', 'prod-ap-1')).toMatchObject({
      syncMode: 'Pull',
      ready: { status: 'Unknown', reason: 'ClusterStatusUnknown' },
      taints: [{ effect: 'NoExecute' }, { key: 'cluster.karmada.io/unreachable', effect: 'NoSchedule' }],
    });
  });

  it('reads an omitted readyNum as 0: all kubelets are silent, and Ready stays True', () => {
    const status = {
      conditions: [{ type: 'Ready', status: 'True', reason: 'ClusterReady' }],
      nodeSummary: { totalNum: 4 },
    };
    expect(toClusterState({ metadata, status })).toMatchObject({
      ready: { status: 'True' },
      nodes: { total: 4, ready: 0 },
    });
  });

  it('takes a cluster that has just joined for Unknown', () => {
    expect(toClusterState({ metadata, spec: { syncMode: 'Push', zone: 'eu-west-1a' } })).toMatchObject({
      id: '',
      region: '',
      zones: ['eu-west-1a'],
      ready: { status: 'Unknown', reason: '', sinceMs: Date.parse('2026-11-22T10:16:44Z') },
      allocatable: { cpuCores: 0, memoryBytes: 0, pods: 0 },
    });
  });
});
