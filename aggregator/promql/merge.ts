import { duplicateLabels, type EvalContext } from './context.ts';
import { ABSENT, isEmptySeries, isInstant, type StepSeries } from './value.ts';

/** Makes a series of each, letting others run in between. */
export async function mapSeries(
  ctx: EvalContext,
  vector: readonly StepSeries[],
  map: (series: StepSeries, index: number) => StepSeries,
): Promise<StepSeries[]> {
  const mapped: StepSeries[] = [];
  for (let i = 0; i < vector.length; i++) {
    if (ctx.budget.isDue) await ctx.budget.rest();
    mapped.push(map(vector[i]!, i));
  }
  return mapped;
}

/**
 * Makes an instant vector of the series an operation gave. Series with the same labels become one where they
 * have no step in common, else the vector is refused. At a single moment with names still on, equal labels
 * may stand: they are told apart at the end of evaluation.
 */
export function collect(ctx: EvalContext, series: readonly StepSeries[]): StepSeries[] {
  const present = series.filter((one) => !isEmptySeries(one));
  if (isInstant(ctx.steps)) {
    if (!ctx.delayedNameRemoval && hasDuplicates(present)) throw duplicateLabels();
    return present;
  }
  return mergeSameLabels(present);
}

/** Series with the same labels become one. Refused where two have a sample at the same step. */
export function mergeSameLabels(series: readonly StepSeries[]): StepSeries[] {
  if (!hasDuplicates(series)) return series as StepSeries[];
  const merged = new Map<string, StepSeries>();
  for (const one of series) {
    const same = merged.get(one.labels.key);
    merged.set(one.labels.key, same ? join(same, one) : one);
  }
  return [...merged.values()];
}

export function hasDuplicates(series: readonly StepSeries[]): boolean {
  if (series.length < 2) return false;
  const keys = new Set<string>();
  for (const { labels } of series) keys.add(labels.key);
  return keys.size < series.length;
}

function join(a: StepSeries, b: StepSeries): StepSeries {
  const kinds = a.kinds.slice();
  const values = a.values.slice();
  const histograms =
    a.histograms || b.histograms ? Array.from(kinds, (_, step) => a.histograms?.[step]) : undefined;
  for (let step = 0; step < kinds.length; step++) {
    if (b.kinds[step] === ABSENT) continue;
    if (kinds[step] !== ABSENT) throw duplicateLabels();
    kinds[step] = b.kinds[step]!;
    values[step] = b.values[step]!;
    if (histograms) histograms[step] = b.histograms?.[step];
  }
  return { labels: a.labels, dropName: a.dropName, kinds, values, histograms };
}
