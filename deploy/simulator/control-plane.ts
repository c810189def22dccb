import type { Clock } from '../../runtime/clock.ts';
import { EventRecorder, type RecordedEvent, wholeSeconds } from './event-recorder.ts';
import { EXPOSITION_CONTENT_TYPE } from './exposition.ts';
import {
  CLUSTER_READY,
  type ClusterRecord,
  clusterObject,
  type ReadyCondition,
  type Taint,
  taintsText,
} from './karmada-objects.ts';
import { createKubernetesApi, KARMADA_RESOURCES } from './kubernetes-api.ts';
import type { ClusterDependencies, MemberCluster } from './member-cluster.ts';
import { leaseObject, namespaceObject } from './member-objects.ts';
import type { Port } from './network.ts';
import { ObjectStore } from './object-store.ts';
import { ApiServerPage, KARMADA_BACKGROUND, PROXY_TO_DEAD_MEMBER } from './pages/api-server.ts';
import { AgentPage } from './pages/karmada-agent.ts';
import { ControllerManagerPage } from './pages/karmada-controller-manager.ts';
import { SchedulerPage } from './pages/karmada-scheduler.ts';
import { NAMESPACES } from './topology.ts';

/** `--cluster-status-update-frequency`. */
const STATUS_INTERVAL_MS = 10_000;

/** karmada-controller-manager, -scheduler and -agent renew their leader Leases every two seconds. */
const LEADER_RENEW_MS = 2_000;
const LEADER_LEASE_S = 15;

/** The heartbeat of a pull member, renewed by its agent. */
const HEARTBEAT_LEASE_S = 40;
const HEARTBEAT_INTERVAL_MS = 10_000;

/** Failed reconciles of execution-controller for each dead member and second: recorded 1,099 in 170 s. */
const DEAD_MEMBER_ERRORS_PER_SECOND = 6.5;

/** Karmada's control plane, running in the host cluster: its API, its components' pages, its view of the members. */
export class ControlPlane {
  readonly store = new ObjectStore();
  readonly events: EventRecorder;
  readonly token: string | undefined;
  readonly controllerManager: ControllerManagerPage;
  readonly scheduler: SchedulerPage;
  readonly #records = new Map<string, ClusterRecord>();
  readonly #members = new Map<string, MemberCluster>();
  readonly #agents = new Map<string, AgentPage>();
  readonly #clock: Clock;
  readonly #deps: ClusterDependencies;
  readonly #apiPort: Port;
  readonly #apiServer: ApiServerPage;
  readonly #startedMs: number;
  #errorCarry = 0;
  #sinceStatusMs = 0;
  #sinceLeasesMs = 0;

