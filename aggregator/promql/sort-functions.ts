import type { Labels } from '../../model/labels.ts';
import { compareUtf8, Labels as LabelSet } from '../../model/labels.ts';
import { goSort } from './go-sort.ts';
import type { StepSeries } from './value.ts';
import { ABSENT, FLOAT, isEmptySeries } from './value.ts';

/** Floats in order of value at a single step, NaN last. In a range there is nothing to order. */
export function sortByValue(
  vector: readonly StepSeries[],
  direction: 'ascending' | 'descending',
  instant: boolean,
): StepSeries[] {
  const floats = vector.map(floatsOnly).filter((series) => !isEmptySeries(series));
  if (!instant) return floats;
  const sign = direction === 'ascending' ? 1 : -1;
  // The reference sorts the other way round with NaN first, and reads it backwards.
  const less = (a: number, b: number) => Number.isNaN(a) || sign * a > sign * b;
  goSort({
    length: floats.length,
    less: (i, j) => less(floats[j]!.values[0]!, floats[i]!.values[0]!),
    swap: (i, j) => {
      [floats[i], floats[j]] = [floats[j]!, floats[i]!];
    },
  });
  return floats;
}

/** In natural order of some labels (`a2` before `a10`), then of all. */
export function sortByLabel(
  vector: readonly StepSeries[],
  names: readonly string[],
  direction: 'ascending' | 'descending',
): StepSeries[] {
  const sign = direction === 'ascending' ? 1 : -1;
  return vector.toSorted((a, b) => sign * compareByLabels(a.labels, b.labels, names));
}

function compareByLabels(a: Labels, b: Labels, names: readonly string[]): number {
  for (const name of names) {
    const left = a.get(name);
    const right = b.get(name);
    if (left !== right) return naturallyLess(left, right) ? -1 : 1;
  }
  return LabelSet.compare(a, b);
}

/** Chunk by chunk, digits as numbers where both are. */
function naturallyLess(a: string, b: string): boolean {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (const [i, chunk] of left.entries()) {
    const other = right[i];
    if (other === undefined) return false;
    const bothNumbers = isInteger(chunk) && isInteger(other);
    if (bothNumbers ? Number(chunk) !== Number(other) : chunk !== other)
      return bothNumbers ? Number(chunk) < Number(other) : compareUtf8(chunk, other) < 0;
    if (i === left.length - 1) return true;
    if (i === right.length - 1) return false;
  }
  return false;
}

/** What Go's Atoi takes: digits that fit into 64 bits. */
function isInteger(chunk: string): boolean {
  return /^\d+$/.test(chunk) && BigInt(chunk) < 2n ** 63n;
}

function floatsOnly(series: StepSeries): StepSeries {
  if (!series.histograms) return series;
  return {
    ...series,
    kinds: series.kinds.map((kind) => (kind === FLOAT ? FLOAT : ABSENT)),
    histograms: undefined,
  };
}
