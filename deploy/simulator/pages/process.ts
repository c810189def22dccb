import type { MetricSet } from '../metric-set.ts';

/** What a Go program says of itself depends only on how large it is and how long it runs. */
export interface ProcessProfile {
  startedMs: number;
  /** Share of one core that it uses. */
  cpuShare: number;
  residentBytes: number;
  goroutines: number;
}

const HEAP_SHARE = 0.45;
const ALLOCATED_BYTES_PER_CPU_SECOND = 180e6;
/** Go's collector runs every two minutes at least. */
const COLLECTION_INTERVAL_S = 120;

/** Sets the `process_*` and `go_*` families; to be called before each rendering. */
export function writeProcess(metrics: MetricSet, profile: ProcessProfile, nowMs: number): void {
  const upS = Math.max(0, (nowMs - profile.startedMs) / 1000);
  const cpu = metrics.counter('process_cpu_seconds_total');
  cpu.add(Math.max(0, round(upS * profile.cpuShare, 2) - cpu.value));
  // Memory breathes with the collector: a saw tooth of a tenth.
  const tooth = 1 + 0.1 * ((upS % COLLECTION_INTERVAL_S) / COLLECTION_INTERVAL_S);
  const resident = Math.round((profile.residentBytes * tooth) / 4096) * 4096;
  metrics.gauge('process_max_fds').set(1_048_576);
  metrics.gauge('process_open_fds').set(12 + Math.round(profile.goroutines / 20));
  metrics.gauge('process_resident_memory_bytes').set(resident);
  metrics.gauge('process_start_time_seconds').set(round(profile.startedMs / 1000, 2));
  metrics.gauge('process_virtual_memory_bytes').set(1_433_214_976);
  metrics.gauge('process_virtual_memory_max_bytes').set(2 ** 64);
  for (const name of ['process_network_receive_bytes_total', 'process_network_transmit_bytes_total']) {
    const bytes = metrics.counter(name);
    bytes.add(Math.max(0, Math.round(upS * profile.cpuShare * 4e5) - bytes.value));
  }
  metrics.gauge('go_goroutines').set(profile.goroutines);
  metrics.gauge('go_info', { version: 'go1.26.8' }).set(1);
  metrics.gauge('go_threads').set(11);
  const heap = Math.round(resident * HEAP_SHARE);
  metrics.gauge('go_memstats_alloc_bytes').set(heap);
  metrics.gauge('go_memstats_heap_alloc_bytes').set(heap);
  metrics.gauge('go_memstats_heap_inuse_bytes').set(Math.round(heap * 1.15));
  metrics.gauge('go_memstats_heap_objects').set(Math.round(heap / 160));
  metrics.gauge('go_memstats_sys_bytes').set(Math.round(resident * 1.2));
  const allocated = metrics.counter('go_memstats_alloc_bytes_total');
  allocated.add(Math.max(0, Math.round(heap + cpu.value * ALLOCATED_BYTES_PER_CPU_SECOND) - allocated.value));
  const collections = 1 + Math.floor(upS / COLLECTION_INTERVAL_S);
  metrics
    .summary('go_gc_duration_seconds')
    .set(GC_QUANTILES, round(collections * GC_MEDIAN_S, 9), collections);
}

const GC_MEDIAN_S = 4.7e-5;
const GC_QUANTILES: readonly (readonly [quantile: string, seconds: number])[] = [
  ['0', 2.1e-5],
  ['0.25', 3.4e-5],
  ['0.5', GC_MEDIAN_S],
  ['0.75', 8.1e-5],
  ['1', 0.0006],
];

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
