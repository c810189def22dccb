import { wholeSeconds } from './event-recorder.ts';
import type { SimNode } from './member-objects.ts';
import type { KubernetesObject } from './object-store.ts';

export interface SimPod {
  name: string;
  namespace: string;
  uid: string;
  /** Of the Deployment, or of the component when it is not the federation's workload. */
  app: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  replicaSet: { name: string; uid: string } | undefined;
  node: SimNode;
  port: number;
  image: string;
  createdMs: number;
  /** When its container started; undefined as long as it is Pending. */
  startedMs: number | undefined;
  restarts: number;
}

export interface SimDeployment {
  namespace: string;
  name: string;
  uid: string;
  replicas: number;
  generation: number;
  version: number;
  createdMs: number;
  replicaSet: { name: string; uid: string; createdMs: number };
}

export const POD_CPU_CORES = 0.25;
export const POD_MEMORY_MIB = 256;
export const POD_MEMORY_LIMIT_MIB = 512;

export function podObject(pod: SimPod): KubernetesObject {
  const running = pod.startedMs !== undefined;
  const condition = (type: string, ok: boolean, ms: number) => ({
    type,
    status: ok ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: wholeSeconds(ms),
  });
  const changedMs = pod.startedMs ?? pod.createdMs;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      uid: pod.uid,
      creationTimestamp: wholeSeconds(pod.createdMs),
      labels: pod.labels,
      annotations: pod.annotations,
      ...(pod.replicaSet && {
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            name: pod.replicaSet.name,
            uid: pod.replicaSet.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      }),
    },
    spec: {
      nodeName: pod.node.name,
      containers: [
        {
          name: 'main',
          image: pod.image,
          ports: [{ name: 'http', containerPort: pod.port, protocol: 'TCP' }],
          resources: {
            limits: { memory: `${POD_MEMORY_LIMIT_MIB}Mi` },
            requests: { cpu: `${POD_CPU_CORES * 1000}m`, memory: `${POD_MEMORY_MIB}Mi` },
          },
        },
      ],
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
    },
    status: {
      phase: running ? 'Running' : 'Pending',
      conditions: [
        condition('Initialized', running, changedMs),
        condition('Ready', running, changedMs),
        condition('ContainersReady', running, changedMs),
        condition('PodScheduled', true, pod.createdMs),
      ],
      // All pods share the loopback address and differ by port.
      ...(running && { hostIP: '127.0.0.1', podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] }),
      ...(running && { startTime: wholeSeconds(pod.startedMs!) }),
      containerStatuses: [
        {
          name: 'main',
          state: running
            ? { running: { startedAt: wholeSeconds(pod.startedMs!) } }
            : { waiting: { reason: 'ContainerCreating' } },
          lastState: {},
          ready: running,
          restartCount: pod.restarts,
          image: pod.image,
          imageID: '',
          started: running,
        },
      ],
      qosClass: 'Burstable',
    },
  };
}

/** In the member a propagated Deployment says that Karmada manages it, and through which Work. */
export function deploymentObject(
  deployment: SimDeployment,
  readyReplicas: number,
  cluster: string,
): KubernetesObject {
  const { namespace, name, replicas, generation } = deployment;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      namespace,
      uid: deployment.uid,
      generation,
      creationTimestamp: wholeSeconds(deployment.createdMs),
      labels: { app: name, 'karmada.io/managed': 'true', tier: namespace },
      annotations: {
        'deployment.kubernetes.io/revision': `${deployment.version}`,
        'resourcebinding.karmada.io/name': `${name}-deployment`,
        'resourcebinding.karmada.io/namespace': namespace,
        'work.karmada.io/namespace': `karmada-es-${cluster}`,
      },
    },
    spec: { replicas, selector: { matchLabels: { app: name } } },
    status: {
      observedGeneration: generation,
      replicas,
      updatedReplicas: replicas,
      readyReplicas,
      availableReplicas: readyReplicas,
      conditions: [
        {
          type: 'Available',
          status: readyReplicas * 4 >= replicas * 3 ? 'True' : 'False',
          reason:
            readyReplicas * 4 >= replicas * 3 ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
        },
      ],
    },
  };
}

export function replicaSetObject(deployment: SimDeployment, readyReplicas: number): KubernetesObject {
  const { namespace, name, replicas, replicaSet } = deployment;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: replicaSet.name,
      namespace,
      uid: replicaSet.uid,
      creationTimestamp: wholeSeconds(replicaSet.createdMs),
      labels: { app: name, tier: namespace },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name,
          uid: deployment.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: { replicas, selector: { matchLabels: { app: name } } },
    status: { replicas, readyReplicas, availableReplicas: readyReplicas, observedGeneration: 1 },
  };
}
