import { Gauge, type Registry } from 'prom-client';
import { clusterCondition } from './condition.ts';
import type { ClusterRegistry } from './registry.ts';

/**
 * Whom the hub expects and when it last heard each: what rules about silence compare. They are the hub's own
 * words, so that they go on when a cluster's collector does not.
 */
export function registerClusterMetrics(
  registry: ClusterRegistry,
  metrics: Registry,
  now: () => number,
): void {
  const expected: Gauge<'cluster'> = new Gauge({
    name: 'karmascope_aggregator_cluster_expected',
    help: '1 for each cluster whose silence means trouble: registered members and the host.',
    labelNames: ['cluster'],
    registers: [metrics],
    collect: () => {
      expected.reset();
      for (const entry of registry.clusters()) if (entry.expected) expected.set({ cluster: entry.name }, 1);
    },
  });
  const received: Gauge<'cluster'> = new Gauge({
    name: 'karmascope_aggregator_cluster_last_received_timestamp_seconds',
    help: "When the hub last received samples of a cluster, by the hub's clock.",
    labelNames: ['cluster'],
    registers: [metrics],
    collect: () => {
      received.reset();
      for (const { name, lastSampleReceivedMs } of registry.clusters())
        if (lastSampleReceivedMs !== undefined) received.set({ cluster: name }, lastSampleReceivedMs / 1_000);
    },
  });
  const conditions: Gauge<'condition'> = new Gauge({
    name: 'karmascope_aggregator_clusters',
    help: 'Clusters by the condition the hub sees them in.',
    labelNames: ['condition'],
    registers: [metrics],
    collect: () => {
      conditions.reset();
      for (const condition of ['healthy', 'not ready', 'nodes down', 'silent', 'unknown'])
        conditions.set({ condition }, 0);
      for (const entry of registry.clusters())
        conditions.inc({ condition: clusterCondition(entry, now()).state });
    },
  });
}
