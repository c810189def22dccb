import { Labels } from '../../model/labels.ts';
import type { WriteSeries } from '../../model/remote-write.ts';
import { setStale } from '../../model/sample.ts';
import type { Random } from './expression-generator.ts';

/** Selectors over the data below; the last finds nothing. */
export const DIFFERENTIAL_METRICS: readonly string[] = [
  'req_total',
  'req_total{c="eu"}',
  'req_total{c=~"eu|us"}',
  'temp',
  'temp{i="0"}',
  'temp{c!="us"}',
  'lat_bucket',
  'lat_bucket{le="0.5"}',
  '{c="eu",i="1"}',
  'info',
  'big',
  'flat',
  'nothing',
];

const STEP_MS = 15_000;
const SAMPLES = 240;
/** The data's span: one hour. */
export const DATA_MS = SAMPLES * STEP_MS;

/** What makes floats hard: cancellation, overflow, infinities, tiny numbers and both zeros. */
const HARD = [1e308, -1e308, 1, Number.POSITIVE_INFINITY, 1e-300, 0, -0];

type Value = number | 'stale' | 'missing';

/** An hour of counters with resets and gaps, gauges with NaN and stale markers, classic histograms, and the like. */
export function differentialData(random: Random, startMs: number): WriteSeries[] {
  const series: WriteSeries[] = [];
  const add = (labels: Record<string, string>, valueAt: (index: number) => Value) => {
    series.push(column(labels, startMs, valueAt));
  };
  for (const c of ['eu', 'us', 'ap']) {
    for (const i of ['0', '1']) {
      let total = 0;
      add({ __name__: 'req_total', c, i, j: 'app' }, () => {
        total += Math.floor(random() * 50) / (i === '1' ? 7 : 1);
        if (random() < 0.02) total = 0;
        return random() < 0.03 ? 'missing' : total;
      });
      add({ __name__: 'temp', c, i }, () => {
        if (random() < 0.02) return 'stale';
        return random() < 0.01 ? Number.NaN : (random() - 0.5) * 1e3;
      });
      const bucketAt = cumulativeBuckets(random);
      for (const [bucket, le] of ['0.1', '0.5', '1.0', '+Inf'].entries())
        add({ __name__: 'lat_bucket', c, i, le }, (index) => bucketAt(bucket, index));
    }
  }
  for (const c of ['eu', 'us']) {
    add({ __name__: 'info', c, v: `v${c}` }, () => 1);
    add({ __name__: 'flat', c }, () => 5);
  }
  add({ __name__: 'big', c: 'eu' }, () => HARD[Math.floor(random() * HARD.length)]!);
  return series;
}

/** Counters of four buckets that each hold the ones below, as a scrape has them: never falling. */
function cumulativeBuckets(random: Random): (bucket: number, index: number) => number {
  const counts = [0, 0, 0, 0];
  const rows = Array.from({ length: SAMPLES }, () => {
    let below = 0;
    return counts.map((count, bucket) => {
      counts[bucket] = count + Math.floor(random() * 4);
      below += counts[bucket]!;
      return below;
    });
  });
  return (bucket, index) => rows[index]![bucket]!;
}

/** Series of different metrics are scraped some milliseconds apart. */
function column(
  labels: Record<string, string>,
  startMs: number,
  valueAt: (index: number) => Value,
): WriteSeries {
  const phaseMs = (Object.keys(labels).length * 137) % 1000;
  const points = Array.from({ length: SAMPLES }, (_, index) => ({
    timestampMs: startMs + index * STEP_MS + phaseMs,
    value: valueAt(index),
  })).filter(({ value }) => value !== 'missing');
  const values = new Float64Array(points.length);
  for (const [index, { value }] of points.entries()) {
    if (value === 'stale') setStale(values, index);
    else values[index] = Number(value);
  }
  return { labels: Labels.fromObject(labels), timestamps: points.map((point) => point.timestampMs), values };
}
