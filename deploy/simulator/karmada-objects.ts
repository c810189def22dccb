import { wholeSeconds } from './event-recorder.ts';
import { NODE_PODS } from './member-objects.ts';
import type { KubernetesObject } from './object-store.ts';
import type { ClusterSummary } from './pages/cluster-gauges.ts';
import type { ClusterSpec } from './topology.ts';
import type { Workload } from './workload.ts';

export interface Taint {
  key: string;
  effect: 'NoSchedule' | 'NoExecute';
  timeAdded: string;
}

export interface ReadyCondition {
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  transitionMs: number;
}

/** What Karmada knows of one member; the summary keeps its last value while the member cannot be reached. */
export interface ClusterRecord {
  spec: ClusterSpec;
  id: string;
  uid: string;
  apiEndpoint: string;
  createdMs: number;
  generation: number;
  ready: ReadyCondition;
  taints: readonly Taint[];
  summary: ClusterSummary;
}

export const CLUSTER_READY = {
  status: 'True',
  reason: 'ClusterReady',
  message: 'cluster is healthy and ready to accept workloads',
} as const;

/** `cluster.karmada.io/v1alpha1` Cluster as karmada-aggregated-apiserver shows it. */
export function clusterObject(record: ClusterRecord): KubernetesObject {
  const { spec, ready, summary, taints } = record;
  const condition = (type: string, status: string, reason: string, message: string, ms: number) => ({
    type,
    status,
    lastTransitionTime: wholeSeconds(ms),
    reason,
    message,
  });
  return {
    kind: 'Cluster',
    apiVersion: 'cluster.karmada.io/v1alpha1',
    metadata: {
      name: spec.name,
      uid: record.uid,
      generation: record.generation,
      creationTimestamp: wholeSeconds(record.createdMs),
      finalizers: ['karmada.io/cluster-controller'],
    },
    spec: {
      id: record.id,
      syncMode: spec.syncMode,
      apiEndpoint: record.apiEndpoint,
      provider: spec.provider,
      region: spec.region,
      zones: spec.zones,
      ...(taints.length > 0 && { taints }),
    },
    status: {
      kubernetesVersion: 'v1.36.2',
      apiEnablements: [
        { groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] },
        { groupVersion: 'v1', resources: [{ name: 'services', kind: 'Service' }] },
      ],
      conditions: [
        condition(
          'CompleteAPIEnablements',
          'True',
          'Complete',
          'collected complete APIEnablements from the cluster',
          record.createdMs,
        ),
        condition('Ready', ready.status, ready.reason, ready.message, ready.transitionMs),
      ],
      // As recorded, a count of zero is left out.
      nodeSummary: {
        totalNum: summary.nodes,
        ...(summary.readyNodes > 0 && { readyNum: summary.readyNodes }),
      },
      resourceSummary: {
        allocatable: {
          cpu: `${summary.cpuAllocatable * 1000}m`,
          'ephemeral-storage': `${summary.nodes * 200}Gi`,
          memory: `${summary.memoryAllocatableBytes / 2 ** 30}Gi`,
          pods: `${summary.nodes * NODE_PODS}`,
        },
        allocated: {
          cpu: `${summary.cpuAllocated * 1000}m`,
          memory: `${summary.memoryAllocatedBytes / 2 ** 20}Mi`,
          pods: `${summary.podsAllocated}`,
        },
      },
    },
  };
}

/** The Deployment as users wrote it to Karmada: a template, no pods. */
export function templateObject(workload: Workload, createdMs: number): KubernetesObject {
  const { namespace, name, replicas } = workload.spec;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      namespace,
      uid: workload.templateUid,
      generation: workload.generation,
      creationTimestamp: wholeSeconds(createdMs),
      labels: { app: name, tier: namespace },
      annotations: {
        'propagationpolicy.karmada.io/name': `${namespace}-default`,
        'propagationpolicy.karmada.io/namespace': namespace,
      },
    },
    spec: { replicas, selector: { matchLabels: { app: name } } },
    status: { observedGeneration: workload.generation },
  };
}

/** As Karmada's Events list taints: `[{Key:cluster.karmada.io/not-ready,Effect:NoSchedule}]`. */
export function taintsText(taints: readonly Taint[]): string {
  return `[${taints.map(({ key, effect }) => `{Key:${key},Effect:${effect}}`).join(',')}]`;
}
