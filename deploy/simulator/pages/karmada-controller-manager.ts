import { MetricSet } from '../metric-set.ts';
import type { Random } from '../random.ts';
import { type ClusterSummary, observeStatusSync, writeClusterGauges } from './cluster-gauges.ts';
import { ControllerRuntime, parseQueues, type Reconciled, writeBuildInfo } from './controller-runtime.ts';
import { writeProcess } from './process.ts';

/** Workers as recorded; rates those of the quiet federation. */
const QUEUES = parseQueues(`
  0     0.001 1 0    agent-csr-approving-controller
  0.2   0.03  5 0    binding-controller
  0     0.01  - -    binding-eviction
  0     0.01  - -    cluster-binding-eviction
  0.1   0.004 5 0    cluster-controller
  0     0.01  5 0    cluster-resource-binding-application-failover-controller
  0.01  0.02  5 0    cluster-resource-binding-controller
  0     0.01  5 0    cluster-resource-binding-graceful-eviction-controller
  0.02  0.01  5 0    cluster-resource-binding-status-controller
  0.5   0.08  5 0    cluster-status-controller
  0.1   0.002 5 0    cluster-taint-policy-controller
  0     0.001 - 0    clusterPropagationPolicy reconciler
  0.02  0.01  1 0    cronfederatedhpa-controller
  0.2   0.001 - 0    dependencies resource detector
  0.1   0.02  5 0    dependencies-distributor
  0     0.001 1 0    deployment-replicas-syncer
  0.1   0.002 - 0    endpointslice-collect
  0.4   0.002 5 0    endpointslice-collect-controller
  0.1   0.002 5 0    endpointslice-controller
  0.1   0.002 5 0    endpointslice-dispatch-controller
  0.6   0.025 5 0    execution-controller
  0.2   0.01  1 0    federated-resource-quota-status-controller
  0     0.01  1 0    federated-resource-quota-sync-controller
  0.07  0.4   1 0    federatedHPA-controller
  0     0.01  1 0    federatedresourcequota
  0     0.001 1 0    hpa-scale-target-marker
  0.05  0.01  1 0    multiclusterservice-controller
  0.1   0.001 1 0    namespace-sync-controller
  0.02  0.001 - 0    propagationPolicy reconciler
  0.02  0.001 1 0    remedy-controller
  1.2   0.002 - 0    resource detector
  0.1   0.001 5 0    resource-binding-application-failover-controller
  0     0.01  5 0    resource-binding-graceful-eviction-controller
  0.8   0.012 5 0    resource-binding-status-controller
  0     0.001 - 0    scale target worker
  0.1   0.002 - 0    service-export
  0.4   0.002 5 0    service-export-controller
  0.01  0.002 1 0    service-import-controller
  0.1   0.001 5 0    taint-manager
  0.01  0.02  5 0    unified-auth-controller
  1     0.015 - 0    work-status
  1.6   0.002 5 0    work-status-controller
  0     0.01  1 0    workload-rebalancer
`);

const SPREAD = 0.9;

/** karmada-controller-manager, the leader: what its controllers did. */
export class ControllerManagerPage {
  readonly #metrics = new MetricSet();
  readonly #runtime: ControllerRuntime;
  readonly #random: Random;
  readonly #startedMs: number;

