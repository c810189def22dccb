import type { V1Node, V1Pod } from '@kubernetes/client-node';
import type { KubernetesObject } from '../../runtime/kubernetes-list.ts';
import type { TargetGroup } from './discovery.ts';

/** What discovery reads of a pod or a node, as the API server's JSON has it. */
export type Pod = DiscoveredObject & Pick<V1Pod, 'spec' | 'status'>;
export type Node = DiscoveredObject & Pick<V1Node, 'spec' | 'status'>;

interface DiscoveredObject extends KubernetesObject {
  readonly metadata: Metadata;
}

type Metadata = KubernetesObject['metadata'] & {
  readonly ownerReferences?: readonly { kind: string; name: string; controller?: boolean }[];
};

const META = '__meta_kubernetes_';

/** A pod's targets: one for each port of each container, or one without a port for a container that has none. */
export function podTargets(pod: Pod): TargetGroup {
  const source = podSource(pod.metadata);
  const ip = pod.status?.podIP ?? '';
  // A pod that starts, or was evicted, has no address.
  if (ip === '') return { source, targets: [], labels: {} };
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const targets = [
    ...containers.flatMap((container) =>
      containerTargets(container, ip, pod.status?.containerStatuses, false),
    ),
    ...initContainers.flatMap((container) =>
      containerTargets(container, ip, pod.status?.initContainerStatuses, true),
    ),
  ];
  return { source, targets, labels: podLabels(pod, ip) };
}

export function podSource({ namespace = '', name }: Metadata): string {
  return `pod/${namespace}/${name}`;
}

/** The kubelet of a node; without an address or a kubelet there is no target. */
export function nodeTargets(node: Node): TargetGroup {
  const source = nodeSource(node.metadata);
  const addresses = node.status?.addresses ?? [];
  const host = ADDRESS_TYPES.map((type) => addresses.find((address) => address.type === type)?.address).find(
    (address) => address !== undefined,
  );
  if (host === undefined) return { source, targets: [], labels: {} };
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  const target: Record<string, string> = {
    __address__: joinHostPort(host, port),
    instance: node.metadata.name,
  };
  for (const { type, address } of addresses) target[`${META}node_address_${labelName(type)}`] ??= address;
  return {
    source,
    targets: [target],
    labels: {
      [`${META}node_provider_id`]: node.spec?.providerID ?? '',
      ...objectLabels('node', node.metadata),
    },
  };
}

export function nodeSource({ name }: Metadata): string {
  return `node/${name}`;
}

/** By preference, as Prometheus has it. */
const ADDRESS_TYPES = ['InternalIP', 'InternalDNS', 'ExternalIP', 'ExternalDNS', 'LegacyHostIP', 'Hostname'];

type Container = NonNullable<V1Pod['spec']>['containers'][number];
type ContainerStatuses = NonNullable<V1Pod['status']>['containerStatuses'];

function containerTargets(
  container: Container,
  ip: string,
  statuses: ContainerStatuses,
  isInit: boolean,
): Record<string, string>[] {
  const shared = {
    [`${META}pod_container_name`]: container.name,
    [`${META}pod_container_id`]: statuses?.find(({ name }) => name === container.name)?.containerID ?? '',
    [`${META}pod_container_image`]: container.image ?? '',
    [`${META}pod_container_init`]: String(isInit),
  };
  const ports = container.ports ?? [];
  if (ports.length === 0) return [{ __address__: ip, ...shared }];
  return ports.map(({ containerPort, name = '', protocol = 'TCP' }) => ({
    __address__: joinHostPort(ip, containerPort),
    ...shared,
    [`${META}pod_container_port_name`]: name,
    [`${META}pod_container_port_number`]: String(containerPort),
    [`${META}pod_container_port_protocol`]: protocol,
  }));
}

function podLabels(pod: Pod, ip: string): Record<string, string> {
  const { metadata, spec, status } = pod;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'unknown';
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true);
  return {
    [`${META}namespace`]: metadata.namespace ?? '',
    [`${META}pod_ip`]: ip,
    [`${META}pod_ready`]: ready.toLowerCase(),
    [`${META}pod_phase`]: status?.phase ?? '',
    [`${META}pod_node_name`]: spec?.nodeName ?? '',
    [`${META}pod_host_ip`]: status?.hostIP ?? '',
    [`${META}pod_uid`]: metadata.uid,
    [`${META}pod_controller_kind`]: controller?.kind ?? '',
    [`${META}pod_controller_name`]: controller?.name ?? '',
    ...objectLabels('pod', metadata),
  };
}

/** Name, labels and annotations; `labelpresent` tells an empty label from an absent one. */
function objectLabels(role: 'pod' | 'node', metadata: Metadata): Record<string, string> {
  const prefix = `${META}${role}_`;
  const labels: Record<string, string> = { [`${prefix}name`]: metadata.name };
  for (const [name, value] of Object.entries(metadata.labels ?? {})) {
    labels[`${prefix}label_${labelName(name)}`] = value;
    labels[`${prefix}labelpresent_${labelName(name)}`] = 'true';
  }
  for (const [name, value] of Object.entries(metadata.annotations ?? {})) {
    labels[`${prefix}annotation_${labelName(name)}`] = value;
    labels[`${prefix}annotationpresent_${labelName(name)}`] = 'true';
  }
  return labels;
}

function labelName(text: string): string {
  return text.replace(/[^a-zA-Z0-9_]/g, '_');
}

function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
