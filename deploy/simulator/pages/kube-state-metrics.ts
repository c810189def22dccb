import { ExpositionWriter, type LabelPairs } from '../exposition.ts';
import { NODE_CPU_CORES, NODE_MEMORY_GIB, NODE_PODS, type SimNode } from '../member-objects.ts';
import {
  POD_CPU_CORES,
  POD_MEMORY_LIMIT_MIB,
  POD_MEMORY_MIB,
  type SimDeployment,
  type SimPod,
} from '../workload-objects.ts';

/** What kube-state-metrics sees of a cluster: the same model that the cluster's API shows. */
export interface KubeState {
  namespaces: readonly { name: string; createdMs: number }[];
  nodes: readonly SimNode[];
  pods: readonly SimPod[];
  deployments: readonly { deployment: SimDeployment; readyReplicas: number }[];
}

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** The main page of kube-state-metrics; labels in its own order, families by resource. */
export function kubeStateMetricsPage(state: KubeState): string {
  const page = new ExpositionWriter();
  writeDeployments(page, state.deployments);
  writeNamespaces(page, state.namespaces);
  writeNodes(page, state.nodes);
  writePods(page, state.pods);
  writeReplicaSets(page, state.deployments);
  return page.text();
}

/** One family with the samples of every item, as the page groups them. */
function each<T>(
  page: ExpositionWriter,
  name: string,
  items: readonly T[],
  samples: (item: T, add: (labels: LabelPairs, value: number) => void) => void,
): void {
  page.family(name);
  for (const item of items) samples(item, (labels, value) => page.sample(labels, value));
}

/** A value out of a closed set is one sample for each, 1 where it is the one. */
function oneOf(values: readonly string[], actual: string, add: (value: string, is: number) => void): void {
  for (const value of values) add(value, value === actual ? 1 : 0);
}

const STATUSES = ['true', 'false', 'unknown'];

function writeDeployments(page: ExpositionWriter, deployments: KubeState['deployments']): void {
  const simple = (name: string, value: (d: SimDeployment, ready: number) => number) =>
    each(page, name, deployments, ({ deployment, readyReplicas }, add) =>
      add({ namespace: deployment.namespace, deployment: deployment.name }, value(deployment, readyReplicas)),
    );
  simple('kube_deployment_created', (d) => seconds(d.createdMs));
  simple('kube_deployment_status_replicas', (d) => d.replicas);
  simple('kube_deployment_status_replicas_ready', (_, ready) => ready);
  simple('kube_deployment_status_replicas_available', (_, ready) => ready);
  simple('kube_deployment_status_replicas_unavailable', (d, ready) => d.replicas - ready);
  simple('kube_deployment_status_replicas_updated', (d) => d.replicas);
  simple('kube_deployment_status_observed_generation', (d) => d.generation);
  each(page, 'kube_deployment_status_condition', deployments, ({ deployment: d, readyReplicas }, add) => {
    const available = readyReplicas * 4 >= d.replicas * 3;
    const reason = available ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable';
    oneOf(STATUSES, String(available), (status, is) =>
      add({ namespace: d.namespace, deployment: d.name, reason, condition: 'Available', status }, is),
    );
  });
  simple('kube_deployment_spec_replicas', (d) => d.replicas);
  simple('kube_deployment_spec_paused', () => 0);
  simple('kube_deployment_metadata_generation', (d) => d.generation);
}

function writeNamespaces(page: ExpositionWriter, namespaces: KubeState['namespaces']): void {
  each(page, 'kube_namespace_created', namespaces, ({ name, createdMs }, add) =>
    add({ namespace: name }, seconds(createdMs)),
  );
  each(page, 'kube_namespace_status_phase', namespaces, ({ name }, add) =>
    oneOf(['Active', 'Terminating'], 'Active', (phase, is) => add({ namespace: name, phase }, is)),
  );
}

function writeNodes(page: ExpositionWriter, nodes: readonly SimNode[]): void {
  each(page, 'kube_node_created', nodes, (node, add) => add({ node: node.name }, seconds(node.createdMs)));
  each(page, 'kube_node_info', nodes, (node, add) =>
    add(
      {
        node: node.name,
        kernel_version: '6.18.44-cloud-amd64',
        os_image: '',
        container_runtime_version: 'containerd://2.2.1',
        kubelet_version: 'v1.36.2',
        kubeproxy_version: 'deprecated',
        provider_id: '',
        pod_cidr: '',
        system_uuid: '',
        internal_ip: '127.0.0.1',
      },
      1,
    ),
  );
  each(page, 'kube_node_role', nodes, (node, add) => add({ node: node.name, role: 'agent' }, 1));
  each(page, 'kube_node_spec_unschedulable', nodes, (node, add) => add({ node: node.name }, 0));
  const resources = (name: string, cores: number, gib: number) =>
    each(page, name, nodes, ({ name: node }, add) => {
      add({ node, resource: 'cpu', unit: 'core' }, cores);
      add({ node, resource: 'ephemeral_storage', unit: 'byte' }, 200 * GIB);
      add({ node, resource: 'memory', unit: 'byte' }, gib * GIB);
      add({ node, resource: 'pods', unit: 'integer' }, NODE_PODS);
    });
  resources('kube_node_status_allocatable', NODE_CPU_CORES, NODE_MEMORY_GIB);
  resources('kube_node_status_capacity', 16, 64);
  each(page, 'kube_node_status_condition', nodes, ({ name: node }, add) => {
    for (const condition of ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']) {
      oneOf(STATUSES, String(condition === 'Ready'), (status, is) => add({ node, condition, status }, is));
    }
  });
  each(page, 'kube_node_status_addresses', nodes, ({ name: node }, add) =>
    add({ node, type: 'InternalIP', address: '127.0.0.1' }, 1),
  );
}

