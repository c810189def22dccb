import type { MetricSet } from '../metric-set.ts';

/** What a status sync reads from a member. */
export interface ClusterSummary {
  ready: boolean;
  nodes: number;
  readyNodes: number;
  cpuAllocatable: number;
  cpuAllocated: number;
  memoryAllocatableBytes: number;
  memoryAllocatedBytes: number;
  podsAllocatable: number;
  podsAllocated: number;
}

/**
 * The `cluster_*` gauges: on karmada-controller-manager's page for a push member, on its agent's for a pull
 * member. When a push member dies only `cluster_ready_state` moves; the others keep their last values.
 */
export function writeClusterGauges(metrics: MetricSet, cluster: string, summary: ClusterSummary): void {
  const set = (name: string, value: number) => metrics.gauge(name, { member_cluster: cluster }).set(value);
  set('cluster_ready_state', Number(summary.ready));
  set('cluster_node_number', summary.nodes);
  set('cluster_ready_node_number', summary.readyNodes);
  set('cluster_cpu_allocatable_number', summary.cpuAllocatable);
  set('cluster_cpu_allocated_number', summary.cpuAllocated);
  set('cluster_memory_allocatable_bytes', summary.memoryAllocatableBytes);
  set('cluster_memory_allocated_bytes', summary.memoryAllocatedBytes);
  set('cluster_pod_allocatable_number', summary.podsAllocatable);
  set('cluster_pod_allocated_number', summary.podsAllocated);
}

/** One status sync; of a member that refuses connections it is over at once, and it is counted all the same. */
export function observeStatusSync(metrics: MetricSet, cluster: string, seconds: number): void {
  metrics.histogram('cluster_sync_status_duration_seconds', { member_cluster: cluster }).observe(seconds);
}
