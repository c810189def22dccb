import { describe, expect, it } from 'vitest';
import { toClusterState } from './cluster-state.ts';
import { clustersPage } from './clusters-page.ts';

const samples = (page: string) => page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

const down = toClusterState({
  metadata: { name: 'prod-us-1', uid: 'u', resourceVersion: '1' },
  spec: {
    id: '7e2d768c',
    syncMode: 'Push',
    taints: [
      { key: 'cluster.karmada.io/not-ready', effect: 'NoSchedule' },
      { key: 'team', value: 'a', effect: 'NoExecute' },
      { key: 'team', value: 'b', effect: 'NoExecute' },
    ],
  },
  status: {
    kubernetesVersion: 'v1.36.2',
    conditions: [{ type: 'Ready', status: 'False', reason: 'ClusterNotReachable' }],
    nodeSummary: { totalNum: 3 },
    resourceSummary: {
      allocatable: { cpu: '46500m', memory: '180Gi', pods: '330' },
      allocated: { cpu: '12750m', memory: '14848Mi', pods: '51' },
    },
  },
});

describe('clustersPage()', () => {
  it('tells of a cluster as kube-state-metrics tells of an object', () => {
    expect(samples(clustersPage([down])).join('\n')).toBe(
      `
karmada_cluster_info{member_cluster="prod-us-1",cluster_id="7e2d768c",sync_mode="Push",kubernetes_version="v1.36.2"} 1
karmada_cluster_status_condition{member_cluster="prod-us-1",condition="Ready",status="true",reason="ClusterNotReachable"} 0
karmada_cluster_status_condition{member_cluster="prod-us-1",condition="Ready",status="false",reason="ClusterNotReachable"} 1
karmada_cluster_status_condition{member_cluster="prod-us-1",condition="Ready",status="unknown",reason="ClusterNotReachable"} 0
karmada_cluster_nodes{member_cluster="prod-us-1"} 3
karmada_cluster_ready_nodes{member_cluster="prod-us-1"} 0
karmada_cluster_allocatable{member_cluster="prod-us-1",resource="cpu"} 46.5
karmada_cluster_allocatable{member_cluster="prod-us-1",resource="memory"} 193273528320
karmada_cluster_allocatable{member_cluster="prod-us-1",resource="pods"} 330
karmada_cluster_allocated{member_cluster="prod-us-1",resource="cpu"} 12.75
karmada_cluster_allocated{member_cluster="prod-us-1",resource="memory"} 15569256448
karmada_cluster_allocated{member_cluster="prod-us-1",resource="pods"} 51
karmada_cluster_taint{member_cluster="prod-us-1",key="cluster.karmada.io/not-ready",effect="NoSchedule"} 1
karmada_cluster_taint{member_cluster="prod-us-1",key="team",effect="NoExecute"} 1
`.trim(),
    );
  });

  it('has no numbers of a cluster that Karmada never collected from', () => {
    const joined = toClusterState({ metadata: { name: 'new "one"', uid: 'u', resourceVersion: '1' } });
    expect(samples(clustersPage([joined])).join('\n')).toBe(
      `
karmada_cluster_info{member_cluster="new \\"one\\"",cluster_id="",sync_mode="Push",kubernetes_version=""} 1
karmada_cluster_status_condition{member_cluster="new \\"one\\"",condition="Ready",status="true",reason=""} 0
karmada_cluster_status_condition{member_cluster="new \\"one\\"",condition="Ready",status="false",reason=""} 0
karmada_cluster_status_condition{member_cluster="new \\"one\\"",condition="Ready",status="unknown",reason=""} 1
`.trim(),
    );
  });

  it('names every family with its help, also when there is no cluster', () => {
    const page = clustersPage([]);
    expect(page.match(/^# TYPE \S+ gauge$/gm)).toHaveLength(7);
    expect(page.match(/^# HELP /gm)).toHaveLength(7);
  });
});
