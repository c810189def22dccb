import { compareUtf8, type Label, Labels } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { SeriesRef } from './series-table.ts';

/** The series that have one value of one label, in order of creation. */
interface Posting {
  readonly value: string;
  refs: SeriesRef[];
}

interface LabelIndex {
  readonly name: string;
  readonly values: Map<string, Posting>;
}

/**
 * Label name → value → series. Matchers narrow the smallest list they can start from; each looks at a label
 * value at most once, however many series have it.
 */
export class Postings {
  readonly #labelsOf: (ref: SeriesRef) => Labels;
  readonly #names = new Map<string, LabelIndex>();
  #all: SeriesRef[] = [];

  constructor(labelsOf: (ref: SeriesRef) => Labels) {
    this.#labelsOf = labelsOf;
  }

  get size(): number {
    return this.#all.length;
  }

  /** The same labels made of strings that the index holds already, so that a value is in memory once. */
  intern(labels: Labels): Labels {
    const pairs: Label[] = [];
    for (const [name, value] of labels) {
      const index = this.#names.get(name);
      pairs.push([index?.name ?? name, index?.values.get(value)?.value ?? value]);
    }
    return Labels.fromPairs(pairs);
  }

  add(ref: SeriesRef, labels: Labels): void {
    insertSorted(this.#all, ref);
    for (const [name, value] of labels) {
      let index = this.#names.get(name);
      if (index === undefined) this.#names.set(name, (index = { name, values: new Map() }));
      const posting = index.values.get(value);
      if (posting === undefined) index.values.set(value, { value, refs: [ref] });
      else insertSorted(posting.refs, ref);
    }
  }

  /** Takes many series out at once: each list they are in is gone through one time. */
  removeAll(refs: ReadonlySet<SeriesRef>): void {
    if (refs.size === 0) return;
    this.#all = this.#all.filter((ref) => !refs.has(ref));
    const touched = new Map<Posting, LabelIndex>();
    for (const ref of refs) {
      for (const [name, value] of this.#labelsOf(ref)) {
        const index = this.#names.get(name);
        const posting = index?.values.get(value);
        if (index !== undefined && posting !== undefined) touched.set(posting, index);
      }
    }
    for (const [posting, index] of touched) {
      posting.refs = posting.refs.filter((ref) => !refs.has(ref));
      if (posting.refs.length === 0) index.values.delete(posting.value);
      if (index.values.size === 0) this.#names.delete(index.name);
    }
  }

  /** Series that pass all matchers, in order of creation. Not to be changed by the caller. */
  select(matchers: readonly Matcher[]): readonly SeriesRef[] {
    const [first, rest] = this.#start(matchers);
    let refs: readonly SeriesRef[] = first;
    for (const matcher of rest) {
      if (refs.length === 0) break;
      refs = this.#narrow(refs, matcher);
    }
    return refs;
  }

  /** The shortest list that a matcher gives, and the matchers still to be applied to it. */
  #start(matchers: readonly Matcher[]): [readonly SeriesRef[], readonly Matcher[]] {
    let best: Matcher | undefined;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const matcher of matchers) {
      if (matcher.matchesEmpty) continue;
      const values = this.#names.get(matcher.name)?.values;
      if (values === undefined) return [[], []];
      // An equality costs its list; anything else may have to look at every value, and rarely selects less.
      const cost =
        matcher.operator === '='
          ? (values.get(matcher.value)?.refs.length ?? 0)
          : this.#all.length + values.size;
      if (cost < bestCost) [best, bestCost] = [matcher, cost];
    }
    if (best === undefined) return [this.#all, matchers];
    const rest = matchers.filter((matcher) => matcher !== best);
    const values = this.#names.get(best.name)!.values;
    if (best.operator === '=') return [values.get(best.value)?.refs ?? [], rest];
    const lists: SeriesRef[][] = [];
    for (const { value, refs } of values.values()) if (best.matches(value)) lists.push(refs);
    return [union(lists), rest];
  }

  #narrow(refs: readonly SeriesRef[], matcher: Matcher): readonly SeriesRef[] {
    const verdicts = new Map<string, boolean>();
    return refs.filter((ref) => {
      const value = this.#labelsOf(ref).get(matcher.name);
      let verdict = verdicts.get(value);
      if (verdict === undefined) verdicts.set(value, (verdict = matcher.matches(value)));
      return verdict;
    });
  }

  /** Names of labels of which some series passes the test, sorted. */
  names(test: (ref: SeriesRef) => boolean): string[] {
    const names: string[] = [];
    for (const { name, values } of this.#names.values()) {
      for (const posting of values.values()) {
        if (!posting.refs.some(test)) continue;
        names.push(name);
        break;
      }
    }
    return names.sort(compareUtf8);
  }

  /** Values of a label of which some series passes the test, sorted. */
  values(name: string, test: (ref: SeriesRef) => boolean): string[] {
    const values: string[] = [];
    for (const { value, refs } of this.#names.get(name)?.values.values() ?? []) {
      if (refs.some(test)) values.push(value);
    }
    return values.sort(compareUtf8);
  }
}

function insertSorted(refs: SeriesRef[], ref: SeriesRef): void {
  const length = refs.length;
  if (length === 0 || refs[length - 1]! < ref) {
    refs.push(ref);
    return;
  }
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (refs[middle]! < ref) low = middle + 1;
    else high = middle;
  }
  if (refs[low] !== ref) refs.splice(low, 0, ref);
}

/** The lists are disjoint: a series has one value of a label. */
function union(lists: readonly SeriesRef[][]): readonly SeriesRef[] {
  if (lists.length <= 1) return lists[0] ?? [];
  return Array.from(Uint32Array.from(lists.flat()).sort());
}
