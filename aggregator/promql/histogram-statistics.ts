import type { FloatHistogram } from '../../model/histogram.ts';
import { compensate } from './kahan.ts';
import { allBuckets } from './native-buckets.ts';
import { usesCustomBuckets } from './native-histogram.ts';

/** Functions that make one number of a native histogram. */
export function histogramStatistic(name: string): ((h: FloatHistogram) => number) | undefined {
  switch (name) {
    case 'histogram_count':
      return (h) => h.count;
    case 'histogram_sum':
      return (h) => h.sum;
    case 'histogram_avg':
      return (h) => h.sum / h.count;
    case 'histogram_stdvar':
      return variance;
    case 'histogram_stddev':
      return (h) => Math.sqrt(variance(h));
    default:
      return undefined;
  }
}

/** Every observation is taken to lie in the middle of its bucket. */
function variance(h: FloatHistogram): number {
  const mean = h.sum / h.count;
  const custom = usesCustomBuckets(h);
  let sum = 0;
  let c = 0;
  for (const { lower, upper, count } of allBuckets(h)) {
    if (count === 0) continue;
    const delta = middle(lower, upper, custom) - mean;
    const increment = count * delta * delta;
    c = compensate(increment, sum, c);
    sum += increment;
  }
  return (sum + c) / h.count;
}

function middle(lower: number, upper: number, custom: boolean): number {
  if (custom) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const geometric = Math.sqrt(upper * lower);
  return upper < 0 ? -geometric : geometric;
}
