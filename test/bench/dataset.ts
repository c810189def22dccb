import { type Label, Labels } from '../../model/labels.ts';

/** One fixed set of series for all benches: 15 s apart, a mix as a cluster has it, the same bits every time. */
export const STEP_MS = 15_000;
export const SERIES_COUNT = 10_000;

type Kind = 'constant' | 'counter' | 'cpu seconds' | 'bucket' | 'bytes' | 'ratio' | 'small number';

/** Of ten neighbours: two constants, two integer counters, one float counter, two buckets, three gauges. */
const KINDS: readonly Kind[] = [
  'constant',
  'counter',
  'bucket',
  'bytes',
  'cpu seconds',
  'constant',
  'counter',
  'bucket',
  'ratio',
  'small number',
];

const NAMES: Readonly<Record<Kind, string>> = {
  constant: 'bench_pod_info',
  counter: 'bench_requests_total',
  'cpu seconds': 'bench_cpu_seconds_total',
  bucket: 'bench_request_duration_seconds_bucket',
  bytes: 'bench_memory_working_set_bytes',
  ratio: 'bench_load_ratio',
  'small number': 'bench_queue_depth',
};
const BOUNDS = ['0.005', '0.01', '0.05', '0.1', '0.5', '1.0', '5.0', '+Inf'];

export interface BenchSeries {
  readonly labels: Labels;
  /** The next sample; `timestampMs` is the step's time, moved by up to 3 ms for a third of the series. */
  next(stepMs: number): { timestampMs: number; value: number };
}

/** Seven or eight labels each, as a kubelet's and an application's pages bring them. */
export function benchSeries(count = SERIES_COUNT): BenchSeries[] {
  return Array.from({ length: count }, (_, i) => {
    const kind = KINDS[i % KINDS.length]!;
    const pod = Math.floor(i / 20);
    const labels: Label[] = [
      ['__name__', NAMES[kind]],
      ['namespace', `team-${pod % 40}`],
      ['pod', `workload-${pod % 125}-${(pod * 2_654_435_761).toString(36).slice(-9)}`],
      ['container', i % 2 === 0 ? 'main' : 'sidecar'],
      ['node', `node-${pod % 50}.example.internal`],
      ['job', 'kubelet'],
      ['instance', `10.0.${pod % 50}.17:10250`],
      ['shard', String(Math.floor(i / 10) % 2)],
    ];
    if (kind === 'bucket') labels[7] = ['le', BOUNDS[Math.floor(i / 10) % BOUNDS.length]!];
    const random = mulberry32(i + 1);
    const nextValue = valuesOf(kind, random);
    const isJittered = i % 3 === 0;
    return {
      labels: Labels.fromPairs(labels),
      next: (stepMs) => ({
        timestampMs: stepMs + (isJittered ? Math.floor(random() * 7) - 3 : 0),
        value: nextValue(),
      }),
    };
  });
}

function valuesOf(kind: Kind, random: () => number): () => number {
  switch (kind) {
    case 'constant':
      return () => 1;
    case 'counter': {
      let total = Math.floor(random() * 1e6);
      const perStep = random() * 400;
      return () => (total += Math.floor(random() * perStep));
    }
    case 'bucket': {
      let total = Math.floor(random() * 1e4);
      return () => (total += random() < 0.3 ? Math.floor(random() * 20) : 0);
    }
    case 'cpu seconds': {
      let total = random() * 1e4;
      return () => (total = Math.round((total + random() * 15) * 1e6) / 1e6);
    }
    case 'bytes': {
      let pages = Math.floor(random() * 1e5);
      return () => 4096 * (pages = Math.max(0, pages + Math.floor((random() - 0.5) * 200)));
    }
    case 'ratio':
      return () => Math.round(random() * 1e4) / 1e4;
    case 'small number':
      return () => Math.floor(random() * 12);
  }
}

/** Random numbers in [0, 1) from a seed (mulberry32). */
function mulberry32(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
