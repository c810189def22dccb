import { compareUtf8, type Labels } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { Querier, SelectHints, SeriesData } from '../engine/engine.ts';
import type { Head } from './head.ts';
import type { SeriesRef } from './series-table.ts';

export type MatcherSets = readonly (readonly Matcher[])[];

/** Answers from the head. Each answer is made without a pause, so no batch is seen in part. */
export class HeadQuerier implements Omit<Querier, 'metadata'> {
  readonly #head: Head;
  /** Chunks are dropped whole: what of them is older than this is not shown. */
  readonly #floorMs: () => number;

  constructor(head: Head, floorMs: () => number) {
    this.#head = head;
    this.#floorMs = floorMs;
  }

  async select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesData[]> {
    const startMs = Math.max(hints.startMs, this.#floorMs());
    const found: SeriesData[] = [];
    for (const ref of this.#head.index.select(matchers)) {
      const samples = this.#head.read(ref, startMs, hints.endMs);
      if (samples !== undefined) found.push({ labels: this.#head.table.labels(ref), ...samples });
    }
    return found;
  }

  async series(matcherSets: MatcherSets, hints: SelectHints): Promise<Labels[]> {
    return this.#refs(matcherSets, hints).map((ref) => this.#head.table.labels(ref));
  }

  async labelNames(matcherSets: MatcherSets, hints: SelectHints): Promise<string[]> {
    if (matcherSets.length === 0) return this.#head.index.names(this.#hasSamples(hints));
    const names = new Set<string>();
    for (const ref of this.#refs(matcherSets, hints)) {
      for (const [name] of this.#head.table.labels(ref)) names.add(name);
    }
    return [...names].sort(compareUtf8);
  }

  async labelValues(name: string, matcherSets: MatcherSets, hints: SelectHints): Promise<string[]> {
    if (matcherSets.length === 0) return this.#head.index.values(name, this.#hasSamples(hints));
    const values = new Set<string>();
    for (const ref of this.#refs(matcherSets, hints)) values.add(this.#head.table.labels(ref).get(name));
    values.delete('');
    return [...values].sort(compareUtf8);
  }

  /** Series that pass any of the sets and have samples in the range, in order of creation. */
  #refs(matcherSets: MatcherSets, hints: SelectHints): SeriesRef[] {
    const selected =
      matcherSets.length === 0
        ? this.#head.index.select([])
        : [...new Set(matcherSets.flatMap((matchers) => this.#head.index.select(matchers)))].sort(
            (a, b) => a - b,
          );
    return selected.filter(this.#hasSamples(hints));
  }

  #hasSamples(hints: SelectHints): (ref: SeriesRef) => boolean {
    const startMs = Math.max(hints.startMs, this.#floorMs());
    return (ref) => this.#head.hasSamples(ref, startMs, hints.endMs);
  }
}