  constructor(random: Random, startedMs: number) {
    this.#random = random;
    this.#startedMs = startedMs;
    this.#runtime = new ControllerRuntime(this.#metrics, QUEUES);
    writeBuildInfo(this.#metrics);
    this.#metrics.gauge('leader_election_master_status', { name: 'karmada-controller-manager' }).set(1);
    this.#metrics.counter('policy_apply_attempts_total', { result: 'success' });
    this.#metrics.counter('policy_apply_attempts_total', { result: 'error' });
  }

  /** Quiet work of the last `seconds`; its requests go to Karmada's API server. */
  tick(seconds: number, karmadaHost: string): void {
    const factor = this.#random.between(0.7, 1.3);
    this.#runtime.tick(seconds, factor);
    this.clientRequests(karmadaHost, 'GET', '200', Math.round(4 * seconds * factor));
    this.clientRequests(karmadaHost, 'PUT', '200', Math.round(6 * seconds * factor));
    this.clientRequests(karmadaHost, 'PATCH', '200', Math.round(3 * seconds * factor));
  }

  statusSynced(cluster: string, summary: ClusterSummary, seconds: number): void {
    observeStatusSync(this.#metrics, cluster, seconds);
    writeClusterGauges(this.#metrics, cluster, summary);
  }

  clientRequests(host: string, method: string, code: string, count: number): void {
    if (count > 0) this.#metrics.counter('rest_client_requests_total', { code, host, method }).add(count);
  }

  reconciled(controller: string, work: Reconciled): void {
    this.#runtime.reconciled(controller, work);
  }

  /** A policy was found for a template and its binding written. */
  policyApplied(): void {
    this.#metrics.histogram('resource_match_policy_duration_seconds').observeMany(1, 0.00004, SPREAD);
    this.#metrics
      .histogram('resource_apply_policy_duration_seconds', { result: 'success' })
      .observeMany(1, 0.012, SPREAD);
    this.#metrics.counter('policy_apply_attempts_total', { result: 'success' }).add();
    this.#runtime.reconciled('resource detector', { count: 1, medianS: 0.012 });
  }

  /** A binding became Works in its clusters. */
  worksSynced(): void {
    this.#metrics
      .histogram('binding_sync_work_duration_seconds', { result: 'success' })
      .observeMany(1, 0.03, SPREAD);
    this.#runtime.reconciled('binding-controller', { count: 1 });
  }

  /** A Deployment was written to (or deleted from) a push member; an agent does it for a pull member. */
  workloadSynced(cluster: string, operation: 'create' | 'update' | 'delete'): void {
    const of = { apiversion: 'apps/v1', kind: 'Deployment', member_cluster: cluster };
    this.#metrics
      .histogram('work_sync_workload_duration_seconds', { result: 'success' })
      .observeMany(1, 0.03, SPREAD);
    this.#runtime.reconciled('execution-controller', { count: 1 });
    const result = 'success';
    if (operation === 'create') {
      this.#metrics.counter('create_resource_to_cluster', { ...of, recreate: 'false', result }).add();
    } else if (operation === 'update') {
      this.#metrics
        .counter('update_resource_to_cluster', { ...of, operationResult: 'updated', result })
        .add();
    } else {
      this.#metrics.counter('delete_resource_from_cluster', { ...of, result }).add();
    }
  }

  /** One binding got its eviction task; the families exist from the first eviction on. */
  evicted(cluster: string, queued: number): void {
    const name = 'binding-eviction';
    this.#metrics.counter('eviction_processing_total', { name, result: 'success' }).add();
    this.#metrics.histogram('eviction_processing_latency_seconds', { name }).observeMany(1, 0.01, SPREAD);
    this.#runtime.reconciled(name, { count: 1 });
    this.#runtime.reconciled('resource-binding-graceful-eviction-controller', { count: 1 });
    // Counts up with each queueing and never quite down again: the gauge leaks, as recorded.
    this.#metrics
      .gauge('eviction_kind_total', { member_cluster: cluster, resource_kind: 'ResourceBinding' })
      .add(1);
    this.setEvictionQueue(queued);
  }

  setEvictionQueue(depth: number): void {
    this.#metrics.gauge('eviction_queue_depth', { name: 'binding-eviction' }).set(depth);
    this.#metrics.gauge('eviction_queue_depth', { name: 'cluster-binding-eviction' }).set(0);
    this.#runtime.setDepth('binding-eviction', depth);
  }

  render(nowMs: number): string {
    writeProcess(
      this.#metrics,
      { startedMs: this.#startedMs, cpuShare: 0.05, residentBytes: 134e6, goroutines: 1_150 },
      nowMs,
    );
    return this.#metrics.render();
  }
}
