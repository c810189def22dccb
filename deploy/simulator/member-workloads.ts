import type { Clock } from '../../runtime/clock.ts';
import type { EventRecorder } from './event-recorder.ts';
import { tellScaling, tellScheduled, tellStarted } from './member-events.ts';
import type { SimNode } from './member-objects.ts';
import type { Network, Port } from './network.ts';
import type { ObjectStore } from './object-store.ts';
import { pageHandler } from './page-server.ts';
import { ApplicationPage } from './pages/application.ts';
import type { ContainerUsage } from './pages/kubelet.ts';
import type { Random } from './random.ts';
import {
  deploymentObject,
  podObject,
  replicaSetObject,
  type SimDeployment,
  type SimPod,
} from './workload-objects.ts';

export interface WorkloadsDependencies {
  cluster: string;
  clock: Clock;
  random: Random;
  network: Network;
  store: ObjectStore;
  events: EventRecorder;
  nodes: readonly SimNode[];
}

/** A pod of a workload, with its process. */
export interface RunningPod {
  pod: SimPod;
  port: Port;
  application: ApplicationPage;
}

/** From a pod's creation to its container running, as recorded. */
const START_MS_MIN = 1_000;
const START_MS_MAX = 6_000;

const CLOSE_AFTER_MS = 1_000;

const BASE_WORKING_SET_BYTES = 60e6;
const WORKING_SET_BYTES_PER_CPU_SECOND = 4e4;
const WORKING_SET_BYTES_MAX = 300e6;

/** Deployments and pods of one cluster: what its controllers and kubelets would do with them. */
export class MemberWorkloads {
  readonly #deps: WorkloadsDependencies;
  readonly #deployments = new Map<string, SimDeployment>();
  readonly #running = new Map<string, RunningPod>();
  #powered = true;

  constructor(dependencies: WorkloadsDependencies) {
    this.#deps = dependencies;
  }

