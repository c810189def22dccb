import { type Counter, type Histogram, MetricSet } from '../metric-set.ts';
import { writeProcess } from './process.ts';

/** One pod of a workload, instrumented as the Prometheus client libraries do it. */
export class ApplicationPage {
  readonly #metrics = new MetricSet();
  readonly #startedMs: number;
  readonly #ok: Counter;
  readonly #failed: Counter;
  readonly #durations: Histogram;
  #inFlight = 0;
  #cpuSeconds = 0;
  /** Fractions of a failure carried to the next second. */
  #failureCarry = 0;

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
    this.#ok = this.#metrics.counter('http_requests_total', { code: '200', method: 'GET' });
    this.#failed = this.#metrics.counter('http_requests_total', { code: '500', method: 'GET' });
    this.#durations = this.#metrics.histogram('http_request_duration_seconds', { method: 'GET' });
  }

  /** Seconds of CPU its requests took, as the kubelet shows them. */
  get cpuSeconds(): number {
    return this.#cpuSeconds;
  }

  get requests(): number {
    return this.#ok.value + this.#failed.value;
  }

  /** Requests of the last `seconds`, of which a share failed, answered around a median. */
  serve(requests: number, seconds: number, errorShare: number, medianS: number): void {
    this.#failureCarry += requests * errorShare;
    const failed = Math.min(requests, Math.floor(this.#failureCarry));
    this.#failureCarry -= failed;
    this.#failed.add(failed);
    this.#ok.add(requests - failed);
    this.#durations.observeMany(requests, medianS, LATENCY_SPREAD);
    this.#inFlight = Math.round((requests / seconds) * medianS);
    this.#cpuSeconds += requests * medianS * CPU_SHARE_OF_LATENCY + seconds * IDLE_CPU_SHARE;
  }

  render(nowMs: number): string {
    const upS = Math.max(1, (nowMs - this.#startedMs) / 1000);
    this.#metrics.gauge('http_requests_in_flight').set(this.#inFlight);
    writeProcess(
      this.#metrics,
      {
        startedMs: this.#startedMs,
        cpuShare: this.#cpuSeconds / upS,
        residentBytes: 48e6,
        goroutines: 14 + this.#inFlight,
      },
      nowMs,
    );
    return this.#metrics.render();
  }
}

/** Sigma of the logarithm of a request's duration: the 99th percentile is about five times the median. */
const LATENCY_SPREAD = 0.7;
const CPU_SHARE_OF_LATENCY = 0.4;
const IDLE_CPU_SHARE = 0.002;
