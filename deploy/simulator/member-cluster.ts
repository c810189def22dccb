import type { Clock } from '../../runtime/clock.ts';
import { MEMBER_RESOURCES } from './api-resources.ts';
import { EventRecorder } from './event-recorder.ts';
import { EXPOSITION_CONTENT_TYPE } from './exposition.ts';
import { createKubernetesApi } from './kubernetes-api.ts';
import { MemberComponents } from './member-components.ts';
import {
  leaseObject,
  NODE_CPU_CORES,
  NODE_MEMORY_GIB,
  NODE_PODS,
  namespaceObject,
  nodeObject,
  type SimNode,
} from './member-objects.ts';
import { MemberWorkloads } from './member-workloads.ts';
import type { Network, Port } from './network.ts';
import { ObjectStore } from './object-store.ts';
import { pageHandler } from './page-server.ts';
import { ApiServerPage, MEMBER_BACKGROUND } from './pages/api-server.ts';
import type { ClusterSummary } from './pages/cluster-gauges.ts';
import { kubeStateMetricsPage } from './pages/kube-state-metrics.ts';
import { kubeletResourcePage } from './pages/kubelet.ts';
import type { Random } from './random.ts';
import { type ClusterSpec, NAMESPACES } from './topology.ts';
import { POD_CPU_CORES, POD_MEMORY_MIB, type SimPod } from './workload-objects.ts';

export interface ClusterDependencies {
  clock: Clock;
  random: Random;
  network: Network;
  /** What its API server asks of who reads it. */
  token: string | undefined;
}

const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-system', 'karmada-system'];

/** A kubelet renews its node's Lease this often, and its conditions every five minutes. */
const LEASE_INTERVAL_MS = 10_000;
const LEASE_DURATION_S = 40;

/** From power on to an API server that is ready: as recorded. */
const READYZ_AFTER_MS = 2_077;

/** One Kubernetes cluster: nodes, what runs on them, its API and its pages. The host is one, too. */
export class MemberCluster {
  readonly spec: ClusterSpec;
  /** `Cluster.spec.id`: the UID of its kube-system namespace, which never changes. */
  readonly id: string;
  readonly store = new ObjectStore();
  readonly nodes: readonly SimNode[];
  readonly components: MemberComponents;
  readonly workloads: MemberWorkloads;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #apiPort: Port;
  readonly #kubeletPorts: readonly Port[];
  readonly #startedMs: number;
  #apiServer: ApiServerPage;
  #powered = true;
  #renewedMs: number;
  #cancelPower = () => {};

