import type { Clock } from '../../runtime/clock.ts';
import type { WatchState } from '../../runtime/kubernetes.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { DiscoveryConfig } from './config.ts';

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

export interface DiscoveryOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onGroups: OnGroups;
}

export interface Discovery {
  /** How the watches of API servers are doing. */
  watches(): { readonly name: string; readonly state: WatchState }[];
  stop(): Promise<void>;
}

/** Finds the targets of a job and tells of changes until it is stopped. */
export async function startDiscovery(config: DiscoveryConfig, options: DiscoveryOptions): Promise<Discovery> {
  const parts: Discovery[] = [];
  options.onGroups(
    config.static.map(({ targets, labels }, i) => ({
      source: `static/${i}`,
      targets: targets.map((address) => ({ __address__: address })),
      labels,
    })),
  );
  if (config.files.length > 0) {
    const { startFileDiscovery } = await import('./files.ts');
    for (const files of config.files) parts.push(startFileDiscovery(files, options));
  }
  if (config.kubernetes.length > 0) {
    const { startKubernetesDiscovery } = await import('./kubernetes.ts');
    for (const [i, kubernetes] of config.kubernetes.entries())
      parts.push(startKubernetesDiscovery(kubernetes, { ...options, prefix: `kubernetes/${i}` }));
  }
  return {
    watches: () => parts.flatMap((part) => part.watches()),
    stop: async () => {
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}
