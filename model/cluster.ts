/**
 * A member cluster as Karmada's control plane describes it, reduced to what the registry keeps. Unknown stays
 * unknown: a condition that is absent is not written as false.
 */
export interface ClusterState {
  readonly name: string;
  /** `spec.id`: UID of the member's kube-system namespace. Empty until Karmada has read it. */
  readonly id: string;
  readonly region: string;
  readonly provider: string;
  readonly zones: readonly string[];
  readonly syncMode: 'Push' | 'Pull';
  readonly kubernetesVersion: string;
  readonly createdMs: number;
  /** Condition `Ready`; `status` is `Unknown` where Karmada has not said. */
  readonly ready: {
    readonly status: 'True' | 'False' | 'Unknown';
    readonly reason: string;
    readonly message: string;
    readonly sinceMs: number;
  };
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
  /** `readyNum` is omitted by Karmada when it is zero; here it is 0 then. */
  readonly nodes: { readonly total: number; readonly ready: number };
  /** Sums over the nodes in base units: cores, bytes, pods. */
  readonly allocatable: ClusterResources;
  readonly allocated: ClusterResources;
}

export interface ClusterResources {
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly pods: number;
}
