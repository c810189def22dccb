/**
 * What the Fleet page shows, as plain data: the hub computes it, the server renders it, and the same JSON keeps
 * the open page live. Times are milliseconds since 1970, ages are left to the reader's clock. A value that is not
 * known is absent, never zero.
 */
export interface FleetView {
  readonly federation: string;
  /** When the hub computed this. */
  readonly timeMs: number;
  /** The simulated federation: the page offers its scenarios. */
  readonly demo: boolean;
  /** In alphabetical order; a region keeps its place whatever happens in it. */
  readonly regions: readonly RegionView[];
  /** In the order of regions, then by name. */
  readonly clusters: readonly ClusterView[];
  /** The most pressing first. */
  readonly alerts: readonly AlertView[];
  /** The newest first. */
  readonly events: readonly EventView[];
  readonly objectives: readonly ObjectiveView[];
}

/**
 * `silent`: we cannot see it, which says nothing about the cluster itself. `unknown`: what we are told is too
 * little or too old to judge.
 */
export type ClusterHealth = 'healthy' | 'degraded' | 'nodes down' | 'down' | 'silent' | 'unknown';

export interface RegionView {
  /** Empty for clusters whose region nobody knows. */
  readonly name: string;
  readonly state: ClusterHealth;
  /** Members Karmada calls Ready, and all members: a region may hold the host alone. */
  readonly ready: number;
  readonly members: number;
  readonly sinceMs?: number | undefined;
}

export interface ClusterView {
  readonly name: string;
  readonly region: string;
  readonly provider: string;
  /** `host` runs the control plane; a `sender` pushes, but no registry lists it. */
  readonly role: 'member' | 'host' | 'sender';
  readonly syncMode?: 'Push' | 'Pull' | undefined;
  readonly kubernetesVersion?: string | undefined;
  readonly state: ClusterHealth;
  /** The state in the words of its cause: `Nodes down`, `Not ready`, `Scrape failing`. */
  readonly word: string;
  readonly sinceMs?: number | undefined;
  /** One line: what the evidence says together. */
  readonly summary: string;
  readonly signals: readonly SignalView[];
  /** Karmada's condition Ready, where Karmada's word is fresh enough to count. */
  readonly ready?: boolean | undefined;
  /** When the hub last received samples of it. */
  readonly lastReceivedMs?: number | undefined;
  readonly nodes?: { readonly ready: number; readonly total: number } | undefined;
  readonly resources?: ResourcesView | undefined;
  /** False: nodes and resources are the last values before the cluster was lost, and count for nothing. */
  readonly verified: boolean;
}

export interface ResourcesView {
  readonly cpuCores: Usage;
  readonly memoryBytes: Usage;
  readonly pods: Usage;
}

export interface Usage {
  readonly allocated: number;
  readonly allocatable: number;
}

export type Level = 'ok' | 'warn' | 'down' | 'blind' | 'stale' | 'none';

/** One independent witness of a cluster's state. */
export interface SignalView {
  readonly name: string;
  readonly level: Level;
  readonly text: string;
  /** When it was last heard while it is well, since when it says so otherwise. */
  readonly atMs?: number | undefined;
}

export interface AlertView {
  readonly name: string;
  readonly state: 'firing' | 'pending';
  readonly severity: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary?: string | undefined;
  readonly sinceMs: number;
  /** Path of the runbook page, or an address of one elsewhere. */
  readonly runbook?: string | undefined;
}

export interface EventView {
  readonly timeMs: number;
  readonly cluster: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** One objective at one level: the same objective is measured per cluster, per region and for the federation. */
export interface ObjectiveView {
  readonly name: string;
  readonly displayName: string;
  /** 0.999 for 99.9 %. */
  readonly target: number;
  /** The period the budget is for. */
  readonly windowMs: number;
  readonly level: 'cluster' | 'region' | 'federation';
  readonly labels: Readonly<Record<string, string>>;
  /** 1 untouched, 0 spent, negative overspent; absent where nothing was measured. */
  readonly budgetRemaining?: number | undefined;
  /** Shortest window first; a rate of 1 spends exactly the budget over the period. */
  readonly burnRates: readonly { readonly windowMs: number; readonly rate?: number | undefined }[];
  /** Share of the period for which there are measurements. */
  readonly coverage: number;
  readonly state: 'ok' | 'ticket' | 'page' | 'no data';
}
