import type { ClusterResources, ClusterState } from '../../model/cluster.ts';
import type { KubernetesObject } from '../../runtime/kubernetes-list.ts';
import { parseQuantity } from './quantity.ts';

/** A Cluster of cluster.karmada.io/v1alpha1, as far as it is read. */
export interface ClusterObject extends KubernetesObject {
  readonly spec?: {
    readonly id?: string;
    readonly syncMode?: string;
    readonly provider?: string;
    readonly region?: string;
    readonly zones?: readonly string[];
    /** Before `zones`. */
    readonly zone?: string;
    readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  };
  readonly status?: {
    readonly kubernetesVersion?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly lastTransitionTime?: string;
    }[];
    readonly nodeSummary?: { readonly totalNum?: number; readonly readyNum?: number };
    readonly resourceSummary?: {
      readonly allocatable?: Readonly<Record<string, string>>;
      readonly allocated?: Readonly<Record<string, string>>;
    };
  };
}

/**
 * What the registry keeps of a Cluster. Numbers that Karmada omits are zero (`readyNum` when no node is
 * ready, `allocated` when nothing runs); a Ready condition that it has not written yet is Unknown.
 */
export function toClusterState({ metadata, spec = {}, status = {} }: ClusterObject): ClusterState {
  const createdMs = timeMs(metadata.creationTimestamp) ?? 0;
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return {
    name: metadata.name,
    id: spec.id ?? '',
    region: spec.region ?? '',
    provider: spec.provider ?? '',
    zones: spec.zones ?? (spec.zone ? [spec.zone] : []),
    syncMode: spec.syncMode === 'Pull' ? 'Pull' : 'Push',
    kubernetesVersion: status.kubernetesVersion ?? '',
    createdMs,
    ready: {
      status: ready?.status === 'True' || ready?.status === 'False' ? ready.status : 'Unknown',
      reason: ready?.reason ?? '',
      message: ready?.message ?? '',
      sinceMs: timeMs(ready?.lastTransitionTime) ?? createdMs,
    },
    taints: (spec.taints ?? []).map(({ key, value = '', effect }) => ({ key, value, effect })),
    nodes: { total: status.nodeSummary?.totalNum ?? 0, ready: status.nodeSummary?.readyNum ?? 0 },
    allocatable: resources(status.resourceSummary?.allocatable),
    allocated: resources(status.resourceSummary?.allocated),
  };
}

function resources(quantities: Readonly<Record<string, string>> = {}): ClusterResources {
  return {
    cpuCores: amount(quantities['cpu']),
    memoryBytes: amount(quantities['memory']),
    pods: amount(quantities['pods']),
  };
}

function amount(quantity: string | undefined): number {
  return (quantity !== undefined && parseQuantity(quantity)) || 0;
}

function timeMs(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
