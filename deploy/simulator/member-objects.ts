import { microTime, wholeSeconds } from './event-recorder.ts';
import type { KubernetesObject } from './object-store.ts';

/** A node as the model holds it; everything on a node comes from here. */
export interface SimNode {
  name: string;
  uid: string;
  region: string;
  zone: string;
  createdMs: number;
  kubeletPort: number;
}

export const NODE_CPU_CORES = 15.5;
export const NODE_MEMORY_GIB = 60;
export const NODE_PODS = 110;
export function nodeObject(node: SimNode, heartbeatMs: number): KubernetesObject {
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    lastHeartbeatTime: wholeSeconds(heartbeatMs),
    lastTransitionTime: wholeSeconds(node.createdMs),
    reason,
    message,
  });
  const resources = (cpu: string, memory: string) => ({
    cpu,
    'ephemeral-storage': '200Gi',
    memory,
    pods: `${NODE_PODS}`,
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      uid: node.uid,
      creationTimestamp: wholeSeconds(node.createdMs),
      labels: {
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
        'node-role.kubernetes.io/agent': '',
        'node.kubernetes.io/instance-type': 'm16.large',
        'topology.kubernetes.io/region': node.region,
        'topology.kubernetes.io/zone': node.zone,
      },
      annotations: { 'node.alpha.kubernetes.io/ttl': '0' },
    },
    spec: {},
    status: {
      capacity: resources('16', '64Gi'),
      allocatable: resources(`${NODE_CPU_CORES * 1000}m`, `${NODE_MEMORY_GIB}Gi`),
      conditions: [
        condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
        condition(
          'MemoryPressure',
          'False',
          'KubeletHasSufficientMemory',
          'kubelet has sufficient memory available',
        ),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      ],
      addresses: [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'Hostname', address: node.name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: node.kubeletPort } },
      nodeInfo: {
        kernelVersion: '6.18.44-cloud-amd64',
        containerRuntimeVersion: 'containerd://2.2.1',
        kubeletVersion: 'v1.36.2',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    },
  };
}

export interface LeaseOptions {
  name: string;
  namespace: string;
  uid: string;
  holder: string;
  durationS: number;
  createdMs: number;
  renewedMs: number;
}

export function leaseObject(lease: LeaseOptions): KubernetesObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: lease.name,
      namespace: lease.namespace,
      uid: lease.uid,
      creationTimestamp: wholeSeconds(lease.createdMs),
    },
    spec: {
      holderIdentity: lease.holder,
      leaseDurationSeconds: lease.durationS,
      renewTime: microTime(lease.renewedMs),
    },
  };
}

export function namespaceObject(name: string, uid: string, createdMs: number): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      uid,
      creationTimestamp: wholeSeconds(createdMs),
      labels: { 'kubernetes.io/metadata.name': name },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}
