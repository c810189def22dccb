/** A resource the API serves, under the path that Kubernetes gives it. */
export interface ApiResource {
  /** Path before the resource: `/api/v1` or `/apis/<group>/<version>`. */
  base: string;
  resource: string;
  kind: string;
  namespaced: boolean;
}

export const MEMBER_RESOURCES: readonly ApiResource[] = [
  { base: '/api/v1', resource: 'namespaces', kind: 'Namespace', namespaced: false },
  { base: '/api/v1', resource: 'nodes', kind: 'Node', namespaced: false },
  { base: '/api/v1', resource: 'pods', kind: 'Pod', namespaced: true },
  { base: '/api/v1', resource: 'events', kind: 'Event', namespaced: true },
  { base: '/apis/apps/v1', resource: 'deployments', kind: 'Deployment', namespaced: true },
  { base: '/apis/apps/v1', resource: 'replicasets', kind: 'ReplicaSet', namespaced: true },
  { base: '/apis/coordination.k8s.io/v1', resource: 'leases', kind: 'Lease', namespaced: true },
];

export const KARMADA_RESOURCES: readonly ApiResource[] = [
  { base: '/apis/cluster.karmada.io/v1alpha1', resource: 'clusters', kind: 'Cluster', namespaced: false },
  ...MEMBER_RESOURCES.filter(({ resource }) =>
    ['namespaces', 'events', 'deployments', 'leases'].includes(resource),
  ),
];

export function apiVersionOf(api: ApiResource): string {
  return api.base.replace(/^\/apis?\//, '');
}

export interface StatusError {
  code: number;
  reason: string;
  message: string;
}

/** The object Kubernetes answers instead of what was asked for, also inside a watch. */
export function statusObject(error: StatusError): Record<string, unknown> {
  const { code, reason, message } = error;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}
