import type { Labels } from '../../model/labels.ts';
import { isStale } from '../../model/sample.ts';
import type { SeriesData } from '../engine/engine.ts';

/**
 * What is known of one slice of time. `idle`: the source was there and nothing happened. `absent`: the source
 * was not seen, which is not the same as good.
 */
export type SliceState = 'measured' | 'idle' | 'absent';

/** Events per slice for consecutive slices; index 0 is `firstSlice`. */
export interface SliceCounts {
  readonly events: Float64Array;
  /** 1 where a sample of the source lies in the slice. */
  readonly seen: Uint8Array;
}

/** Slices are numbered since 1970: slice i covers [i·step, (i+1)·step). */
export interface SliceRange {
  readonly firstSlice: number;
  readonly lastSlice: number;
  readonly stepMs: number;
}

/**
 * Exact increases of counters in each slice, summed over the series of a group: no extrapolation, series by
 * series, so that sums over slices are the counter's own difference. A fall is a reset, and counts from 0.
 *
 * An increase between two samples belongs to the slice of the later one. The first sample of a series counts
 * from 0 when its target was there before without it (a first error brings a new series); otherwise it is only
 * where counting begins.
 */
export function sliceCounts(series: readonly SeriesData[], range: SliceRange): SliceCounts {
  const length = range.lastSlice - range.firstSlice + 1;
  const counts: SliceCounts = { events: new Float64Array(length), seen: new Uint8Array(length) };
  const firstOfTarget = firstSampleByTarget(series);
  for (const { labels, timestamps, values } of series) {
    let previous: number | undefined;
    for (let i = 0; i < timestamps.length; i++) {
      if (isStale(values, i)) continue;
      const value = values[i]!;
      const timestampMs = timestamps[i]!;
      const slice = Math.floor(timestampMs / range.stepMs) - range.firstSlice;
      const bornLater = previous === undefined && firstOfTarget.get(targetOf(labels))! < timestampMs;
      const increase =
        previous === undefined ? (bornLater ? value : 0) : value < previous ? value : value - previous;
      previous = value;
      if (slice < 0 || slice >= length || Number.isNaN(increase)) continue;
      counts.events[slice]! += increase;
      counts.seen[slice] = 1;
    }
  }
  return counts;
}

/** When each target was first seen with any of the series. */
function firstSampleByTarget(series: readonly SeriesData[]): Map<string, number> {
  const first = new Map<string, number>();
  for (const { labels, timestamps } of series) {
    const timestampMs = timestamps[0];
    if (timestampMs === undefined) continue;
    const target = targetOf(labels);
    first.set(target, Math.min(first.get(target) ?? timestampMs, timestampMs));
  }
  return first;
}

function targetOf(labels: Labels): string {
  return labels.only('federation', 'cluster', 'job', 'instance').key;
}

/** Good and total events and the state of each slice, from the counts of a total and of its good or bad part. */
export interface Slices {
  readonly good: Float64Array;
  readonly total: Float64Array;
  readonly states: readonly SliceState[];
}

/** Good events are never more than there were, whatever the counters say. */
export function combineSlices(total: SliceCounts, part: SliceCounts, partIs: 'good' | 'bad'): Slices {
  const good = new Float64Array(total.events.length);
  const states: SliceState[] = [];
  for (let i = 0; i < good.length; i++) {
    const all = total.events[i]!;
    const share = Math.min(part.events[i]!, all);
    good[i] = partIs === 'good' ? share : all - share;
    states.push(total.seen[i] === 0 ? 'absent' : all > 0 ? 'measured' : 'idle');
  }
  return { good, total: total.events, states };
}