  constructor(spec: ClusterSpec, nodes: number, dependencies: ClusterDependencies) {
    const { clock, random, network, token } = dependencies;
    this.spec = spec;
    this.id = random.uid();
    this.#clock = clock;
    this.#random = random;
    this.#startedMs = clock.now();
    this.#renewedMs = clock.now();
    this.#apiServer = this.#startApiServer();
    this.#apiPort = network.take(
      createKubernetesApi({
        store: this.store,
        resources: MEMBER_RESOURCES,
        clock,
        ...(token !== undefined && { token }),
        metrics: () => ({ contentType: EXPOSITION_CONTENT_TYPE, text: this.#apiServer.render(clock.now()) }),
        onRequest: (request) => this.#apiServer.served(request),
      }),
    );
    const machines = Array.from({ length: nodes }, (_, i) => this.#createNode(i, network));
    this.nodes = machines.map(({ node }) => node);
    this.#kubeletPorts = machines.map(({ port }) => port);
    this.components = new MemberComponents({ clock, random, network, store: this.store, nodes: this.nodes });
    this.workloads = new MemberWorkloads({
      cluster: spec.name,
      clock,
      random,
      network,
      store: this.store,
      events: new EventRecorder(this.store, clock, random),
      nodes: this.nodes,
    });
    this.#publishFixed();
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.#apiPort.number}`;
  }

  /** All pods, Karmada's and the exporters' included. */
  get pods(): SimPod[] {
    return [...this.components.pods, ...this.workloads.pods];
  }

  get powered(): boolean {
    return this.#powered;
  }

  /** Power is gone: nothing of the cluster answers any more. */
  powerOff(): void {
    this.#cancelPower();
    this.#powered = false;
    for (const port of [this.#apiPort, ...this.#kubeletPorts]) port.down();
    this.components.powerOff();
    this.workloads.powerOff();
  }

  /** Power is back: all processes start anew, counters at zero; `ready` is called when the API server answers. */
  powerOn(ready: () => void): void {
    this.#cancelPower();
    this.#cancelPower = this.#clock.after(READYZ_AFTER_MS, () => {
      this.#powered = true;
      this.store.forgetHistory();
      this.#apiServer = this.#startApiServer();
      for (const port of [this.#apiPort, ...this.#kubeletPorts]) port.up();
      this.components.powerOn();
      this.workloads.powerOn();
      this.#renewLeases();
      ready();
    });
  }

  /** What the cluster does by itself in `seconds`. */
  tick(seconds: number): void {
    if (!this.#powered) return;
    this.#apiServer.tick(seconds);
    if (this.#clock.now() - this.#renewedMs >= LEASE_INTERVAL_MS) this.#renewLeases();
  }

  /** What Karmada reads of it in a status sync. */
  summary(ready: boolean): ClusterSummary {
    const pods = this.pods.length;
    const nodes = this.nodes.length;
    return {
      ready,
      nodes,
      readyNodes: nodes,
      cpuAllocatable: nodes * NODE_CPU_CORES,
      cpuAllocated: pods * POD_CPU_CORES,
      memoryAllocatableBytes: nodes * NODE_MEMORY_GIB * 2 ** 30,
      memoryAllocatedBytes: pods * POD_MEMORY_MIB * 2 ** 20,
      podsAllocatable: nodes * NODE_PODS,
      podsAllocated: pods,
    };
  }

  #startApiServer(): ApiServerPage {
    return new ApiServerPage({
      store: this.store,
      resources: MEMBER_RESOURCES,
      random: this.#random,
      background: MEMBER_BACKGROUND,
      apiServices: ['v1.', 'v1.apps', 'v1.coordination.k8s.io'],
      startedMs: this.#clock.now(),
    });
  }

  #createNode(index: number, network: Network): { node: SimNode; port: Port } {
    const { name, region, zones } = this.spec;
    const handler = pageHandler('/metrics/resource', () =>
      kubeletResourcePage(
        node,
        [...this.components.usageOn(node), ...this.workloads.usageOn(node)],
        this.#clock.now(),
      ),
    );
    const port = network.take(handler);
    const node: SimNode = {
      name: `${name}-node-${index + 1}`,
      uid: this.#random.uid(),
      region,
      zone: zones[index % zones.length]!,
      createdMs: this.#startedMs,
      kubeletPort: port.number,
    };
    return { node, port };
  }

  #publishFixed(): void {
    for (const name of [...SYSTEM_NAMESPACES, ...NAMESPACES]) {
      const uid = name === 'kube-system' ? this.id : this.#random.uid();
      this.store.put('namespaces', namespaceObject(name, uid, this.#startedMs));
    }
    for (const node of this.nodes) this.store.put('nodes', nodeObject(node, this.#startedMs));
    this.#renewLeases();
    this.components.add({
      namespace: 'kube-system',
      name: `kube-apiserver-${this.spec.name}-cp-1`,
      labels: { component: 'kube-apiserver', tier: 'control-plane' },
      port: this.#apiPort,
    });
    this.components.serve({
      namespace: 'kube-system',
      name: `kube-state-metrics-${this.#random.suffix(5)}`,
      labels: { 'app.kubernetes.io/name': 'kube-state-metrics' },
      render: () => this.#renderKubeState(),
    });
  }

  #renderKubeState(): string {
    return kubeStateMetricsPage({
      namespaces: [...SYSTEM_NAMESPACES, ...NAMESPACES].map((name) => ({ name, createdMs: this.#startedMs })),
      nodes: this.nodes,
      pods: this.pods,
      deployments: this.workloads.deployments,
    });
  }

  #renewLeases(): void {
    this.#renewedMs = this.#clock.now();
    for (const node of this.nodes) {
      this.store.put(
        'leases',
        leaseObject({
          name: node.name,
          namespace: 'kube-node-lease',
          uid: node.uid,
          holder: node.name,
          durationS: LEASE_DURATION_S,
          createdMs: node.createdMs,
          renewedMs: this.#renewedMs,
        }),
      );
    }
  }
}
