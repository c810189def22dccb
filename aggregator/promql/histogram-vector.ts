import type { FloatHistogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import { badBucketLabel, mixedClassicNative } from './annotations.ts';
import type { PositionRange } from './ast.ts';
import type { ClassicBucket } from './classic-quantile.ts';
import type { EvalContext } from './context.ts';
import { parseGoFloat } from './go-number.ts';
import type { StepSeries } from './value.ts';
import { FLOAT, HISTOGRAM, withoutMetadata } from './value.ts';

/** A classic histogram: series that differ in `le` only. */
export interface ClassicHistogram {
  readonly kind: 'classic';
  readonly labels: Labels;
  readonly metricName: string;
  readonly key: string;
  readonly buckets: readonly { readonly upperBound: number; readonly series: StepSeries }[];
}

export interface NativeHistogram {
  readonly kind: 'native';
  readonly labels: Labels;
  readonly metricName: string;
  readonly key: string;
  readonly series: StepSeries;
}

/** The histograms of a vector, native ones first; which series belong together is found once for all steps. */
export class HistogramVector {
  readonly native: readonly NativeHistogram[];
  readonly classic: readonly ClassicHistogram[];
  readonly #ctx: EvalContext;
  readonly #position: PositionRange;
  readonly #malformed: readonly StepSeries[];

  constructor(ctx: EvalContext, vector: readonly StepSeries[], position: PositionRange) {
    this.#ctx = ctx;
    this.#position = position;
    const groups = new Map<
      string,
      { labels: Labels; buckets: { upperBound: number; series: StepSeries }[] }
    >();
    const malformed: StepSeries[] = [];
    for (const series of vector) {
      if (!series.kinds.includes(FLOAT)) continue;
      const upperBound = parseGoFloat(series.labels.get('le'));
      if (upperBound === undefined) {
        malformed.push(series);
        continue;
      }
      const labels = series.labels.without('le');
      const group = groups.get(labels.key) ?? { labels, buckets: [] };
      group.buckets.push({ upperBound, series });
      groups.set(labels.key, group);
    }
    const { delayedNameRemoval } = ctx;
    // Names are only known where their removal waits.
    const named = (labels: Labels) => ({
      labels: delayedNameRemoval ? labels : withoutMetadata(labels),
      metricName: delayedNameRemoval ? labels.metricName : '',
      key: labels.key,
    });
    this.classic = [...groups.values()].map(({ labels, buckets }) => ({
      kind: 'classic',
      ...named(labels),
      buckets,
    }));
    this.native = vector
      .filter(({ kinds }) => kinds.includes(HISTOGRAM))
      .map((series) => ({ kind: 'native', ...named(series.labels), series }));
    this.#malformed = malformed;
  }

  /**
   * What is there at a step. A native and a classic histogram of the same name and labels contradict each
   * other: neither counts.
   */
  at(step: number): {
    native: [NativeHistogram, FloatHistogram][];
    classic: [ClassicHistogram, ClassicBucket[]][];
  } {
    const { annotations, delayedNameRemoval } = this.#ctx;
    for (const { kinds, labels } of this.#malformed) {
      if (kinds[step] !== FLOAT) continue;
      const name = delayedNameRemoval ? labels.metricName : '';
      annotations.add(badBucketLabel(name, labels.get('le'), this.#position));
    }
    const classic = new Map<string, [ClassicHistogram, ClassicBucket[]]>();
    for (const histogram of this.classic) {
      const buckets: ClassicBucket[] = [];
      for (const { upperBound, series } of histogram.buckets)
        if (series.kinds[step] === FLOAT) buckets.push({ upperBound, count: series.values[step]! });
      if (buckets.length > 0) classic.set(histogram.key, [histogram, buckets]);
    }
    const native: [NativeHistogram, FloatHistogram][] = [];
    for (const histogram of this.native) {
      if (histogram.series.kinds[step] !== HISTOGRAM) continue;
      if (classic.delete(histogram.key))
        annotations.add(mixedClassicNative(histogram.metricName, this.#position));
      else native.push([histogram, histogram.series.histograms![step]!]);
    }
    return { native, classic: [...classic.values()] };
  }
}
