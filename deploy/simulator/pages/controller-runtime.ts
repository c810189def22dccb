import type { MetricSet } from '../metric-set.ts';

/** A queue of a controller process; with `workers` it also is a controller of controller-runtime. */
export interface QueueProfile {
  name: string;
  /** Reconciles per second on a quiet federation. */
  perSecond: number;
  /** Of one reconcile. */
  medianS: number;
  /** Workers of the controller; undefined for a queue that Karmada works off itself. */
  workers: number | undefined;
  /** Label `priority` of its depth: the priority queue has `0`, older queues an empty one. */
  priority: string;
}

export interface Reconciled {
  count: number;
  errors?: number;
  /** Where the work takes longer than usual. */
  medianS?: number;
}

const RESULTS = ['error', 'requeue', 'requeue_after', 'success'] as const;
const DURATION_SPREAD = 1;

/** Items wait longer the more come at once: one client limit of 40 requests a second is shared by all. */
const QUIET_WAIT_MEDIAN_S = 0.00002;
const WAIT_PER_ITEM_S = 1 / 40;

/** The `controller_runtime_*` and `workqueue_*` families of one process. */
export class ControllerRuntime {
  readonly #metrics: MetricSet;
  readonly #queues: readonly QueueProfile[];
  readonly #carry = new Map<string, number>();

  constructor(metrics: MetricSet, queues: readonly QueueProfile[]) {
    this.#metrics = metrics;
    this.#queues = queues;
    for (const queue of queues) this.#register(queue);
    for (const name of [
      'controller_runtime_conversion_webhook_panics_total',
      'controller_runtime_webhook_panics_total',
    ]) {
      metrics.counter(name);
    }
    for (const name of ['certwatcher_read_certificate_errors_total', 'certwatcher_read_certificate_total'])
      metrics.counter(name);
  }

  /** The quiet work of the last `seconds`, `factor` times as much as on a quiet federation. */
  tick(seconds: number, factor: number): void {
    for (const { name, perSecond } of this.#queues) {
      const expected = (this.#carry.get(name) ?? 0) + perSecond * seconds * factor;
      const count = Math.floor(expected);
      this.#carry.set(name, expected - count);
      if (count > 0) this.reconciled(name, { count });
    }
  }

  /** Work that one queue did, beyond or as part of the quiet work. */
  reconciled(name: string, work: Reconciled): void {
    const queue = this.#queues.find((other) => other.name === name);
    if (!queue) throw new Error(`BUG: no queue ${name}`);
    const { count, errors = 0, medianS = queue.medianS } = work;
    const of = { controller: name, name };
    const wait = count > 1 ? (count * WAIT_PER_ITEM_S) / 2 : QUIET_WAIT_MEDIAN_S;
    this.#metrics.counter('workqueue_adds_total', of).add(count);
    this.#metrics.counter('workqueue_retries_total', of).add(errors);
    this.#metrics.histogram('workqueue_queue_duration_seconds', of).observeMany(count, wait, DURATION_SPREAD);
    this.#metrics
      .histogram('workqueue_work_duration_seconds', of)
      .observeMany(count, medianS, DURATION_SPREAD);
    if (queue.workers === undefined) return;
    const controller = { controller: name };
    this.#metrics
      .counter('controller_runtime_reconcile_total', { ...controller, result: 'success' })
      .add(count - errors);
    this.#metrics
      .counter('controller_runtime_reconcile_total', { ...controller, result: 'error' })
      .add(errors);
    this.#metrics.counter('controller_runtime_reconcile_errors_total', controller).add(errors);
    this.#metrics
      .histogram('controller_runtime_reconcile_time_seconds', controller)
      .observeMany(count, medianS, DURATION_SPREAD);
  }

  setDepth(name: string, depth: number): void {
    const queue = this.#queues.find((other) => other.name === name);
    this.#metrics
      .gauge('workqueue_depth', { controller: name, name, priority: queue?.priority ?? '' })
      .set(depth);
  }

  #register(queue: QueueProfile): void {
    const of = { controller: queue.name, name: queue.name };
    this.#metrics.counter('workqueue_adds_total', of);
    this.#metrics.counter('workqueue_retries_total', of);
    this.#metrics.gauge('workqueue_depth', { ...of, priority: queue.priority });
    this.#metrics.gauge('workqueue_longest_running_processor_seconds', of);
    this.#metrics.gauge('workqueue_unfinished_work_seconds', of);
    this.#metrics.histogram('workqueue_queue_duration_seconds', of);
    this.#metrics.histogram('workqueue_work_duration_seconds', of);
    if (queue.workers === undefined) return;
    const controller = { controller: queue.name };
    this.#metrics.gauge('controller_runtime_active_workers', controller);
    this.#metrics.gauge('controller_runtime_max_concurrent_reconciles', controller).set(queue.workers);
    for (const result of RESULTS)
      this.#metrics.counter('controller_runtime_reconcile_total', { ...controller, result });
    for (const name of ['errors_total', 'panics_total', 'timeouts_total']) {
      this.#metrics.counter(`controller_runtime_reconcile_${name}`, controller);
    }
    this.#metrics.counter('controller_runtime_terminal_reconcile_errors_total', controller);
  }
}

/** Lines of: reconciles per second, seconds of one, workers or `-`, priority or `-`, name (may hold spaces). */
export function parseQueues(table: string): QueueProfile[] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [perSecond, medianS, workers, priority, ...name] = line.trim().split(/\s+/) as string[];
      return {
        name: name.join(' '),
        perSecond: Number(perSecond),
        medianS: Number(medianS),
        workers: workers === '-' ? undefined : Number(workers),
        priority: priority === '-' ? '' : priority!,
      };
    });
}

/** As recorded: what was built and run. */
export function writeBuildInfo(metrics: MetricSet): void {
  metrics
    .gauge('karmada_build_info', {
      build_date: '2026-08-21T03:10:35Z',
      compiler: 'gc',
      git_commit: 'f8fdd02df3760fd9521624f284877fa84e7be6ef',
      git_short_commit: 'f8fdd02df',
      git_tree_state: 'clean',
      git_version: 'v1.19.0-rc.0-18-gf8fdd02df',
      go_version: 'go1.26.8',
      platform: 'linux/amd64',
    })
    .set(1);
}
