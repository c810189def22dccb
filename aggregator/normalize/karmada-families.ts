/**
 * Karmada's metric families that say something about a member cluster, and the label that named the member
 * before Karmada 1.16 brought `member_cluster` (1.16 and 1.17 send both, 1.18 dropped the older ones).
 * Taken from pkg/metrics of Karmada 1.15 to 1.19; `histogram` families come as _bucket, _sum and _count.
 */
const KARMADA_FAMILIES: readonly {
  readonly family: string;
  readonly olderLabel?: 'cluster_name' | 'cluster';
  readonly histogram?: true;
}[] = [
  { family: 'cluster_ready_state', olderLabel: 'cluster_name' },
  { family: 'cluster_node_number', olderLabel: 'cluster_name' },
  { family: 'cluster_ready_node_number', olderLabel: 'cluster_name' },
  { family: 'cluster_memory_allocatable_bytes', olderLabel: 'cluster_name' },
  { family: 'cluster_cpu_allocatable_number', olderLabel: 'cluster_name' },
  { family: 'cluster_pod_allocatable_number', olderLabel: 'cluster_name' },
  { family: 'cluster_memory_allocated_bytes', olderLabel: 'cluster_name' },
  { family: 'cluster_cpu_allocated_number', olderLabel: 'cluster_name' },
  { family: 'cluster_pod_allocated_number', olderLabel: 'cluster_name' },
  { family: 'cluster_sync_status_duration_seconds', olderLabel: 'cluster_name', histogram: true },
  { family: 'eviction_kind_total', olderLabel: 'cluster_name' },
  { family: 'create_resource_to_cluster', olderLabel: 'cluster' },
  { family: 'update_resource_to_cluster', olderLabel: 'cluster' },
  { family: 'delete_resource_from_cluster', olderLabel: 'cluster' },
  // An estimator serves one member; its pod says which, and the scrape config carries that over.
  { family: 'karmada_scheduler_estimator_estimating_request_total' },
  { family: 'karmada_scheduler_estimator_estimating_algorithm_duration_seconds', histogram: true },
  {
    family: 'karmada_scheduler_estimator_estimating_plugin_extension_point_duration_seconds',
    histogram: true,
  },
  { family: 'karmada_scheduler_estimator_estimating_plugin_execution_duration_seconds', histogram: true },
];

/** What the host's collector makes of Karmada's Cluster objects. Members cannot write these. */
export const KARMADA_OBJECT_SERIES: readonly string[] = [
  'karmada_cluster_info',
  'karmada_cluster_status_condition',
  'karmada_cluster_nodes',
  'karmada_cluster_ready_nodes',
  'karmada_cluster_allocatable',
  'karmada_cluster_allocated',
  'karmada_cluster_taint',
];

/** The labels that may name the member of a series, best first; undefined: it is about no member. */
export function memberLabelsOf(metricName: string): readonly string[] | undefined {
  return MEMBER_LABELS.get(metricName);
}

const MEMBER_LABELS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...KARMADA_FAMILIES.flatMap(({ family, olderLabel, histogram }) => {
    const labels = olderLabel === undefined ? ['member_cluster'] : ['member_cluster', olderLabel];
    const names = histogram ? [`${family}_bucket`, `${family}_sum`, `${family}_count`] : [family];
    return names.map((name) => [name, labels] as const);
  }),
  ...KARMADA_OBJECT_SERIES.map((name) => [name, ['member_cluster']] as const),
]);
