import type { ClusterView, FleetView } from './fleet-view.ts';

/** What happens when one region is lost and all it runs moves to the others. */
export interface RegionLoss {
  readonly region: string;
  readonly fits: 'fits' | 'tight' | 'no room';
  /** The resource that fills up first; the numbers are of it. */
  readonly resource: 'CPU' | 'memory' | 'pods';
  readonly mustMove: number;
  readonly freeElsewhere: number;
  /** Share of the other regions' capacity taken afterwards. */
  readonly fullAfter: number;
}

/** Fuller than this after a loss, scheduling has no choice left: Karmada's guide begins to warn here. */
const TIGHT_ABOVE = 0.85;

const RESOURCES = [
  ['CPU', 'cpuCores'],
  ['memory', 'memoryBytes'],
  ['pods', 'pods'],
] as const;

/**
 * For each region that runs something, the worst first. Only clusters whose numbers are current count, as load
 * and as capacity: a dead cluster offers nothing. Empty with fewer than two such regions.
 */
export function regionLosses(view: FleetView): RegionLoss[] {
  const alive = view.clusters.filter((cluster) => cluster.verified && cluster.ready && cluster.resources);
  const regions = [...new Set(alive.map((cluster) => cluster.region))];
  if (regions.length < 2) return [];
  return regions.map((region) => loss(region, alive)).sort((a, b) => b.fullAfter - a.fullAfter);
}

function loss(region: string, alive: readonly ClusterView[]): RegionLoss {
  let scarcest: Omit<RegionLoss, 'region' | 'fits'> | undefined;
  for (const [resource, key] of RESOURCES) {
    let mustMove = 0;
    let usedElsewhere = 0;
    let capacityElsewhere = 0;
    for (const cluster of alive) {
      const { allocated, allocatable } = cluster.resources![key];
      if (cluster.region === region) mustMove += allocated;
      else {
        usedElsewhere += allocated;
        capacityElsewhere += allocatable;
      }
    }
    const fullAfter = capacityElsewhere > 0 ? (usedElsewhere + mustMove) / capacityElsewhere : 1;
    if (scarcest && fullAfter <= scarcest.fullAfter) continue;
    scarcest = { resource, mustMove, freeElsewhere: capacityElsewhere - usedElsewhere, fullAfter };
  }
  const { fullAfter } = scarcest!;
  return {
    region,
    ...scarcest!,
    fits: fullAfter > 1 ? 'no room' : fullAfter > TIGHT_ABOVE ? 'tight' : 'fits',
  };
}
