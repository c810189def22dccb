import type { Clock } from '../../runtime/clock.ts';
import type { ControlPlane } from './control-plane.ts';
import type { MemberCluster } from './member-cluster.ts';
import type { Propagation } from './propagation.ts';
import type { Random } from './random.ts';
import { replacements, type Workload } from './workload.ts';

/** `--resource-eviction-rate=0.5` gave three evictions every two seconds. */
const EVICTIONS_AT_ONCE = 3;
const EVICTION_INTERVAL_MS = 2_000;

/** A task without a replacement to wait for ends at once; one with, when the replacement is healthy. */
const EMPTY_TASK_MS = 90;
const REPLACED_TASK_MS = 8_100;

/** Works of evicted bindings hang with a finalizer and go only after the return, in back-off. */
const HANGING_WORKS_MIN_MS = 78_000;
const HANGING_WORKS_MAX_MS = 236_000;

/** What Karmada does with the workloads of a member that has a NoExecute taint, and when it is back. */
export class Evictions {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #control: ControlPlane;
  readonly #propagation: Propagation;
  readonly #members: ReadonlyMap<string, MemberCluster>;
  readonly #queue: { workload: Workload; cluster: string }[] = [];
  #sinceMs = 0;

  constructor(
    clock: Clock,
    random: Random,
    parts: { control: ControlPlane; propagation: Propagation; members: ReadonlyMap<string, MemberCluster> },
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#control = parts.control;
    this.#propagation = parts.propagation;
    this.#members = parts.members;
  }

  /** The member got its NoExecute taint: all bindings placed there are queued. */
  tainted(cluster: string): void {
    for (const workload of this.#propagation.workloads) {
      if (workload.placement.has(cluster)) this.#queue.push({ workload, cluster });
    }
    this.#control.controllerManager.setEvictionQueue(this.#queue.length);
  }

  /** The taint is gone: nothing more is evicted, duplicated workloads come back, old copies go one by one. */
  untainted(cluster: string): void {
    for (let i = this.#queue.length - 1; i >= 0; i--) {
      if (this.#queue[i]!.cluster === cluster) this.#queue.splice(i, 1);
    }
    this.#control.controllerManager.setEvictionQueue(this.#queue.length);
    for (const workload of this.#propagation.workloads) {
      if (!workload.leftBehind.has(cluster)) continue;
      if (workload.spec.scheduling === 'Duplicated') {
        workload.leftBehind.delete(cluster);
        workload.placement.set(cluster, workload.spec.replicas);
        this.#propagation.scheduled(workload, 'ClusterChanged', 0);
      } else {
        this.#clock.after(this.#random.between(HANGING_WORKS_MIN_MS, HANGING_WORKS_MAX_MS), () =>
          this.#removeOld(workload, cluster),
        );
      }
    }
  }

  tick(seconds: number): void {
    this.#sinceMs += seconds * 1000;
    if (this.#sinceMs < EVICTION_INTERVAL_MS) return;
    this.#sinceMs = 0;
    if (this.#queue.length === 0) return;
    for (const { workload, cluster } of this.#queue.splice(0, EVICTIONS_AT_ONCE))
      this.#evict(workload, cluster);
  }

  #evict(workload: Workload, cluster: string): void {
    const ready = this.#control.membership.readyClusters;
    const moved = replacements(workload, cluster, ready);
    // With nowhere to go the binding keeps its place, and its task runs into its timeout: nothing else happens.
    if (workload.spec.scheduling === 'Divided' && moved.size === 0) return;
    workload.placement.delete(cluster);
    workload.leftBehind.add(cluster);
    for (const [target, replicas] of moved) {
      workload.placement.set(target, (workload.placement.get(target) ?? 0) + replicas);
      workload.leftBehind.delete(target);
    }
    this.#control.controllerManager.evicted(cluster, this.#queue.length);
    if (moved.size > 0) {
      this.#propagation.scheduled(workload, 'ClusterChanged', 1);
      this.#propagation.apply(workload, moved.keys());
    }
    this.#clock.after(moved.size > 0 ? REPLACED_TASK_MS : EMPTY_TASK_MS, () =>
      this.#propagation.tell(workload, {
        reason: 'EvictWorkloadFromClusterSucceed',
        message: `Evict from cluster ${cluster} succeed.`,
        component: 'resource-binding-graceful-eviction-controller',
      }),
    );
  }

  #removeOld(workload: Workload, cluster: string): void {
    const member = this.#members.get(cluster)!;
    if (!member.powered || !workload.leftBehind.delete(cluster)) return;
    member.workloads.remove(workload.spec.namespace, workload.spec.name);
    this.#control.membership.workloadSynced(cluster, 'delete');
  }
}
