/**
 * Every expression the dashboards ask, in one place, so that a test can parse and answer them all. Each selector
 * is held to the chosen federation, region and cluster; what a panel draws keeps `cluster` unless it is a sum over
 * the selection. Ratios divide by `(x > 0)`: an idle source has no ratio, neither 0 nor 100 %.
 */
const SELECTED = 'federation="$federation",region=~"$region",cluster=~"$cluster"';

/** Alerts and objectives of a whole region or federation have no cluster: they stay visible in any selection. */
const SELECTED_OR_WIDER = 'federation="$federation",region=~"$region|",cluster=~"$cluster|"';

/** Five pushes of 15 s missed: from then on a cluster counts as silent, as on the console. */
export const SILENT_AFTER_SECONDS = 75;

const EXPECTED = `karmascope_aggregator_cluster_expected{${SELECTED}}`;
const LAST_RECEIVED = `karmascope_aggregator_cluster_last_received_timestamp_seconds{${SELECTED}}`;
const READY = `karmada_cluster_status_condition{condition="Ready",status="true",${SELECTED}}`;

/**
 * A dead member's node and resource numbers stay at their last values for the whole outage, so they count only
 * while Karmada says the cluster is Ready.
 */
const whileReady = (expression: string) =>
  `${expression} and on (federation, cluster) max by (federation, cluster) (${READY}) == 1`;

/** Zero, but only while the hub says which clusters it expects: nothing known is not nothing wrong. */
const orZero = (count: string) => `${count} or 0 * count(${EXPECTED})`;

const firing = (severity: string) =>
  orZero(`count(ALERTS{alertstate="firing",severity="${severity}",${SELECTED_OR_WIDER}})`);

const committed = (resource: string) =>
  whileReady(
    `max by (federation, cluster) (karmada_cluster_allocated{resource="${resource}",${SELECTED}})` +
      ` / (max by (federation, cluster) (karmada_cluster_allocatable{resource="${resource}",${SELECTED}}) > 0)`,
  );

const room = (resource: string) =>
  `sum by (federation, region) (${whileReady(
    `max by (federation, region, cluster) (karmada_cluster_allocatable{resource="${resource}",${SELECTED}})` +
      ` - max by (federation, region, cluster) (karmada_cluster_allocated{resource="${resource}",${SELECTED}})`,
  )})`;

/** The share of a counter's rate that matches more. A counter of errors that never rose does not exist: that is 0. */
const share = (metric: string, matcher: string) => {
  const rates = (matchers: string) =>
    `sum by (federation, cluster) (rate(${metric}{${matchers}}[$__rate_interval]))`;
  const all = rates(SELECTED);
  return `(${rates(`${matcher},${SELECTED}`)} or 0 * ${all}) / (${all} > 0)`;
};

const apiErrors = share('apiserver_request_total', 'code=~"5.."');

export const fleetQueries = {
  clusters: `count(${EXPECTED})`,
  notReady: `sum(${READY} == bool 0)`,
  silent: orZero(
    `count(${EXPECTED} unless on (federation, cluster) (time() - ${LAST_RECEIVED} < ${SILENT_AFTER_SECONDS}))`,
  ),
  criticalAlerts: firing('critical'),
  warningAlerts: firing('warning'),
  worstBudget: `min(slo:error_budget_remaining:ratio{${SELECTED_OR_WIDER}})`,
  targetsDown: `sum(up{${SELECTED}} == bool 0)`,
  nodesNotReady: `sum(${whileReady(
    `(max by (federation, cluster) (karmada_cluster_nodes{${SELECTED}})` +
      ` - max by (federation, cluster) (karmada_cluster_ready_nodes{${SELECTED}}))`,
  )})`,

  readiness: `max by (federation, region, cluster) (${READY})`,
  regionReady: `avg by (federation, region) (max by (federation, region, cluster) (${READY}))`,

  tableReady: `max by (federation, region, provider, cluster) (${READY})`,
  tableAlerts: `count by (federation, cluster) (ALERTS{alertstate="firing",${SELECTED}})`,
  tableDataAge: `time() - max by (federation, cluster) (${LAST_RECEIVED})`,
  tableNodes: whileReady(
    `max by (federation, cluster) (karmada_cluster_ready_nodes{${SELECTED}})` +
      ` / (max by (federation, cluster) (karmada_cluster_nodes{${SELECTED}}) > 0)`,
  ),
  tableCpu: committed('cpu'),
  tableMemory: committed('memory'),
  tablePods: committed('pods'),
  tableApiErrors: apiErrors,

  budgetLeft: `slo:error_budget_remaining:ratio{${SELECTED_OR_WIDER}}`,
  burnRate: `slo:burn_rate:ratio{window="1h",${SELECTED_OR_WIDER}}`,
  apiErrors,
  apiDuration:
    'histogram_quantile(0.99, sum by (federation, cluster, le) ' +
    `(rate(apiserver_request_duration_seconds_bucket{verb!~"WATCH|CONNECT",${SELECTED}}[$__rate_interval])))`,

  firingAlerts: `count by (federation, region, cluster, alertname) (ALERTS{alertstate="firing",${SELECTED_OR_WIDER}})`,
  warningEvents:
    'topk(10, sum by (federation, cluster, reason) ' +
    `(increase(kube_events_total{type="Warning",${SELECTED}}[$__rate_interval])) > 0)`,

  cpuRoom: room('cpu'),
  memoryRoom: room('memory'),
  schedulingAttempts: `sum by (federation, cluster, result) (rate(karmada_scheduler_schedule_attempts_total{${SELECTED}}[$__rate_interval]))`,
  evictionQueue: `sum by (federation, cluster, name) (eviction_queue_depth{${SELECTED}})`,
  workErrors: share('work_sync_workload_duration_seconds_count', 'result="error"'),
  taints: `max by (federation, cluster, key, effect) (karmada_cluster_taint{${SELECTED}})`,

  dataAge: `time() - max by (federation, cluster) (${LAST_RECEIVED})`,
  queueFill:
    `max by (federation, cluster) (karmascope_collector_push_queue_samples{${SELECTED}})` +
    ` / (max by (federation, cluster) (karmascope_collector_push_queue_capacity_samples{${SELECTED}}) > 0)`,
  pushedSamples: `sum by (federation, cluster, outcome) (rate(karmascope_collector_push_samples_total{${SELECTED}}[$__rate_interval]))`,
  downTargets: `count by (federation, cluster, job) (up{${SELECTED}} == 0)`,
} as const;

/** Moments to mark on every graph: a member or a whole region went away. */
export const annotationQueries = {
  clusterLost: `max by (federation, region, cluster, alertname) (ALERTS{alertstate="firing",alertname=~"KarmadaClusterNotReady|KarmadaRegionDown",${SELECTED_OR_WIDER}})`,
  clusterSilent: `max by (federation, region, cluster, alertname) (ALERTS{alertstate="firing",alertname="KarmadaClusterSilent",${SELECTED_OR_WIDER}})`,
} as const;

/** Variable queries of Grafana: `label_values(selector, label)`. */
export const variableQueries = {
  federation: 'label_values(karmascope_aggregator_cluster_expected, federation)',
  region: 'label_values(karmascope_aggregator_cluster_expected{federation="$federation"}, region)',
  cluster:
    'label_values(karmascope_aggregator_cluster_expected{federation="$federation",region=~"$region"}, cluster)',
} as const;

/** The expression as Grafana sends it with every region and cluster selected. */
export function expandVariables(expression: string, federation: string): string {
  return expression
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$federation', federation)
    .replaceAll('$region', '.*')
    .replaceAll('$cluster', '.*');
}