function writePods(page: ExpositionWriter, pods: readonly SimPod[]): void {
  const id = (pod: SimPod) => ({ namespace: pod.namespace, pod: pod.name, uid: pod.uid });
  const running = (pod: SimPod) => pod.startedMs !== undefined;
  each(page, 'kube_pod_info', pods, (pod, add) =>
    add(
      {
        ...id(pod),
        host_ip: running(pod) ? '127.0.0.1' : '',
        pod_ip: running(pod) ? '127.0.0.1' : '',
        node: pod.node.name,
        created_by_kind: pod.replicaSet ? 'ReplicaSet' : '',
        created_by_name: pod.replicaSet?.name ?? '',
        priority_class: '',
        host_network: 'false',
      },
      1,
    ),
  );
  each(
    page,
    'kube_pod_start_time',
    pods.filter((pod) => running(pod)),
    (pod, add) => add(id(pod), seconds(pod.startedMs!)),
  );
  each(page, 'kube_pod_owner', pods, (pod, add) =>
    add(
      {
        ...id(pod),
        owner_kind: pod.replicaSet ? 'ReplicaSet' : '',
        owner_name: pod.replicaSet?.name ?? '',
        owner_is_controller: pod.replicaSet ? 'true' : '',
      },
      1,
    ),
  );
  each(page, 'kube_pod_created', pods, (pod, add) => add(id(pod), seconds(pod.createdMs)));
  each(page, 'kube_pod_status_phase', pods, (pod, add) =>
    oneOf(
      ['Pending', 'Succeeded', 'Failed', 'Unknown', 'Running'],
      running(pod) ? 'Running' : 'Pending',
      (phase, is) => add({ ...id(pod), phase }, is),
    ),
  );
  each(page, 'kube_pod_status_ready', pods, (pod, add) =>
    oneOf(STATUSES, String(running(pod)), (condition, is) => add({ ...id(pod), condition }, is)),
  );
  const container = (pod: SimPod) => ({ ...id(pod), container: 'main' });
  each(page, 'kube_pod_container_info', pods, (pod, add) =>
    add({ ...container(pod), image_spec: pod.image, image: pod.image, image_id: '', container_id: '' }, 1),
  );
  const requested = (name: string, cpuCores: number | undefined, memoryMib: number) =>
    each(page, name, pods, (pod, add) => {
      const of = { ...container(pod), node: pod.node.name };
      if (cpuCores !== undefined) add({ ...of, resource: 'cpu', unit: 'core' }, cpuCores);
      add({ ...of, resource: 'memory', unit: 'byte' }, memoryMib * MIB);
    });
  requested('kube_pod_container_resource_requests', POD_CPU_CORES, POD_MEMORY_MIB);
  requested('kube_pod_container_resource_limits', undefined, POD_MEMORY_LIMIT_MIB);
  const status = (name: string, value: (pod: SimPod) => number) =>
    each(page, name, pods, (pod, add) => add(container(pod), value(pod)));
  status('kube_pod_container_status_running', (pod) => Number(running(pod)));
  status('kube_pod_container_status_ready', (pod) => Number(running(pod)));
  status('kube_pod_container_status_restarts_total', (pod) => pod.restarts);
}

function writeReplicaSets(page: ExpositionWriter, deployments: KubeState['deployments']): void {
  const simple = (name: string, value: (d: SimDeployment, ready: number) => number) =>
    each(page, name, deployments, ({ deployment, readyReplicas }, add) =>
      add(
        { namespace: deployment.namespace, replicaset: deployment.replicaSet.name },
        value(deployment, readyReplicas),
      ),
    );
  simple('kube_replicaset_created', (d) => seconds(d.replicaSet.createdMs));
  simple('kube_replicaset_status_replicas', (d) => d.replicas);
  simple('kube_replicaset_status_ready_replicas', (_, ready) => ready);
  simple('kube_replicaset_spec_replicas', (d) => d.replicas);
  each(page, 'kube_replicaset_owner', deployments, ({ deployment: d }, add) =>
    add(
      {
        namespace: d.namespace,
        replicaset: d.replicaSet.name,
        owner_kind: 'Deployment',
        owner_name: d.name,
        owner_is_controller: 'true',
      },
      1,
    ),
  );
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
