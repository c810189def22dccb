import type { MemberCluster } from './member-cluster.ts';
import type { RunningPod } from './member-workloads.ts';
import type { Random } from './random.ts';
import type { Workload } from './workload.ts';

/** Users come and go in this time: a day in ten minutes, so that a demo shows it. */
const SWING_PERIOD_MS = 600_000;
const SWING = 0.25;

/** Pods are sized so that they run at 60 % of what they can on an ordinary day. */
const USUAL_LOAD = 0.6;

/** Beyond its capacity a pod refuses the rest: this share of the excess fails. */
const OVERLOAD_ERROR_SHARE = 0.2;

/**
 * The users of the workloads: their demand goes to whichever pods run, wherever; when a region is lost the others
 * get its share and grow slower.
 */
export class Traffic {
  readonly #random: Random;
  readonly #carry = new Map<Workload, number>();
  /** Pods of each workload on the first day, from which the capacity of one follows. */
  readonly #usualPods = new Map<Workload, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  tick(
    seconds: number,
    nowMs: number,
    workloads: Iterable<Workload>,
    clusters: readonly MemberCluster[],
  ): void {
    const swing = 1 + SWING * Math.sin((2 * Math.PI * nowMs) / SWING_PERIOD_MS);
    const reachable = clusters.filter(({ powered }) => powered);
    for (const workload of workloads) {
      const { namespace, name } = workload.spec;
      const pods = reachable
        .flatMap((cluster) => cluster.workloads.podsOf(namespace, name))
        .filter(({ pod }) => pod.startedMs !== undefined);
      this.#serve(workload, pods, seconds, swing * this.#random.between(0.95, 1.05));
    }
  }

  #serve(workload: Workload, pods: readonly RunningPod[], seconds: number, factor: number): void {
    if (pods.length === 0) return;
    const { requestsPerSecond, errorShare, latencyMedianS } = workload.spec;
    if (!this.#usualPods.has(workload)) this.#usualPods.set(workload, pods.length);
    const load = (USUAL_LOAD * factor * this.#usualPods.get(workload)!) / pods.length;
    const excess = Math.max(0, load - 1);
    let waiting = (this.#carry.get(workload) ?? 0) + requestsPerSecond * seconds * factor;
    for (const [i, { application }] of pods.entries()) {
      const requests = Math.floor(waiting / (pods.length - i));
      waiting -= requests;
      application.serve(
        requests,
        seconds,
        Math.min(1, errorShare + excess * OVERLOAD_ERROR_SHARE),
        latencyMedianS * slowdown(load),
      );
    }
    this.#carry.set(workload, waiting);
  }
}

/** Time in a queue with one server against none, flattened at the end: 1 at the usual load, 4 at the most. */
function slowdown(load: number): number {
  return Math.min(4, (1 - USUAL_LOAD) / Math.max(0.1, 1 - load));
}
