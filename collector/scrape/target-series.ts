import { ExpositionParser } from '../../model/exposition.ts';
import type { Label, Labels } from '../../model/labels.ts';
import type { BatchBuilder } from './batch.ts';
import { MetadataCache } from './metadata-cache.ts';
import { type SampleLabelOptions, storedLabels } from './sample-labels.ts';
import { SeriesCache, type TrackedSeries } from './series-cache.ts';

/** A timestamp further ahead than this is a mistake, as Prometheus has it. */
const AHEAD_MS_MAX = 10 * 60_000;

export interface TargetSeriesOptions extends SampleLabelOptions {
  /** Of the series that say what a scrape was like. */
  readonly reports: readonly Labels[];
  readonly honorTimestamps: boolean;
  /** Series with timestamps of their own go stale too. */
  readonly trackTimestampsStaleness: boolean;
  /** Samples after relabeling; 0 for any number. */
  readonly sampleLimit: number;
  readonly onRejected: (reason: RejectReason) => void;
}

/** Why a sample of a good page is not stored: its series came twice, or its time is not after the last one's. */
export type RejectReason = 'duplicate' | 'out_of_order' | 'future';

/** What the series `scrape_samples_scraped` and its kin say of a scrape; what was counted up to an error. */
export interface ScrapeCounts {
  scraped: number;
  /** After relabeling. */
  kept: number;
  /** Series that the last good scrape did not have. */
  added: number;
}

/** One scrape in the making. */
interface Scrape {
  readonly slotMs: number;
  readonly batch: BatchBuilder;
  readonly counts: ScrapeCounts;
}

/**
 * The series of one target over time: what each scrape adds, and which of them have gone stale. A failed
 * scrape is the same as an empty one, and a page with an error in its last line is a failed scrape.
 */
export class TargetSeries {
  readonly #options: TargetSeriesOptions;
  readonly #cache: SeriesCache;
  readonly #metadata = new MetadataCache();
  /** The series of the last scrape that can go stale. */
  #live: TrackedSeries[] = [];
  /** Series of this scrape whose samples have times of their own. */
  #timed: TrackedSeries[] = [];
  #scrape = 0;
  #lastGoodScrape = 0;
  #lastGoodCounts: ScrapeCounts = { scraped: 0, kept: 0, added: 0 };

  constructor(options: TargetSeriesOptions) {
    this.#options = options;
    this.#cache = new SeriesCache(options.reports);
  }

  /**
   * Adds the samples of a page to the batch, and a stale marker for each series that is gone; without a page,
   * for all. The page ends in a line feed.
   */
  scrape(
    page: Buffer | undefined,
    slotMs: number,
    batch: BatchBuilder,
  ): { counts: ScrapeCounts; error?: unknown } {
    const scrape = { slotMs, batch, counts: { scraped: 0, kept: 0, added: 0 } };
    const start = batch.length;
    const before = this.#live;
    this.#begin();
    let error: unknown;
    try {
      if (page) {
        this.#readPage(page, scrape);
        this.#lastGoodScrape = this.#scrape;
        this.#lastGoodCounts = scrape.counts;
        batch.setMetadata(this.#metadata.take());
      }
    } catch (caught) {
      error = caught;
      batch.truncate(start);
      // What was not sent must not make a later sample with the same time a repeated one.
      for (const series of this.#timed) series.timestampMs = Number.NEGATIVE_INFINITY;
      // A new number: what stood before the error counts as not seen, and gets its markers too.
      this.#begin();
    }
    // After a failure too: a page that is new and broken each time must not fill the memory.
    this.#cache.prune(this.#lastGoodCounts, (series) => series.seenIn >= this.#lastGoodScrape);
    this.#metadata.endPage(error === undefined);
    for (const series of before) {
      if (series.liveIn === this.#scrape) continue;
      batch.addStale(series.labels, slotMs);
      series.timestampMs = slotMs;
    }
    return error === undefined ? { counts: scrape.counts } : { counts: scrape.counts, error };
  }

  #begin(): void {
    this.#scrape++;
    this.#live = [];
    this.#timed = [];
  }

  #readPage(page: Buffer, scrape: Scrape): void {
    const cache = this.#cache;
    const parser = new ExpositionParser(page, cache.texts);
    const view = new DataView(page.buffer, page.byteOffset, page.length);
    const strings = new Map<string, string>();
    for (let entry = parser.next(); entry !== 'end'; entry = parser.next()) {
      if (entry !== 'sample') {
        this.#metadata.note(parser, entry, view);
        continue;
      }
      scrape.counts.scraped++;
      let series: TrackedSeries | undefined;
      if (parser.seriesNumber >= 0) {
        series = cache.byNumber(parser.seriesNumber);
      } else {
        series = this.#resolve(parser, strings);
        cache.addText(view, parser.entryStart, parser.entryEnd, series);
      }
      if (series === undefined) continue;
      const hasOwnTime = parser.hasTimestamp && this.#options.honorTimestamps;
      this.#append(scrape, series, parser.value, hasOwnTime ? parser.timestampMs : undefined);
    }
    this.#checkLimit(scrape.counts);
  }

  /** The series of a text seen for the first time; undefined when a rule drops it. */
  #resolve(parser: ExpositionParser, strings: Map<string, string>): TrackedSeries | undefined {
    const exposed = parser
      .labels()
      .map(([name, value]): Label => [intern(name, strings), intern(value, strings)]);
    let labels: Labels | undefined;
    try {
      labels = storedLabels(exposed, this.#options);
    } catch (error) {
      throw parser.refuse((error as Error).message);
    }
    return labels && this.#cache.byLabels(labels);
  }

  #append(scrape: Scrape, series: TrackedSeries, value: number, ownTimeMs: number | undefined): void {
    const { slotMs, batch, counts } = scrape;
    const timestampMs = ownTimeMs ?? slotMs;
    const { sampleLimit, trackTimestampsStaleness, onRejected } = this.#options;
    counts.kept++;
    if (sampleLimit > 0 && counts.kept > sampleLimit) return;
    if (series.isReport) {
      onRejected('duplicate');
      return;
    }
    const isRepeated = series.seenIn === this.#scrape;
    const isAdded = series.seenIn < this.#lastGoodScrape;
    series.seenIn = this.#scrape;
    if (ownTimeMs !== undefined) this.#timed.push(series);
    if ((ownTimeMs === undefined || trackTimestampsStaleness) && series.liveIn !== this.#scrape) {
      series.liveIn = this.#scrape;
      this.#live.push(series);
    }
    if (timestampMs > series.timestampMs && timestampMs <= slotMs + AHEAD_MS_MAX) {
      series.timestampMs = timestampMs;
      batch.add(series.labels, timestampMs, value);
      if (isAdded) counts.added++;
    } else if (timestampMs > slotMs + AHEAD_MS_MAX) {
      onRejected('future');
    } else if (timestampMs < series.timestampMs) {
      onRejected('out_of_order');
    } else if (isRepeated) {
      onRejected('duplicate');
    }
    // What is left is a sample with a time of its own that the target has not renewed since the last scrape.
  }

  #checkLimit({ kept }: ScrapeCounts): void {
    const { sampleLimit } = this.#options;
    if (sampleLimit > 0 && kept > sampleLimit)
      throw new Error(`sample_limit exceeded: ${kept} samples after relabeling, the limit is ${sampleLimit}`);
  }
}

/** One string for all equal ones of a page: names and values come thousands of times. */
function intern(text: string, strings: Map<string, string>): string {
  const known = strings.get(text);
  if (known !== undefined) return known;
  strings.set(text, text);
  return text;
}
