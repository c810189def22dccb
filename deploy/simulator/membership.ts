import type { Clock } from '../../runtime/clock.ts';
import { type EventRecorder, type RecordedEvent, wholeSeconds } from './event-recorder.ts';
import {
  CLUSTER_READY,
  type ClusterRecord,
  clusterObject,
  type ReadyCondition,
  type Taint,
  taintsText,
} from './karmada-objects.ts';
import type { MemberCluster } from './member-cluster.ts';
import type { ObjectStore } from './object-store.ts';
import { AgentPage } from './pages/karmada-agent.ts';
import type { ControllerManagerPage } from './pages/karmada-controller-manager.ts';
import type { Random } from './random.ts';

export interface MembershipParts {
  clock: Clock;
  random: Random;
  store: ObjectStore;
  events: EventRecorder;
  controllerManager: ControllerManagerPage;
  /** HOST:PORT of Karmada's API server. */
  karmadaHost: string;
}

export type TaintController = 'cluster-controller' | 'cluster-taint-policy-controller';

/** `--cluster-status-update-frequency`. */
const STATUS_INTERVAL_MS = 10_000;

/** Failed reconciles of execution-controller for each dead push member and second: recorded 1,099 in 170 s. */
const DEAD_MEMBER_ERRORS_PER_SECOND = 6.5;

/** Requests of one status sync: health, version, nodes and pods. */
const STATUS_REQUESTS = 4;

/** What Karmada knows of its members: the Cluster objects, the gauges made of them, and the pull members' agents. */
export class Membership {
  readonly #parts: MembershipParts;
  readonly #records = new Map<string, ClusterRecord>();
  readonly #members = new Map<string, MemberCluster>();
  readonly #agents = new Map<string, AgentPage>();
  #errorCarry = 0;
  #sinceStatusMs = 0;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  /** Members whose Ready condition is True, in order of their names. */
  get readyClusters(): string[] {
    return [...this.#records.values()]
      .filter(({ ready }) => ready.status === 'True')
      .map(({ spec }) => spec.name)
      .sort();
  }

  /** Members that Karmada does not see as ready. */
  get notReady(): number {
    return this.#records.size - this.readyClusters.length;
  }

  /** Pull members whose agent runs. */
  get heartbeats(): string[] {
    return [...this.#agents.keys()].filter((name) => this.#members.get(name)!.powered);
  }

  /** A member joins: its Cluster object and, in pull mode, an agent in it. */
  join(member: MemberCluster): void {
    const { spec, id } = member;
    const nowMs = this.#parts.clock.now();
    const record: ClusterRecord = {
      spec,
      id,
      uid: this.#parts.random.uid(),
      apiEndpoint: member.apiUrl,
      createdMs: nowMs,
      generation: 1,
      ready: { ...CLUSTER_READY, transitionMs: nowMs },
      taints: [],
      summary: member.summary(true),
    };
    this.#records.set(spec.name, record);
    this.#members.set(spec.name, member);
    this.#parts.store.put('clusters', clusterObject(record));
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
    record.ready = { ...condition, transitionMs: this.#parts.clock.now() };
    this.#parts.store.put('clusters', clusterObject(record));
    const member = this.#members.get(name)!;
    if (record.spec.syncMode === 'Push' || member.powered) this.#syncStatus(record, member);
    this.#parts.controllerManager.reconciled('cluster-controller', { count: 1 });
    this.#parts.controllerManager.reconciled('cluster-status-controller', { count: 1 });
  }

  addTaint(name: string, taint: Omit<Taint, 'timeAdded'>, by: TaintController): void {
    const record = this.cluster(name);
    if (record.taints.some(({ key }) => key === taint.key)) return;
    this.#setTaints(
      record,
      [...record.taints, { ...taint, timeAdded: wholeSeconds(this.#parts.clock.now()) }],
      by,
    );
  }

  removeTaint(name: string, key: string, by: TaintController): void {
    const record = this.cluster(name);
    const left = record.taints.filter((taint) => taint.key !== key);
    if (left.length < record.taints.length) this.#setTaints(record, left, by);
  }

  /** An agent that starts anew: all its counters begin again. */
  restartAgent(name: string): void {
    if (this.#agents.has(name))
      this.#agents.set(name, new AgentPage(name, this.#parts.random, this.#parts.clock.now()));
  }

  /** A Deployment was written to a member: by the agent in pull mode, by karmada-controller-manager otherwise. */
  workloadSynced(cluster: string, operation: 'create' | 'update' | 'delete'): void {
    const agent = this.#agents.get(cluster);
    if (agent) agent.workloadSynced();
    else this.#parts.controllerManager.workloadSynced(cluster, operation);
  }

  tick(seconds: number): void {
    const { karmadaHost } = this.#parts;
    for (const name of this.heartbeats) {
      const member = hostOf(this.#members.get(name)!.apiUrl);
      this.#agents.get(name)!.tick(seconds, { karmada: karmadaHost, member });
    }
    this.#failOnDead(seconds);
    this.#sinceStatusMs += seconds * 1000;
    if (this.#sinceStatusMs < STATUS_INTERVAL_MS) return;
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
      if (changed) this.#parts.store.put('clusters', clusterObject(record));
    }
    record.summary = { ...record.summary, ready };
    const agent = this.#agents.get(spec.name);
    if (agent) {
      if (member.powered) agent.statusSynced(record.summary, 0.08);
      return;
    }
    this.#parts.controllerManager.statusSynced(spec.name, record.summary, member.powered ? 0.15 : 0.004);
    this.#parts.controllerManager.clientRequests(
      hostOf(record.apiEndpoint),
      'GET',
      member.powered ? '200' : '<error>',
      STATUS_REQUESTS,
    );
  }

  #failOnDead(seconds: number): void {
    const dead = [...this.#records.values()].filter(
      ({ spec, ready }) => spec.syncMode === 'Push' && ready.status !== 'True',
    );
    this.#errorCarry += dead.length * DEAD_MEMBER_ERRORS_PER_SECOND * seconds;
    const errors = Math.floor(this.#errorCarry);
    this.#errorCarry -= errors;
    if (errors > 0)
      this.#parts.controllerManager.reconciled('execution-controller', {
        count: errors,
        errors,
        medianS: 0.0005,
      });
  }

  #setTaints(record: ClusterRecord, taints: readonly Taint[], by: TaintController): void {
    record.taints = taints;
    record.generation++;
    this.#parts.store.put('clusters', clusterObject(record));
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
    this.#parts.controllerManager.reconciled(by, { count: 1 });
  }

  #tellCluster(name: string, reason: string, message: string, component: string): void {
    const { uid } = this.cluster(name);
    const about: RecordedEvent['about'] = {
      kind: 'Cluster',
      name,
      uid,
      apiVersion: 'cluster.karmada.io/v1alpha1',
    };
    this.#parts.events.record({ about, type: 'Normal', reason, message, component });
  }

  #startAgent(member: MemberCluster): void {
    const { name } = member.spec;
    this.#agents.set(name, new AgentPage(name, this.#parts.random, this.#parts.clock.now()));
    member.components.serve({
      namespace: 'karmada-system',
      name: `karmada-agent-${this.#parts.random.suffix(5)}`,
      labels: { app: 'karmada-agent' },
      render: () => this.#agents.get(name)!.render(this.#parts.clock.now()),
    });
  }
}

function hostOf(url: string): string {
  return new URL(url).host;
}
