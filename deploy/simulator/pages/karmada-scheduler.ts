import { MetricSet } from '../metric-set.ts';
import type { Random } from '../random.ts';
import { ControllerRuntime, parseQueues, writeBuildInfo } from './controller-runtime.ts';
import { writeProcess } from './process.ts';

const QUEUES = parseQueues(`
  0.02  0.0005 - -   ClusterReconcileWorker
  0.02  0.0005 - -   scheduler-estimator
`);

const FILTERS = [
  'APIEnablement',
  'ClusterAffinity',
  'ClusterEviction',
  'SpreadConstraint',
  'TaintToleration',
];
const STEPS = ['Filter', 'Score', 'Select', 'AssignReplicas'];
const SPREAD = 0.8;

/** Why a binding came into the queue, as the metric has it. */
export type SchedulingCause = 'BindingAdd' | 'BindingUpdate' | 'ClusterChanged';

/** karmada-scheduler, the leader. */
export class SchedulerPage {
  readonly #metrics = new MetricSet();
  readonly #runtime: ControllerRuntime;
  readonly #random: Random;
  readonly #startedMs: number;

  constructor(random: Random, startedMs: number) {
    this.#random = random;
    this.#startedMs = startedMs;
    this.#runtime = new ControllerRuntime(this.#metrics, QUEUES);
    writeBuildInfo(this.#metrics);
    this.#metrics.gauge('leader_election_master_status', { name: '' }).set(1);
  }

  tick(seconds: number, karmadaHost: string): void {
    const factor = this.#random.between(0.7, 1.3);
    this.#runtime.tick(seconds, factor);
    for (const [method, code, perSecond] of [
      ['GET', '200', 1],
      ['PUT', '200', 1],
      ['PATCH', '200', 0.5],
    ] as const) {
      this.#metrics
        .counter('rest_client_requests_total', { code, host: karmadaHost, method })
        .add(Math.round(perSecond * seconds * factor));
    }
  }

  /** A binding was scheduled; `filteredOut` clusters did not fit, which is not an error. */
  scheduled(cause: SchedulingCause, filteredOut: number): void {
    const type = cause === 'BindingUpdate' ? 'ScaleSchedule' : 'ReconcileSchedule';
    const of = { result: 'scheduled', schedule_type: type };
    this.#metrics.counter('karmada_scheduler_queue_incoming_bindings_total', { event: cause }).add();
    this.#metrics.counter('karmada_scheduler_schedule_attempts_total', of).add();
    this.#metrics
      .histogram('karmada_scheduler_e2e_scheduling_duration_seconds', of)
      .observeMany(1, 0.012, SPREAD);
    for (const schedule_step of STEPS) {
      this.#metrics
        .histogram('karmada_scheduler_scheduling_algorithm_duration_seconds', { schedule_step })
        .observeMany(1, 0.0008, SPREAD);
    }
    this.#observePlugins('Filter', FILTERS, 'Success', 1);
    this.#observePlugins('Score', ['ClusterLocality'], 'Success', 1);
    this.#observePlugins('ScoreExtensionNormalize', ['ClusterLocality'], 'Success', 1);
    if (filteredOut > 0) this.#observePlugins('Filter', ['TaintToleration'], 'Unschedulable', filteredOut);
  }

  render(nowMs: number): string {
    writeProcess(
      this.#metrics,
      { startedMs: this.#startedMs, cpuShare: 0.015, residentBytes: 84e6, goroutines: 310 },
      nowMs,
    );
    return this.#metrics.render();
  }

  #observePlugins(extension_point: string, plugins: readonly string[], result: string, count: number): void {
    for (const plugin of plugins) {
      this.#metrics
        .histogram('karmada_scheduler_plugin_execution_duration_seconds', { extension_point, plugin, result })
        .observeMany(count, 0.00002, SPREAD);
    }
    if (extension_point === 'ScoreExtensionNormalize') return;
    this.#metrics
      .histogram('karmada_scheduler_framework_extension_point_duration_seconds', { extension_point, result })
      .observeMany(count, 0.0001, SPREAD);
  }
}
