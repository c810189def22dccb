import type { FloatHistogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import { METRIC_NAME } from '../../model/labels.ts';
import { sampleWeight } from './native-histogram.ts';

/** The times of the query, which durations and the functions of the query's context refer to. */
export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
}

/** The times an expression is evaluated at: `startMs`, one `stepMs` apart, none after `endMs`. */
export interface Steps {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly count: number;
}

export function makeSteps(startMs: number, endMs: number, stepMs: number): Steps {
  return {
    startMs,
    endMs,
    stepMs,
    count: endMs < startMs ? 0 : Math.trunc((endMs - startMs) / stepMs) + 1,
  };
}

/** An instant query, or a range of one moment: results keep their order then. */
export function isInstant(steps: Steps): boolean {
  return steps.startMs === steps.endMs;
}

export const ABSENT = 0;
export const FLOAT = 1;
export const HISTOGRAM = 2;

/**
 * One series of an instant vector at all steps, as columns. At step i, `kinds[i]` says whether there is a
 * sample and which column holds it. A series has at least one sample. Columns belong to whoever made them and
 * are not changed once handed on.
 */
export interface StepSeries {
  readonly labels: Labels;
  /** The name and its kin are to go at the end of evaluation; set only where their removal is delayed. */
  readonly dropName: boolean;
  readonly kinds: Uint8Array;
  readonly values: Float64Array;
  /** Present where any sample is a histogram. */
  readonly histograms: (FloatHistogram | undefined)[] | undefined;
}

/** Columns of one series that are being filled. */
export class StepColumns {
  readonly kinds: Uint8Array;
  readonly values: Float64Array;
  histograms: (FloatHistogram | undefined)[] | undefined;

  constructor(count: number) {
    this.kinds = new Uint8Array(count);
    this.values = new Float64Array(count);
  }

  setFloat(step: number, value: number): void {
    this.kinds[step] = FLOAT;
    this.values[step] = value;
  }

  setHistogram(step: number, histogram: FloatHistogram): void {
    this.kinds[step] = HISTOGRAM;
    this.histograms ??= new Array<FloatHistogram | undefined>(this.kinds.length).fill(undefined);
    this.histograms[step] = histogram;
  }

  get isEmpty(): boolean {
    return !this.kinds.some((kind) => kind !== ABSENT);
  }

  series(labels: Labels, dropName: boolean): StepSeries {
    const { kinds, values, histograms } = this;
    return { labels, dropName, kinds, values, histograms };
  }
}

export function isEmptySeries(series: StepSeries): boolean {
  return !series.kinds.some((kind) => kind !== ABSENT);
}

export function hasHistograms(vector: readonly StepSeries[]): boolean {
  return vector.some((series) => series.histograms !== undefined);
}

/** What the columns of one series take of memory, in samples of 16 bytes. */
export function columnWeight(steps: number): number {
  return Math.ceil((steps * 9) / 16);
}

/**
 * How much a series weighs in the limit on samples: 1 for a float, as the reference counts them, but never
 * less than its columns take of memory.
 */
export function seriesWeight(series: StepSeries): number {
  let weight = 0;
  for (let step = 0; step < series.kinds.length; step++) {
    if (series.kinds[step] === FLOAT) weight++;
    else if (series.kinds[step] === HISTOGRAM) weight += sampleWeight(series.histograms![step]!);
  }
  return Math.max(weight, columnWeight(series.kinds.length));
}

/** Without the labels that say what a metric is: what a function makes of it is another one. */
export function withoutMetadata(labels: Labels): Labels {
  return labels.without(METRIC_NAME, '__type__', '__unit__');
}

/** Seconds of a span as Go's Duration.Seconds has them: whole seconds and the rest are added up. */
export function durationSeconds(ms: number): number {
  const whole = Math.trunc(ms / 1000);
  return whole + ((ms - whole * 1000) * 1e6) / 1e9;
}
