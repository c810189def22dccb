import type { FloatHistogram } from '../../model/histogram.ts';
import type { Annotation, Annotations } from './annotations.ts';
import type { PositionRange } from './ast.ts';
import type { Points, RangeSeries, Windows } from './range-window.ts';
import type { StepColumns, Steps } from './value.ts';

/** A call of a range function, the same for all series. */
export interface RangeCall {
  readonly steps: Steps;
  readonly rangeMs: number;
  /** Window end = step − offset. */
  readonly offsetMs: number;
  readonly mode: 'plain' | 'anchored' | 'smoothed';
  /** Values of the scalar arguments at each step. */
  readonly params: readonly Float64Array[];
  /** Of the range argument, for remarks. */
  readonly position: PositionRange;
  readonly annotations: Annotations;
}

/** One series in one call. */
export interface RangeWork {
  readonly call: RangeCall;
  readonly series: RangeSeries;
  readonly floats: Windows;
  /** Set where the series has histograms. */
  readonly histograms: Windows | undefined;
}

/** All steps of a series of floats at once; steps whose window is empty stay absent. */
export type FloatKernel = (work: RangeWork, out: StepColumns) => void;

/** One step of a series that holds histograms. */
export interface MixedWindow {
  readonly work: RangeWork;
  readonly step: number;
  readonly floats: Points<Float64Array>;
  /** Floats of the window: [low, high). */
  readonly low: number;
  readonly high: number;
  readonly histograms: Points<readonly FloatHistogram[]>;
  readonly histogramLow: number;
  readonly histogramHigh: number;
}

export type MixedRule = (window: MixedWindow, out: StepColumns) => void;

export interface RangeFunction {
  readonly floats: FloatKernel;
  /** 'ignored': floats are used as if there were no histograms, and the answer says so. */
  readonly mixed: MixedRule | 'ignored';
}

export function annotate(work: RangeWork, make: (name: string, at: PositionRange) => Annotation): void {
  work.call.annotations.add(make(work.series.labels.metricName, work.call.position));
}

export function floatCount(window: MixedWindow): number {
  return window.high - window.low;
}

export function histogramCount(window: MixedWindow): number {
  return window.histogramHigh - window.histogramLow;
}
