import type { ClusterState } from '../../model/cluster.ts';

/** Where a cluster is; empty strings where nobody knows. */
export interface Place {
  readonly region: string;
  readonly provider: string;
}

/** What the hub knows of one cluster. */
export interface ClusterEntry {
  readonly name: string;
  /** `host` runs the control plane, `member` is registered in it, `sender` is known by its identity only. */
  readonly role: 'host' | 'member' | 'sender';
  /** Whether silence of this cluster means trouble. */
  readonly expected: boolean;
  readonly place: Place;
  /** As Karmada last described it; undefined for the host and for mere senders. */
  readonly state: ClusterState | undefined;
  readonly stateReceivedMs: number | undefined;
  /** The name came back with another id: another cluster goes by it now. */
  readonly replaced: { readonly previousId: string; readonly atMs: number } | undefined;
  /** By the hub's clock. */
  readonly lastSampleReceivedMs: number | undefined;
  /** The newest timestamp among its samples: far behind while a queue drains. */
  readonly newestSampleMs: number | undefined;
  readonly lastEventReceivedMs: number | undefined;
  /** Silence counts from here when nothing came since: the hub's start, or when the cluster became known. */
  readonly awaitedSinceMs: number;
}

export interface DepartedCluster {
  readonly name: string;
  readonly id: string;
  readonly leftMs: number;
}

/** How long the hub has heard no sample of a cluster. */
export function silenceMs(entry: ClusterEntry, nowMs: number): number {
  return nowMs - Math.max(entry.awaitedSinceMs, entry.lastSampleReceivedMs ?? 0);
}
