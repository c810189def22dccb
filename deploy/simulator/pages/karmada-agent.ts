import { MetricSet } from '../metric-set.ts';
import type { Random } from '../random.ts';
import { type ClusterSummary, observeStatusSync, writeClusterGauges } from './cluster-gauges.ts';
import { ControllerRuntime, parseQueues, writeBuildInfo } from './controller-runtime.ts';
import { writeProcess } from './process.ts';

const QUEUES = parseQueues(`
  0.1   0.08  5 0    cluster-status-controller
  0.1   0.002 - 0    endpointslice-collect
  0.2   0.002 5 0    endpointslice-collect-controller
  0.3   0.01  5 0    execution-controller
  0.1   0.002 - 0    service-export
  0.2   0.002 5 0    service-export-controller
  0.4   0.01  - 0    work-status
  0.5   0.002 5 0    work-status-controller
`);

/** karmada-agent of a pull member: the only page that knows this member's `cluster_*` gauges. */
export class AgentPage {
  readonly #metrics = new MetricSet();
  readonly #runtime: ControllerRuntime;
  readonly #random: Random;
  readonly #cluster: string;
  readonly #startedMs: number;

  constructor(cluster: string, random: Random, startedMs: number) {
    this.#cluster = cluster;
    this.#random = random;
    this.#startedMs = startedMs;
    this.#runtime = new ControllerRuntime(this.#metrics, QUEUES);
    writeBuildInfo(this.#metrics);
    this.#metrics.gauge('leader_election_master_status', { name: `karmada-agent-${cluster}` }).set(1);
  }

  tick(seconds: number, hosts: { karmada: string; member: string }): void {
    const factor = this.#random.between(0.7, 1.3);
    this.#runtime.tick(seconds, factor);
    for (const host of [hosts.karmada, hosts.member]) {
      for (const method of ['GET', 'PUT']) {
        this.#metrics
          .counter('rest_client_requests_total', { code: '200', host, method })
          .add(Math.round(seconds * factor));
      }
    }
  }

  statusSynced(summary: ClusterSummary, seconds: number): void {
    observeStatusSync(this.#metrics, this.#cluster, seconds);
    writeClusterGauges(this.#metrics, this.#cluster, summary);
  }

  workloadSynced(): void {
    this.#metrics
      .histogram('work_sync_workload_duration_seconds', { result: 'success' })
      .observeMany(1, 0.008, 0.9);
    this.#runtime.reconciled('execution-controller', { count: 1 });
  }

  render(nowMs: number): string {
    writeProcess(
      this.#metrics,
      { startedMs: this.#startedMs, cpuShare: 0.02, residentBytes: 78e6, goroutines: 420 },
      nowMs,
    );
    return this.#metrics.render();
  }
}
