import type { WorkloadSpec } from './topology.ts';

/** A Deployment in Karmada, and where its replicas are. */
export interface Workload {
  spec: WorkloadSpec;
  templateUid: string;
  bindingUid: string;
  generation: number;
  /** Replicas by cluster, as `spec.clusters` of its binding has it. */
  placement: Map<string, number>;
  /** Clusters from which it was evicted and whose old copies are not gone yet. */
  leftBehind: Set<string>;
}

/** Replicas by cluster: all in each when duplicated, else as even as can be in the order of the clusters. */
export function place(spec: WorkloadSpec, clusters: readonly string[]): Map<string, number> {
  if (spec.scheduling === 'Duplicated') return new Map(clusters.map((cluster) => [cluster, spec.replicas]));
  const even = Math.floor(spec.replicas / clusters.length);
  const more = spec.replicas % clusters.length;
  const shares = clusters.map((cluster, i): [string, number] => [cluster, even + (i < more ? 1 : 0)]);
  return new Map(shares.filter(([, replicas]) => replicas > 0));
}

/**
 * Where the replicas of a lost cluster go: a divided workload's to the clusters it already runs in and that are
 * ready, or to any ready one when there is none; a duplicated one's nowhere, because the others have theirs.
 */
export function replacements(
  workload: Workload,
  lost: string,
  ready: readonly string[],
): Map<string, number> {
  const { spec, placement } = workload;
  const moving = placement.get(lost) ?? 0;
  if (spec.scheduling === 'Duplicated' || moving === 0) return new Map();
  const current = [...placement.keys()]
    .filter((cluster) => cluster !== lost && ready.includes(cluster))
    .sort();
  const targets = current.length > 0 ? current : ready.slice(0, 1);
  if (targets.length === 0) return new Map();
  return place({ ...spec, replicas: moving }, targets);
}

/** As the scheduler's event writes a result: `{prod-ap-1:2, prod-eu-1:1}`. */
export function placementText(placement: ReadonlyMap<string, number>): string {
  const parts = [...placement]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([cluster, replicas]) => `${cluster}:${replicas}`);
  return `{${parts.join(', ')}}`;
}
