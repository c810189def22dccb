import type { Clock } from '../../runtime/clock.ts';
import type { ControlPlane } from './control-plane.ts';
import type { RecordedEvent } from './event-recorder.ts';
import { templateObject } from './karmada-objects.ts';
import type { MemberCluster } from './member-cluster.ts';
import type { SchedulingCause } from './pages/karmada-scheduler.ts';
import type { Random } from './random.ts';
import type { WorkloadSpec } from './topology.ts';
import { place, placementText, type Workload } from './workload.ts';

/** Karmada's way from a template to the members: schedule, write Works, apply, and what its Events say of it. */
export class Propagation {
  readonly workloads: readonly Workload[];
  readonly #control: ControlPlane;
  readonly #members: ReadonlyMap<string, MemberCluster>;
  readonly #createdMs: number;

  /** All workloads run from the start, without an Event: they were there before anyone looked. */
  constructor(
    clock: Clock,
    random: Random,
    parts: {
      specs: readonly WorkloadSpec[];
      control: ControlPlane;
      members: ReadonlyMap<string, MemberCluster>;
    },
  ) {
    this.#control = parts.control;
    this.#members = parts.members;
    this.#createdMs = clock.now();
    this.workloads = parts.specs.map((spec) => ({
      spec,
      templateUid: random.uid(),
      bindingUid: random.uid(),
      generation: 1,
      placement: place(spec, spec.clusters),
      leftBehind: new Set<string>(),
    }));
    for (const workload of this.workloads) {
      parts.control.store.put('deployments', templateObject(workload, this.#createdMs));
      parts.control.controllerManager.policyApplied();
      parts.control.scheduler.scheduled('BindingAdd', 0);
      parts.control.controllerManager.worksSynced();
      for (const [cluster, replicas] of workload.placement) {
        parts.members
          .get(cluster)!
          .workloads.scale(workload.spec.namespace, workload.spec.name, replicas, true);
        parts.control.membership.workloadSynced(cluster, 'create');
      }
    }
  }

  /** The scheduler decided anew about a binding. */
  scheduled(workload: Workload, cause: SchedulingCause, filteredOut: number): void {
    this.#control.scheduler.scheduled(cause, filteredOut);
    this.tell(workload, {
      reason: 'ScheduleBindingSucceed',
      message: `Binding has been scheduled successfully. Result ${placementText(workload.placement)}`,
      component: 'default-scheduler',
    });
  }

  /** Writes the placement of some clusters to them; those that do not answer are left for later. */
  apply(workload: Workload, clusters: Iterable<string>): void {
    const { namespace, name } = workload.spec;
    this.#control.controllerManager.worksSynced();
    this.tell(workload, {
      reason: 'SyncWorkSucceed',
      message: `Sync work of ResourceBinding(${namespace}/${name}-deployment) successful.`,
      component: 'binding-controller',
    });
    for (const cluster of clusters) {
      const member = this.#members.get(cluster)!;
      const replicas = workload.placement.get(cluster);
      if (!member.powered || replicas === undefined) continue;
      member.workloads.scale(namespace, name, replicas);
      this.#tellApplied(workload, cluster);
    }
  }

  /** A user changed the image: every cluster rolls out the new version. */
  update(workload: Workload): void {
    const { namespace, name } = workload.spec;
    workload.generation++;
    this.#control.store.put('deployments', templateObject(workload, this.#createdMs));
    this.#control.controllerManager.policyApplied();
    this.#tellTemplate(
      workload,
      'ApplyPolicySucceed',
      `Apply policy(${namespace}/${namespace}-default) succeed`,
      'resource-detector',
    );
    this.scheduled(workload, 'BindingUpdate', 0);
    this.#control.controllerManager.worksSynced();
    for (const cluster of workload.placement.keys()) {
      const member = this.#members.get(cluster)!;
      if (!member.powered) continue;
      member.workloads.rollOut(namespace, name);
      this.#tellApplied(workload, cluster);
    }
  }

  /** An Event about the binding and the same about the template, as Karmada writes most of them. */
  tell(workload: Workload, event: Pick<RecordedEvent, 'reason' | 'message' | 'component'>): void {
    const { namespace, name } = workload.spec;
    this.#control.events.record({
      about: {
        kind: 'ResourceBinding',
        namespace,
        name: `${name}-deployment`,
        uid: workload.bindingUid,
        apiVersion: 'work.karmada.io/v1alpha2',
      },
      type: 'Normal',
      ...event,
    });
    this.#tellTemplate(workload, event.reason, event.message, event.component);
  }

  #tellApplied(workload: Workload, cluster: string): void {
    const { namespace, name } = workload.spec;
    this.#control.membership.workloadSynced(cluster, 'update');
    this.#tellTemplate(
      workload,
      'SyncSucceed',
      `Successfully applied resource(${namespace}/${name}) to cluster ${cluster}`,
      'execution-controller',
    );
  }

  #tellTemplate(workload: Workload, reason: string, message: string, component: string): void {
    const { namespace, name } = workload.spec;
    const about = { kind: 'Deployment', namespace, name, uid: workload.templateUid, apiVersion: 'apps/v1' };
    this.#control.events.record({ about, type: 'Normal', reason, message, component });
  }
}
