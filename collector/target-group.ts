/** Targets that came from one place and change together: a file, a pod, an entry of the config. */
export interface TargetGroup {
  /** Names the place. A later group of the same source replaces the earlier one; without targets, removes it. */
  readonly source: string;
  /** Discovered labels of each target: `__address__`, `__meta_*`. */
  readonly targets: readonly Readonly<Record<string, string>>[];
  /** Labels of all of them; a target's own win. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Takes groups that are new or have changed. */
export type OnGroups = (groups: readonly TargetGroup[]) => void;
