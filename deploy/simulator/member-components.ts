import type { Clock } from '../../runtime/clock.ts';
import type { SimNode } from './member-objects.ts';
import type { Network, Port } from './network.ts';
import type { ObjectStore } from './object-store.ts';
import { pageHandler } from './page-server.ts';
import type { ContainerUsage } from './pages/kubelet.ts';
import type { Random } from './random.ts';
import { podObject, type SimPod } from './workload-objects.ts';

export interface ComponentsDependencies {
  clock: Clock;
  random: Random;
  network: Network;
  store: ObjectStore;
  nodes: readonly SimNode[];
}

/** A pod that is no workload of the federation: a control plane's, an agent's or an exporter's. */
export interface Component {
  namespace: string;
  name: string;
  labels: Readonly<Record<string, string>>;
}

const CPU_SHARE = 0.03;
const WORKING_SET_BYTES = 60e6;

/** What runs in a cluster beside the workloads. */
export class MemberComponents {
  readonly #deps: ComponentsDependencies;
  readonly #components: { pod: SimPod; port: Port }[] = [];

  constructor(dependencies: ComponentsDependencies) {
    this.#deps = dependencies;
  }

  get pods(): SimPod[] {
    return this.#components.map(({ pod }) => pod);
  }

  /** A pod that serves a metrics page on a port of its own. */
  serve(component: Component & { render: () => string }): void {
    const { render, ...rest } = component;
    this.add({ ...rest, port: this.#deps.network.take(pageHandler('/metrics', render)) });
  }

  /** A pod whose port something else serves already. */
  add({ port, ...component }: Component & { port: Port }): void {
    const { clock, random, nodes, store } = this.#deps;
    const pod: SimPod = {
      ...component,
      uid: random.uid(),
      app: component.name,
      annotations: {},
      replicaSet: undefined,
      node: nodes[this.#components.length % nodes.length]!,
      port: port.number,
      image: `registry.example.com/${component.namespace}/${component.name}:v1`,
      createdMs: clock.now(),
      startedMs: clock.now(),
      restarts: 0,
    };
    this.#components.push({ pod, port });
    store.put('pods', podObject(pod));
  }

  usageOn(node: SimNode): ContainerUsage[] {
    const nowMs = this.#deps.clock.now();
    return this.pods
      .filter((pod) => pod.node === node)
      .map((pod) => ({
        pod,
        cpuSeconds: ((nowMs - pod.startedMs!) / 1000) * CPU_SHARE,
        workingSetBytes: WORKING_SET_BYTES,
      }));
  }

  powerOff(): void {
    for (const { port } of this.#components) port.down();
  }

  powerOn(): void {
    for (const { pod, port } of this.#components) {
      port.up();
      pod.restarts++;
      pod.startedMs = this.#deps.clock.now();
      this.#deps.store.put('pods', podObject(pod));
    }
  }
}
