import type { StepSeries } from './value.ts';
import { ABSENT } from './value.ts';

/** Each series with only the steps marked for it; undefined where none is left. */
export function keepSteps(
  vector: readonly StepSeries[],
  marks: readonly Uint8Array[],
): (StepSeries | undefined)[] {
  return vector.map((series, i) => {
    const mark = marks[i]!;
    if (!mark.includes(1)) return undefined;
    const kinds = series.kinds.map((kind, step) => (mark[step] === 1 ? kind : ABSENT));
    const histograms = series.histograms?.map((h, step) => (mark[step] === 1 ? h : undefined));
    return { ...series, kinds, histograms };
  });
}
