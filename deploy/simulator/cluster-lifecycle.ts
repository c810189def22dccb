import type { Clock } from '../../runtime/clock.ts';
import { CLUSTER_READY } from './karmada-objects.ts';
import type { Membership } from './membership.ts';
import type { ClusterSpec } from './topology.ts';

/** Where the ClusterTaintPolicy of the federation adds NoExecute; Karmada itself adds NoSchedule only. */
export const POLICY_TAINT = 'fleet.example.com/cluster-not-ready';
const NOT_READY_TAINT = 'cluster.karmada.io/not-ready';
const UNREACHABLE_TAINT = 'cluster.karmada.io/unreachable';

/** One thing Karmada does, this long after the member stopped or began to answer. */
interface Step {
  afterMs: number;
  run: (membership: Membership, cluster: string) => void;
}

const POLICY = 'cluster-taint-policy-controller';
const CONTROLLER = 'cluster-controller';

const addPolicyTaint: Step['run'] = (membership, cluster) =>
  membership.addTaint(cluster, { key: POLICY_TAINT, effect: 'NoExecute' }, POLICY);
const removePolicyTaint: Step['run'] = (membership, cluster) =>
  membership.removeTaint(cluster, POLICY_TAINT, POLICY);
const setReady: Step['run'] = (membership, cluster) => membership.setReady(cluster, CLUSTER_READY);

/**
 * Order and delays as they were recorded: a push member whose API server refuses connections, its return (counted
 * from its readyz), a pull member whose agent stopped, and the agent's new start.
 */
export const RECORDED_STEPS: Readonly<
  Record<ClusterSpec['syncMode'], { lost: readonly Step[]; back: readonly Step[] }>
> = {
  Push: {
    lost: [
      {
        afterMs: 20_503,
        run: (membership, cluster) =>
          membership.setReady(cluster, {
            status: 'False',
            reason: 'ClusterNotReachable',
            message: 'cluster is not reachable',
          }),
      },
      {
        afterMs: 20_521,
        run: (membership, cluster) =>
          membership.addTaint(cluster, { key: NOT_READY_TAINT, effect: 'NoSchedule' }, CONTROLLER),
      },
      { afterMs: 20_552, run: addPolicyTaint },
    ],
    back: [
      { afterMs: 28_518, run: setReady },
      { afterMs: 28_538, run: removePolicyTaint },
      {
        afterMs: 28_559,
        run: (membership, cluster) => membership.removeTaint(cluster, NOT_READY_TAINT, CONTROLLER),
      },
    ],
  },
  Pull: {
    lost: [
      {
        afterMs: 35_144,
        run: (membership, cluster) =>
          membership.setReady(cluster, {
            status: 'Unknown',
            reason: 'ClusterStatusUnknown',
            message: 'Cluster status controller stopped posting cluster status.',
          }),
      },
      { afterMs: 35_168, run: addPolicyTaint },
      {
        afterMs: 35_189,
        run: (membership, cluster) =>
          membership.addTaint(cluster, { key: UNREACHABLE_TAINT, effect: 'NoSchedule' }, CONTROLLER),
      },
    ],
    back: [
      { afterMs: 20_633, run: setReady },
      {
        afterMs: 20_651,
        run: (membership, cluster) => membership.removeTaint(cluster, UNREACHABLE_TAINT, CONTROLLER),
      },
      { afterMs: 20_706, run: removePolicyTaint },
    ],
  },
};

/** Drives Karmada's view of each member. A member that changes again before all steps are done skips the rest. */
export class ClusterLifecycle {
  readonly #clock: Clock;
  readonly #membership: Membership;
  readonly #pending = new Map<string, (() => void)[]>();
  readonly #changed: (cluster: string, ready: boolean) => void;

  /** `changed` is called after the last step: the member is tainted, or ready again. */
  constructor(clock: Clock, membership: Membership, changed: (cluster: string, ready: boolean) => void) {
    this.#clock = clock;
    this.#membership = membership;
    this.#changed = changed;
  }

  lost(spec: ClusterSpec): void {
    const known = this.#membership.cluster(spec.name).ready.status !== 'True';
    this.#schedule(spec, known ? [] : RECORDED_STEPS[spec.syncMode].lost, false);
  }

  back(spec: ClusterSpec): void {
    const unnoticed = this.#membership.cluster(spec.name).ready.status === 'True';
    this.#schedule(spec, unnoticed ? [] : RECORDED_STEPS[spec.syncMode].back, true);
  }

  #schedule({ name }: ClusterSpec, steps: readonly Step[], ready: boolean): void {
    for (const cancel of this.#pending.get(name) ?? []) cancel();
    const last = steps.at(-1);
    this.#pending.set(
      name,
      steps.map((step) =>
        this.#clock.after(step.afterMs, () => {
          step.run(this.#membership, name);
          if (step === last) this.#changed(name, ready);
        }),
      ),
    );
  }
}
