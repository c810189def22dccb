import type { Labels } from '../../model/labels.ts';
import { Labels as LabelSet, METRIC_NAME } from '../../model/labels.ts';
import type { StepSeries } from './value.ts';
import { ABSENT } from './value.ts';

/** Which group each series belongs to; groups are numbered in the order they are first seen. */
export interface Grouping {
  readonly groupOf: Int32Array;
  readonly labels: readonly Labels[];
}

export function groupBy(vector: readonly StepSeries[], names: readonly string[], without: boolean): Grouping {
  const groupOf = new Int32Array(vector.length);
  const labels: Labels[] = [];
  const numbers = new Map<string, number>();
  for (let i = 0; i < vector.length; i++) {
    const group = groupLabels(vector[i]!.labels, names, without);
    let number = numbers.get(group.key);
    if (number === undefined) {
      number = labels.push(group) - 1;
      numbers.set(group.key, number);
    }
    groupOf[i] = number;
  }
  return { groupOf, labels };
}

export function groupLabels(labels: Labels, names: readonly string[], without: boolean): Labels {
  if (without) return labels.without(METRIC_NAME, ...names);
  return names.length === 0 ? LabelSet.empty : labels.only(...names);
}

/** The series of each group, in the order of the vector. */
export function groupMembers(vector: readonly StepSeries[], { groupOf, labels }: Grouping): StepSeries[][] {
  const members = labels.map((): StepSeries[] => []);
  for (let i = 0; i < vector.length; i++) members[groupOf[i]!]!.push(vector[i]!);
  return members;
}

/**
 * Whether a group's name is to go at the end: as the last step with a sample of it says, where any series
 * with a sample at that step says so.
 */
export function groupDropsName(
  vector: readonly StepSeries[],
  { groupOf, labels }: Grouping,
): readonly boolean[] {
  const lastStep = new Int32Array(labels.length).fill(-1);
  const drops = labels.map(() => false);
  if (!vector.some((series) => series.dropName)) return drops;
  for (let i = 0; i < vector.length; i++) {
    const group = groupOf[i]!;
    const { kinds, dropName } = vector[i]!;
    let last = kinds.length - 1;
    while (last >= 0 && kinds[last] === ABSENT) last--;
    if (last > lastStep[group]!) {
      lastStep[group] = last;
      drops[group] = dropName;
    } else if (last === lastStep[group] && dropName) drops[group] = true;
  }
  return drops;
}