  get pods(): SimPod[] {
    return [...this.#running.values()].map(({ pod }) => pod);
  }

  get deployments(): { deployment: SimDeployment; readyReplicas: number }[] {
    return [...this.#deployments.values()].map((deployment) => ({
      deployment,
      readyReplicas: this.podsOf(deployment.namespace, deployment.name).filter(isReady).length,
    }));
  }

  podsOf(namespace: string, name: string): RunningPod[] {
    return [...this.#running.values()].filter(({ pod }) => pod.namespace === namespace && pod.app === name);
  }

  /** Sets a Deployment's replicas, creating it when new. With `atOnce` its pods run already, and no event tells. */
  scale(namespace: string, name: string, replicas: number, atOnce = false): void {
    const { clock, random } = this.#deps;
    const known = this.#deployments.get(`${namespace}/${name}`);
    const before = known?.replicas ?? 0;
    const deployment = known ?? {
      namespace,
      name,
      uid: random.uid(),
      replicas: 0,
      generation: 0,
      version: 1,
      createdMs: clock.now(),
      replicaSet: { name: `${name}-${random.suffix(9)}`, uid: random.uid(), createdMs: clock.now() },
    };
    this.#deployments.set(`${namespace}/${name}`, deployment);
    deployment.replicas = replicas;
    deployment.generation++;
    const pods = this.podsOf(namespace, name);
    for (let i = pods.length; i < replicas; i++)
      this.#createPod(deployment, atOnce ? 0 : this.#startDelayMs());
    for (const pod of pods.slice(replicas)) this.#removePod(pod);
    if (!atOnce && before !== replicas) tellScaling(this.#deps.events, deployment, before);
    this.#publish(deployment);
  }

  /** A new version: a new pod for each old one, which goes when the new one runs. */
  rollOut(namespace: string, name: string): void {
    const deployment = this.#deployments.get(`${namespace}/${name}`);
    if (!deployment) return;
    const { clock, random } = this.#deps;
    deployment.version++;
    deployment.generation++;
    deployment.replicaSet = {
      name: `${name}-${random.suffix(9)}`,
      uid: random.uid(),
      createdMs: clock.now(),
    };
    tellScaling(this.#deps.events, deployment, 0);
    for (const old of this.podsOf(namespace, name)) {
      this.#createPod(deployment, this.#startDelayMs(), () => this.#removePod(old));
    }
    this.#publish(deployment);
  }

  remove(namespace: string, name: string): void {
    const deployment = this.#deployments.get(`${namespace}/${name}`);
    if (!deployment) return;
    this.#deployments.delete(`${namespace}/${name}`);
    for (const pod of this.podsOf(namespace, name)) this.#removePod(pod);
    this.#deps.store.remove('replicasets', namespace, deployment.replicaSet.name);
    this.#deps.store.remove('deployments', namespace, name);
  }

  usageOn(node: SimNode): ContainerUsage[] {
    return [...this.#running.values()]
      .filter(({ pod }) => pod.node === node && pod.startedMs !== undefined)
      .map(({ pod, application: { cpuSeconds } }) => ({
        pod,
        cpuSeconds,
        workingSetBytes: Math.min(
          WORKING_SET_BYTES_MAX,
          BASE_WORKING_SET_BYTES + Math.round(cpuSeconds * WORKING_SET_BYTES_PER_CPU_SECOND),
        ),
      }));
  }

  powerOff(): void {
    this.#powered = false;
    for (const { port } of this.#running.values()) port.down();
  }

  /** Every container starts again: its counters begin at zero and its restarts count one more. */
  powerOn(): void {
    this.#powered = true;
    const nowMs = this.#deps.clock.now();
    for (const running of this.#running.values()) {
      running.port.up();
      running.application = new ApplicationPage(nowMs);
      if (running.pod.startedMs !== undefined) running.pod.restarts++;
      running.pod.startedMs = nowMs;
      this.#deps.store.put('pods', podObject(running.pod));
    }
    for (const deployment of this.#deployments.values()) {
      // A rollout that the loss of power broke off is over: its new pods have started with all others.
      for (const running of this.podsOf(deployment.namespace, deployment.name)) {
        if (running.pod.replicaSet?.name !== deployment.replicaSet.name) this.#removePod(running);
      }
      this.#publish(deployment);
    }
  }

  #createPod(deployment: SimDeployment, delayMs: number, started = () => {}): void {
    const { clock, random, network } = this.#deps;
    const { namespace, name, replicaSet, version } = deployment;
    const port = network.take(pageHandler('/metrics', () => running.application.render(clock.now())));
    const pod: SimPod = {
      name: `${replicaSet.name}-${random.suffix(5)}`,
      namespace,
      uid: random.uid(),
      app: name,
      labels: { app: name, tier: namespace },
      annotations: {
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': String(port.number),
        'prometheus.io/path': '/metrics',
      },
      replicaSet,
      node: this.#emptiestNode(),
      port: port.number,
      image: `registry.example.com/${namespace}/${name}:v${version}`,
      createdMs: clock.now(),
      startedMs: delayMs === 0 ? clock.now() : undefined,
      restarts: 0,
    };
    const running: RunningPod = { pod, port, application: new ApplicationPage(clock.now()) };
    this.#running.set(pod.uid, running);
    this.#deps.store.put('pods', podObject(pod));
    if (delayMs === 0) return;
    tellScheduled(this.#deps.events, pod, this.#deps.cluster);
    clock.after(delayMs, () => {
      if (!this.#powered || !this.#running.has(pod.uid)) return;
      pod.startedMs = clock.now();
      running.application = new ApplicationPage(clock.now());
      this.#deps.store.put('pods', podObject(pod));
      tellStarted(this.#deps.events, pod);
      started();
      this.#publish(deployment);
    });
  }

  #removePod({ pod, port }: RunningPod): void {
    if (!this.#running.delete(pod.uid)) return;
    this.#deps.store.remove('pods', pod.namespace, pod.name);
    // Whoever watches has let go of the pod by then; a scrape that is on its way still gets its page.
    this.#deps.clock.after(CLOSE_AFTER_MS, () => port.release());
  }

  #publish(deployment: SimDeployment): void {
    if (this.#deployments.get(`${deployment.namespace}/${deployment.name}`) !== deployment) return;
    const ready = this.podsOf(deployment.namespace, deployment.name).filter(isReady).length;
    const shown = Math.min(ready, deployment.replicas);
    this.#deps.store.put('deployments', deploymentObject(deployment, shown, this.#deps.cluster));
    this.#deps.store.put('replicasets', replicaSetObject(deployment, shown));
  }

  #emptiestNode(): SimNode {
    const load = new Map(this.#deps.nodes.map((node) => [node, 0]));
    for (const { pod } of this.#running.values()) load.set(pod.node, load.get(pod.node)! + 1);
    return [...load].reduce((least, next) => (next[1] < least[1] ? next : least))[0];
  }

  #startDelayMs(): number {
    return Math.round(this.#deps.random.between(START_MS_MIN, START_MS_MAX));
  }
}

function isReady({ pod }: RunningPod): boolean {
  return pod.startedMs !== undefined;
}
