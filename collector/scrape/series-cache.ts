import type { Labels } from '../../model/labels.ts';
import { RawSeriesTable } from '../../model/raw-series-table.ts';

/** A series of a target under the labels it is stored with. */
export interface TrackedSeries {
  readonly labels: Labels;
  /** The scrape (by number) that last had it; -1 before the first. */
  seenIn: number;
  /** The last scrape that had it without a timestamp of its own: only then it can go stale. */
  liveIn: number;
  /** Of its newest sample. */
  timestampMs: number;
  /** One of `up` and its kin, which say what the scrape was like; a page has no say in them. */
  readonly isReport: boolean;
}

/** Remembered texts beyond twice those of the last page: what a page may change without a new start. */
const SPARE = 1_000;

/**
 * What is known of a target's series: from the bytes of `name{labels}` to the series they stand for, so that
 * labels are read, joined and relabeled once. Several texts can stand for one series.
 */
export class SeriesCache {
  /** The bytes seen, each with its number. */
  readonly texts = new RawSeriesTable();
  /** By number; undefined where relabeling drops the series. */
  #byNumber: (TrackedSeries | undefined)[] = [];
  readonly #byKey = new Map<string, TrackedSeries>();

  constructor(reports: readonly Labels[]) {
    for (const labels of reports) this.#byKey.set(labels.key, newSeries(labels, true));
  }

  byNumber(number: number): TrackedSeries | undefined {
    return this.#byNumber[number];
  }

  byLabels(labels: Labels): TrackedSeries {
    let series = this.#byKey.get(labels.key);
    if (series === undefined) {
      series = newSeries(labels, false);
      this.#byKey.set(labels.key, series);
    }
    return series;
  }

  /** Remembers bytes that the table does not know. */
  addText(page: DataView, start: number, end: number, series: TrackedSeries | undefined): void {
    this.texts.add(page, start, end, this.#byNumber.push(series) - 1);
  }

  /**
   * Forgets what a target no longer shows, once it is more than what it does by what its last good page had.
   * Texts are learned anew from the next page, series that are kept keep their `Labels`.
   */
  prune(
    last: { readonly scraped: number; readonly kept: number },
    isKept: (series: TrackedSeries) => boolean,
  ): void {
    if (this.#byNumber.length > 2 * last.scraped + SPARE) {
      this.texts.clear();
      this.#byNumber = [];
    }
    if (this.#byKey.size <= 2 * last.kept + SPARE) return;
    for (const [key, known] of this.#byKey) if (!known.isReport && !isKept(known)) this.#byKey.delete(key);
  }
}

function newSeries(labels: Labels, isReport: boolean): TrackedSeries {
  return { labels, seenIn: -1, liveIn: -1, timestampMs: Number.NEGATIVE_INFINITY, isReport };
}
