import type { FloatHistogram } from '../../model/histogram.ts';
import type { Querier, SeriesData } from '../engine/engine.ts';
import type { Budget } from './budget.ts';
import { emptyHistogram } from './native-histogram.ts';
import { detectReset } from './native-reset.ts';
import type { Plan, SelectorPlan } from './plan.ts';
import { walkPlan } from './plan-walk.ts';
import { subqueryTimes } from './step-invariance.ts';
import type { QueryTimes } from './value.ts';

/** All that evaluation needs of storage. */
export type Selector = Pick<Querier, 'select'>;

/** What storage gives for a selector. `startTimestamps[i]` is the start of sample i's counter, 0 if unknown. */
export interface SelectedSeries extends SeriesData {
  readonly startTimestamps?: Float64Array;
}

interface Wanted {
  readonly selectors: SelectorPlan[];
  startMs: number;
  endMs: number;
}

/**
 * Fetches what all selectors of a plan need. Selectors with the same matchers whose times overlap are fetched
 * once, over both.
 */
export async function selectAll(
  plan: Plan,
  times: QueryTimes,
  lookbackMs: number,
  querier: Selector,
  budget: Budget,
): Promise<Map<SelectorPlan, SelectedSeries[]>> {
  const data = new Map<SelectorPlan, SelectedSeries[]>();
  await Promise.all(
    wantedRanges(plan, times, lookbackMs).map(async ({ selectors, startMs, endMs }) => {
      const series: SelectedSeries[] = await querier.select(selectors[0]!.matchers, { startMs, endMs });
      let samples = 0;
      for (const { timestamps } of series) samples += timestamps.length;
      budget.hold(samples);
      for (const selector of selectors)
        data.set(selector, selector.statisticsOnly ? series.map(statisticsOf) : series);
    }),
  );
  budget.check();
  return data;
}

/** Marks the selectors of whose native histograms only count and sum are used. */
export function markStatisticsOnly(plan: Plan): void {
  walkPlan(plan, (node, path) => {
    if (node.kind === 'selector') node.statisticsOnly = needsStatisticsOnly(path);
    return true;
  });
}

/** First and last moment a selector looks at, both inclusive. */
function selectorRange(
  selector: SelectorPlan,
  path: readonly Plan[],
  times: QueryTimes,
  lookbackMs: number,
): { startMs: number; endMs: number } {
  const above = subqueryTimes(path);
  let { startMs, endMs } = times;
  if (above.atMs !== undefined) startMs = endMs = above.atMs;
  if (selector.atMs !== undefined) startMs = endMs = selector.atMs;
  else {
    startMs -= above.offsetMs + above.rangeMs;
    endMs -= above.offsetMs;
  }
  const parent = path[path.length - 1];
  const rangeMs = parent?.kind === 'range' ? parent.rangeMs : 0;
  const before = rangeMs + (rangeMs === 0 || selector.anchored || selector.smoothed ? lookbackMs : 0);
  // Windows are open on the left: a sample exactly at the edge is outside.
  startMs -= before - 1;
  if (selector.smoothed) endMs += lookbackMs;
  return { startMs: startMs - selector.offsetMs, endMs: endMs - selector.offsetMs };
}

function wantedRanges(plan: Plan, times: QueryTimes, lookbackMs: number): Wanted[] {
  const byMatchers = new Map<string, Wanted[]>();
  walkPlan(plan, (node, path) => {
    if (node.kind !== 'selector') return true;
    const { startMs, endMs } = selectorRange(node, path, times, lookbackMs);
    const key = node.matchers.map(String).join('\0');
    const same = byMatchers.get(key) ?? [];
    const overlapping = same.find((wanted) => startMs <= wanted.endMs && endMs >= wanted.startMs);
    if (overlapping) {
      overlapping.selectors.push(node);
      overlapping.startMs = Math.min(overlapping.startMs, startMs);
      overlapping.endMs = Math.max(overlapping.endMs, endMs);
    } else byMatchers.set(key, [...same, { selectors: [node], startMs, endMs }]);
    return true;
  });
  return [...byMatchers.values()].flat();
}

function needsStatisticsOnly(path: readonly Plan[]): boolean {
  let only = false;
  for (let i = path.length - 1; i >= 0; i--) {
    const node = path[i]!;
    // Resets inside a subquery are found by the buckets.
    if (node.kind === 'subquery') return false;
    if (node.kind === 'binary' && (node.operator === '</' || node.operator === '>/')) return false;
    if (node.kind !== 'call') continue;
    if (/^histogram_(quantiles?|fraction)$/.test(node.func)) return false;
    if (/^histogram_(count|sum|avg)$/.test(node.func)) only = true;
  }
  return only;
}

/** Histograms without buckets; what the buckets say of counter resets goes into the hint first. */
function statisticsOf(series: SelectedSeries): SelectedSeries {
  if (!series.histograms) return series;
  let previous: FloatHistogram | undefined;
  const histograms = series.histograms.map((histogram) => {
    if (!histogram) return undefined;
    const statistics = emptyHistogram(histogram.schema, []);
    statistics.count = histogram.count;
    statistics.sum = histogram.sum;
    statistics.counterResetHint = histogram.counterResetHint;
    if (histogram.counterResetHint === 'unknown' && previous)
      statistics.counterResetHint = detectReset(histogram, previous) ? 'reset' : 'not_reset';
    previous = { ...histogram, counterResetHint: statistics.counterResetHint };
    return statistics;
  });
  return { ...series, histograms };
}
