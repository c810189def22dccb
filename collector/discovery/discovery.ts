import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { OnGroups } from '../target-group.ts';
import type { DiscoveryConfig } from './config.ts';

export interface DiscoveryOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onGroups: OnGroups;
}

/** Finds the targets of a job and tells of changes until it is stopped. */
export async function startDiscovery(
  config: DiscoveryConfig,
  options: DiscoveryOptions,
): Promise<() => Promise<void>> {
  const stops: (() => void | Promise<void>)[] = [];
  options.onGroups(
    config.static.map(({ targets, labels }, i) => ({
      source: `static/${i}`,
      targets: targets.map((address) => ({ __address__: address })),
      labels,
    })),
  );
  if (config.files.length > 0) {
    const { startFileDiscovery } = await import('./files.ts');
    for (const files of config.files) stops.push(startFileDiscovery(files, options));
  }
  if (config.kubernetes.length > 0) {
    // The client is large: it is loaded only where it is used.
    const { startKubernetesDiscovery } = await import('./kubernetes.ts');
    for (const [i, kubernetes] of config.kubernetes.entries())
      stops.push(startKubernetesDiscovery(kubernetes, { ...options, prefix: `kubernetes/${i}` }));
  }
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}
