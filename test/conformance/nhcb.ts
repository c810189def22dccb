import { parseGoFloat } from '../../aggregator/promql/go-number.ts';
import { indexSpans } from '../../aggregator/promql/native-buckets.ts';
import { copyHistogram, emptyHistogram } from '../../aggregator/promql/native-histogram.ts';
import { compact } from '../../aggregator/promql/native-layout.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import { METRIC_NAME } from '../../model/labels.ts';
import type { LoadedSeries } from './script.ts';

/** The counters of one classic histogram at one time. */
interface Collected {
  readonly buckets: Map<number, number>;
  count: number | undefined;
  sum: number;
}

/** `load_with_nhcb`: classic histograms become native ones with custom buckets as well. */
export function toNativeHistograms(series: readonly LoadedSeries[]): LoadedSeries[] {
  const groups = new Map<string, { labels: Labels; byTime: Map<number, Collected> }>();
  for (const { labels, samples } of series) {
    const suffix = /^(.*)_(bucket|sum|count)$/.exec(labels.metricName);
    if (!suffix) continue;
    const bound = suffix[2] === 'bucket' ? parseGoFloat(labels.get('le')) : 0;
    if (bound === undefined || Number.isNaN(bound)) continue;
    const base = labels.with({ [METRIC_NAME]: suffix[1]!, le: '' });
    const group = groups.get(base.key) ?? { labels: base, byTime: new Map<number, Collected>() };
    groups.set(base.key, group);
    for (const { timeMs, value } of samples) {
      if (typeof value !== 'number') continue;
      const at = group.byTime.get(timeMs) ?? { buckets: new Map(), count: undefined, sum: 0 };
      group.byTime.set(timeMs, at);
      if (suffix[2] === 'bucket') {
        if (!at.buckets.has(bound)) at.buckets.set(bound, value);
      } else if (suffix[2] === 'count') at.count = value;
      else at.sum = value;
    }
  }
  return [...groups.values()].map(({ labels, byTime }) => ({
    labels,
    samples: [...byTime]
      .sort(([a], [b]) => a - b)
      .map(([timeMs, collected]) => ({ timeMs, startMs: 0, value: convert(collected) })),
  }));
}

function convert({ buckets, count, sum }: Collected): FloatHistogram {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = count ?? sorted[sorted.length - 1]?.[1] ?? 0;
  if (sorted[sorted.length - 1]?.[0] !== Number.POSITIVE_INFINITY)
    sorted.push([Number.POSITIVE_INFINITY, total]);
  const bounds = sorted.map(([bound]) => bound).filter((bound) => bound !== Number.POSITIVE_INFINITY);
  const histogram = emptyHistogram(-53, bounds);
  histogram.count = total;
  histogram.sum = sum;
  histogram.positiveSpans = [{ offset: 0, length: sorted.length }];
  histogram.positiveBuckets = sorted.map(([, cumulative], i) => cumulative - (sorted[i - 1]?.[1] ?? 0));
  const integers = sorted.every(([, cumulative]) => Number.isInteger(cumulative)) && Number.isInteger(total);
  return integers ? closeSmallGaps(histogram) : compact(histogram);
}

/** Histograms of integers keep up to two empty buckets between populated ones. */
function closeSmallGaps(histogram: FloatHistogram): FloatHistogram {
  const populated = histogram.positiveBuckets
    .map((_, i) => i)
    .filter((i) => histogram.positiveBuckets[i] !== 0);
  const kept: number[] = [];
  for (const index of populated) {
    const last = kept[kept.length - 1];
    if (last !== undefined && index - last <= 3) for (let i = last + 1; i < index; i++) kept.push(i);
    kept.push(index);
  }
  return {
    ...copyHistogram(histogram),
    positiveSpans: indexSpans(kept),
    positiveBuckets: kept.map((i) => histogram.positiveBuckets[i]!),
  };
}
