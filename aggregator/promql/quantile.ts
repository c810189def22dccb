import { goSort } from './go-sort.ts';

/** The quantile of values, by linear interpolation between the two next to the rank. Sorts its argument. */
export function quantile(q: number, values: Float64Array): number {
  const n = values.length;
  if (n === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  sortValues(values);
  const rank = q * (n - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(n - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return values[lower]! * (1 - weight) + values[upper]! * weight;
}

/** NaN sorts before all numbers. Where it or a zero's sign could show, the order is made as Go makes it. */
function sortValues(values: Float64Array): void {
  for (const value of values)
    if (Number.isNaN(value) || value === 0) {
      goSort({
        length: values.length,
        less: (i, j) => Number.isNaN(values[i]!) || values[i]! < values[j]!,
        swap: (i, j) => {
          const kept = values[i]!;
          values[i] = values[j]!;
          values[j] = kept;
        },
      });
      return;
    }
  values.sort();
}