  constructor(host: MemberCluster, dependencies: ClusterDependencies) {
    const { clock, random, network, token } = dependencies;
    this.#clock = clock;
    this.#deps = dependencies;
    this.#startedMs = clock.now();
    this.token = token;
    this.events = new EventRecorder(this.store, clock, random);
    this.controllerManager = new ControllerManagerPage(random, this.#startedMs);
    this.scheduler = new SchedulerPage(random, this.#startedMs);
    this.#apiServer = new ApiServerPage({
      store: this.store,
      random,
      background: KARMADA_BACKGROUND,
      apiServices: [
        'v1.',
        'v1.apps',
        'v1alpha1.cluster.karmada.io',
        'v1alpha1.policy.karmada.io',
        'v1alpha2.work.karmada.io',
      ],
      startedMs: this.#startedMs,
    });
    this.#apiPort = network.take(
      createKubernetesApi({
        store: this.store,
        resources: KARMADA_RESOURCES,
        clock,
        ...(token !== undefined && { token }),
        metrics: () => ({ contentType: EXPOSITION_CONTENT_TYPE, text: this.#apiServer.render(clock.now()) }),
        onRequest: (request) => this.#apiServer.served(request),
      }),
    );
    this.#runIn(host);
    for (const name of ['default', 'karmada-system', 'karmada-cluster', ...NAMESPACES]) {
      this.store.put('namespaces', namespaceObject(name, random.uid(), this.#startedMs));
    }
    this.#renewLeases();
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.#apiPort.number}`;
  }

  /** Members whose Ready condition is True, in order of their names. */
  get readyClusters(): string[] {
    return [...this.#records.values()]
      .filter(({ ready }) => ready.status === 'True')
      .map(({ spec }) => spec.name)
      .sort();
  }

  /** A member joins: its Cluster object and, in pull mode, an agent in it. */
  join(member: MemberCluster): void {
    const { spec, id } = member;
    const nowMs = this.#clock.now();
    const record: ClusterRecord = {
      spec,
      id,
      uid: this.#deps.random.uid(),
      apiEndpoint: member.apiUrl,
      createdMs: nowMs,
      generation: 1,
      ready: { ...CLUSTER_READY, transitionMs: nowMs },
      taints: [],
      summary: member.summary(true),
    };
    this.#records.set(spec.name, record);
    this.#members.set(spec.name, member);
    this.store.put('clusters', clusterObject(record));
    this.#tellCluster(
      spec.name,
      'CreateExecutionSpaceSucceed',
      `Created execution space(karmada-es-${spec.name}) for cluster(${spec.name}).`,
      'cluster-controller',
    );
    if (spec.syncMode === 'Pull') this.#startAgent(member);
    this.#syncStatus(record, member);
  }

  cluster(name: string): ClusterRecord {
    const record = this.#records.get(name);
    if (!record) throw new Error(`BUG: ${name} has not joined`);
    return record;
  }

  /** Changes the Ready condition; Karmada writes no Event for it. */
  setReady(name: string, condition: Omit<ReadyCondition, 'transitionMs'>): void {
    const record = this.cluster(name);
    record.ready = { ...condition, transitionMs: this.#clock.now() };
    this.store.put('clusters', clusterObject(record));
    const member = this.#members.get(name)!;
    if (record.spec.syncMode === 'Push' || member.powered) this.#syncStatus(record, member);
    this.controllerManager.reconciled('cluster-controller', { count: 1 });
    this.controllerManager.reconciled('cluster-status-controller', { count: 1 });
  }

  addTaint(name: string, taint: Omit<Taint, 'timeAdded'>, by: TaintController): void {
    const record = this.cluster(name);
    if (record.taints.some(({ key }) => key === taint.key)) return;
    this.#setTaints(record, [...record.taints, { ...taint, timeAdded: wholeSeconds(this.#clock.now()) }], by);
  }

  removeTaint(name: string, key: string, by: TaintController): void {
    const record = this.cluster(name);
    const left = record.taints.filter((taint) => taint.key !== key);
    if (left.length < record.taints.length) this.#setTaints(record, left, by);
  }

  /** An agent that starts anew: all its counters begin again. */
  restartAgent(name: string): void {
    if (this.#agents.has(name))
      this.#agents.set(name, new AgentPage(name, this.#deps.random, this.#clock.now()));
  }

  /** A Deployment was written to a member: by the agent in pull mode, by karmada-controller-manager otherwise. */
  workloadSynced(cluster: string, operation: 'create' | 'update' | 'delete'): void {
    const agent = this.#agents.get(cluster);
    if (agent) agent.workloadSynced();
    else this.controllerManager.workloadSynced(cluster, operation);
  }

  tick(seconds: number): void {
    const dead = [...this.#records.values()].filter(({ ready }) => ready.status !== 'True');
    this.#apiServer.tick(
      seconds,
      dead.flatMap(() => PROXY_TO_DEAD_MEMBER),
    );
    this.controllerManager.tick(seconds, hostOf(this.apiUrl));
    this.scheduler.tick(seconds, hostOf(this.apiUrl));
    for (const [name, agent] of this.#agents) {
      const member = this.#members.get(name)!;
      if (member.powered)
        agent.tick(seconds, { karmada: hostOf(this.apiUrl), member: hostOf(member.apiUrl) });
    }
    this.#failOnDead(
      dead.filter(({ spec }) => spec.syncMode === 'Push'),
      seconds,
    );
    this.#sinceStatusMs += seconds * 1000;
    if (this.#sinceStatusMs >= STATUS_INTERVAL_MS) this.#syncStatuses();
    this.#sinceLeasesMs += seconds * 1000;
    if (this.#sinceLeasesMs >= LEADER_RENEW_MS) this.#renewLeases();
  }

  #syncStatuses(): void {
    this.#sinceStatusMs = 0;
    for (const [name, record] of this.#records) this.#syncStatus(record, this.#members.get(name)!);
  }

  /** A member that does not answer keeps its last summary; its sync is counted all the same. */
  #syncStatus(record: ClusterRecord, member: MemberCluster): void {
    const { spec } = record;
    const ready = record.ready.status === 'True';
    if (member.powered) {
      const summary = member.summary(ready);
      const changed = JSON.stringify({ ...summary, ready }) !== JSON.stringify({ ...record.summary, ready });
      record.summary = summary;
      if (changed) this.store.put('clusters', clusterObject(record));
    }
    record.summary = { ...record.summary, ready };
    const agent = this.#agents.get(spec.name);
    if (agent) {
      if (member.powered) agent.statusSynced(record.summary, 0.08);
      return;
    }
    this.controllerManager.statusSynced(spec.name, record.summary, member.powered ? 0.15 : 0.004);
    this.controllerManager.clientRequests(
      hostOf(record.apiEndpoint),
      'GET',
      member.powered ? '200' : '<error>',
      4,
    );
  }

  #failOnDead(dead: readonly ClusterRecord[], seconds: number): void {
    this.#errorCarry += dead.length * DEAD_MEMBER_ERRORS_PER_SECOND * seconds;
    const errors = Math.floor(this.#errorCarry);
    this.#errorCarry -= errors;
    if (errors > 0)
      this.controllerManager.reconciled('execution-controller', { count: errors, errors, medianS: 0.0005 });
  }

  #setTaints(record: ClusterRecord, taints: readonly Taint[], by: TaintController): void {
    record.taints = taints;
    record.generation++;
    this.store.put('clusters', clusterObject(record));
    const { name } = record.spec;
    const now =
      taints.length > 0
        ? `cluster now has taints(${taintsText(taints)})`
        : 'cluster now does not have taints';
    const message =
      by === 'cluster-controller'
        ? `Taint cluster succeed: ${now}.`
        : `Update Cluster(${name}) with taints(${now}) succeed`;
    this.#tellCluster(name, 'TaintClusterSucceed', message, by);
    this.controllerManager.reconciled(by, { count: 1 });
  }

  #tellCluster(name: string, reason: string, message: string, component: string): void {
    const { uid } = this.cluster(name);
    const about: RecordedEvent['about'] = {
      kind: 'Cluster',
      name,
      uid,
      apiVersion: 'cluster.karmada.io/v1alpha1',
    };
    this.events.record({ about, type: 'Normal', reason, message, component });
  }

  #startAgent(member: MemberCluster): void {
    const { name } = member.spec;
    this.#agents.set(name, new AgentPage(name, this.#deps.random, this.#clock.now()));
    member.workloads.serveComponent({
      namespace: 'karmada-system',
      name: `karmada-agent-${this.#deps.random.suffix(5)}`,
      labels: { app: 'karmada-agent' },
      render: () => this.#agents.get(name)!.render(this.#clock.now()),
    });
  }

  #runIn(host: MemberCluster): void {
    const { random } = this.#deps;
    const namespace = 'karmada-system';
    const pod = (app: string) => ({
      namespace,
      name: `${app}-${random.suffix(9)}-${random.suffix(5)}`,
      labels: { app },
    });
    host.workloads.addComponent({ ...pod('karmada-apiserver'), port: this.#apiPort });
    host.workloads.serveComponent({
      ...pod('karmada-controller-manager'),
      render: () => this.controllerManager.render(this.#clock.now()),
    });
    host.workloads.serveComponent({
      ...pod('karmada-scheduler'),
      render: () => this.scheduler.render(this.#clock.now()),
    });
  }

  #renewLeases(): void {
    this.#sinceLeasesMs = 0;
    for (const name of ['karmada-controller-manager', 'karmada-scheduler']) {
      this.#renew(name, 'karmada-system', 'karmada-host-1', LEADER_LEASE_S);
    }
    for (const name of this.#agents.keys()) {
      if (!this.#members.get(name)!.powered) continue;
      this.#renew(`karmada-agent-${name}`, 'karmada-system', `${name}-cp-1`, LEADER_LEASE_S);
      this.#renew(name, 'karmada-cluster', name, HEARTBEAT_LEASE_S, HEARTBEAT_INTERVAL_MS);
    }
  }

  #renew(name: string, namespace: string, holder: string, durationS: number, everyMs = 0): void {
    const nowMs = this.#clock.now();
    const old = this.store.get('leases', namespace, name);
    const renewed = Date.parse((old?.['spec'] as { renewTime?: string } | undefined)?.renewTime ?? '');
    if (nowMs - renewed < everyMs) return;
    const uid = old?.metadata.uid ?? this.#deps.random.uid();
    this.store.put(
      'leases',
      leaseObject({ name, namespace, uid, holder, durationS, createdMs: this.#startedMs, renewedMs: nowMs }),
    );
  }
}

export type TaintController = 'cluster-controller' | 'cluster-taint-policy-controller';

function hostOf(url: string): string {
  return new URL(url).host;
}
