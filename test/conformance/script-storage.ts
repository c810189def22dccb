import type { SelectHints, SeriesData } from '../../aggregator/engine/engine.ts';
import { indexSpans, spanIndexes } from '../../aggregator/promql/native-buckets.ts';
import { sameBounds, usesCustomBuckets } from '../../aggregator/promql/native-histogram.ts';
import { detectReset } from '../../aggregator/promql/native-reset.ts';
import type { SelectedSeries, Selector } from '../../aggregator/promql/selection.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import { type Matcher, matchesAll } from '../../model/matcher.ts';
import { setStale } from '../../model/sample.ts';

/** A sample that a script loads. `startMs` 0: no start timestamp. */
export interface LoadedSample {
  readonly timeMs: number;
  readonly startMs: number;
  readonly value: number | 'stale' | FloatHistogram;
}

const DAY_MS = 86_400_000;

/**
 * The storage of a test script. What Prometheus' storage does to native histograms is visible in answers, so it
 * is done here too: histograms of one chunk have one layout, and all but the first know that the counter was
 * not reset.
 */
export class ScriptStorage implements Selector {
  readonly #series = new Map<string, StoredSeries>();

  append(labels: Labels, samples: readonly LoadedSample[]): void {
    let series = this.#series.get(labels.key);
    if (!series) {
      series = new StoredSeries(labels);
      this.#series.set(labels.key, series);
    }
    for (const sample of samples) series.append(sample);
  }

  clear(): void {
    this.#series.clear();
  }

  async select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesData[]> {
    const selected: SeriesData[] = [];
    for (const series of this.#series.values()) {
      if (!matchesAll(matchers, series.labels)) continue;
      const data = series.between(hints);
      if (data.timestamps.length > 0) selected.push(data);
    }
    return selected;
  }
}

/** Samples in order; `chunk` of a histogram says with which others it shares a layout. */
interface Stored {
  readonly sample: LoadedSample;
  readonly chunk: Chunk | undefined;
}

class StoredSeries {
  readonly labels: Labels;
  readonly #stored: Stored[] = [];
  #chunk: Chunk | undefined;
  #lastWasHistogram = false;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  append(sample: LoadedSample): void {
    const last = this.#stored[this.#stored.length - 1];
    if (last && last.sample.timeMs >= sample.timeMs)
      throw new RangeError(`Cannot load ${this.labels}: samples are not in order of time`);
    const { value, timeMs } = sample;
    if (typeof value === 'object') {
      if (!this.#chunk?.accepts(timeMs, value)) this.#chunk = new Chunk(timeMs);
      // A copy: scripts repeat one object, and the chunk tells its histograms apart by identity.
      const own = { ...value };
      this.#chunk.add(own);
      this.#lastWasHistogram = true;
      this.#stored.push({ sample: { ...sample, value: own }, chunk: this.#chunk });
      return;
    }
    // A stale marker after histograms stands in their chunk, which then takes nothing more.
    if (value === 'stale' && this.#lastWasHistogram) this.#chunk?.close();
    else {
      this.#chunk = undefined;
      this.#lastWasHistogram = false;
    }
    this.#stored.push({ sample, chunk: undefined });
  }

  between({ startMs, endMs }: SelectHints): SelectedSeries {
    const kept = this.#stored.filter(({ sample }) => sample.timeMs >= startMs && sample.timeMs <= endMs);
    const values = new Float64Array(kept.length);
    const histograms: (FloatHistogram | undefined)[] = [];
    for (const [i, { sample, chunk }] of kept.entries()) {
      if (sample.value === 'stale') setStale(values, i);
      else if (typeof sample.value === 'number') values[i] = sample.value;
      histograms.push(typeof sample.value === 'object' ? chunk!.read(sample.value) : undefined);
    }
    const data = {
      labels: this.labels,
      timestamps: Float64Array.from(kept, ({ sample }) => sample.timeMs),
      values,
      startTimestamps: Float64Array.from(kept, ({ sample }) => sample.startMs),
    };
    return histograms.some((histogram) => histogram !== undefined) ? { ...data, histograms } : data;
  }
}

/** A chunk of histograms in Prometheus' head. */
class Chunk {
  readonly #endMs: number;
  readonly #histograms: FloatHistogram[] = [];
  #closed = false;

  constructor(timeMs: number) {
    this.#endMs = (Math.floor(timeMs / DAY_MS) + 1) * DAY_MS;
  }

  accepts(timeMs: number, h: FloatHistogram): boolean {
    const last = this.#histograms[this.#histograms.length - 1]!;
    const isGauge = this.#histograms[0]!.counterResetHint === 'gauge';
    if (this.#closed || timeMs >= this.#endMs || isGauge !== (h.counterResetHint === 'gauge')) return false;
    if (h.schema !== last.schema || h.zeroThreshold !== last.zeroThreshold) return false;
    if (usesCustomBuckets(h) && !sameBounds(h.customValues, last.customValues)) return false;
    if (isGauge) return true;
    if (h.counterResetHint === 'reset') return false;
    return !detectReset({ ...h, counterResetHint: 'unknown' }, last);
  }

  add(h: FloatHistogram): void {
    this.#histograms.push(h);
  }

  close(): void {
    this.#closed = true;
  }

  /** As it is read back: with the buckets of all in the chunk, and the hint that the chunk implies. */
  read(h: FloatHistogram): FloatHistogram {
    const positive = widen(h, this.#histograms, 'positive');
    const negative = widen(h, this.#histograms, 'negative');
    const isGauge = h.counterResetHint === 'gauge';
    const isFirst = h === this.#histograms[0];
    return {
      ...h,
      positiveSpans: positive.spans,
      positiveBuckets: positive.buckets,
      negativeSpans: negative.spans,
      negativeBuckets: negative.buckets,
      counterResetHint: isGauge ? 'gauge' : isFirst ? 'unknown' : 'not_reset',
    };
  }
}

function widen(h: FloatHistogram, like: readonly FloatHistogram[], sign: 'positive' | 'negative') {
  const indexes = new Set(like.flatMap((other) => spanIndexes(other[`${sign}Spans`])));
  const own = new Map(spanIndexes(h[`${sign}Spans`]).map((index, i) => [index, h[`${sign}Buckets`][i]!]));
  const all = [...indexes].sort((a, b) => a - b);
  return { spans: indexSpans(all), buckets: all.map((index) => own.get(index) ?? 0) };
}
