import { RE2JS } from 're2js';
import { METRIC_NAME } from '../../model/labels.ts';
import { QueryError } from '../engine/engine.ts';
import { executionError } from './context.ts';
import { mergeSameLabels } from './merge.ts';
import type { Plan } from './plan.ts';
import type { StepSeries } from './value.ts';

/** label_replace(v, destination, replacement, source, regex) */
export function labelReplace(vector: readonly StepSeries[], args: readonly Plan[]): StepSeries[] {
  const [destination, replacement, source, regex] = args.map(stringOf) as [string, string, string, string];
  const pattern = compileReplace(regex);
  if (!isLabelName(destination))
    throw executionError(`invalid destination label name in label_replace(): ${destination.toWellFormed()}`);
  const expand = compileTemplate(replacement);
  // Series share label values: each value is matched once.
  const replaced = new Map<string, string | undefined>();
  return mergeSameLabels(
    vector.map((series) => {
      const value = series.labels.get(source);
      if (!replaced.has(value)) replaced.set(value, expandMatch(pattern, value, expand));
      const result = replaced.get(value);
      return result === undefined ? series : relabelled(series, destination, result);
    }),
  );
}

/** label_join(v, destination, separator, source, …) */
export function labelJoin(vector: readonly StepSeries[], args: readonly Plan[]): StepSeries[] {
  const [destination, separator, ...sources] = args.map(stringOf) as [string, string, ...string[]];
  for (const source of sources)
    if (!isLabelName(source))
      throw executionError(`invalid source label name in label_join(): ${source.toWellFormed()}`);
  if (!isLabelName(destination))
    throw executionError(`invalid destination label name in label_join(): ${destination.toWellFormed()}`);
  return mergeSameLabels(
    vector.map((series) =>
      relabelled(series, destination, sources.map((name) => series.labels.get(name)).join(separator)),
    ),
  );
}

export function stringOf(plan: Plan): string {
  if (plan.kind !== 'string') throw new Error('BUG: the parser takes only a string here');
  return plan.value;
}

/** A metric that is given a name keeps it. */
function relabelled(series: StepSeries, name: string, value: string): StepSeries {
  const labels = series.labels.with({ [name]: value });
  return { ...series, labels, dropName: name === METRIC_NAME ? false : series.dropName };
}

function isLabelName(name: string): boolean {
  return name !== '' && name.isWellFormed();
}

function compileReplace(regex: string): RE2JS {
  try {
    return RE2JS.compile(`^(?s:${regex})$`);
  } catch (error) {
    throw new QueryError('execution', `invalid regular expression in label_replace(): ${regex}`, {
      cause: error,
    });
  }
}

type Group = (name: string) => string;
type Template = (group: Group) => string;

function expandMatch(pattern: RE2JS, value: string, expand: Template): string | undefined {
  const matcher = pattern.matcher(value);
  if (!matcher.find()) return undefined;
  const names = pattern.namedGroups();
  return expand((name) => {
    const number = /^\d+$/.test(name) ? Number(name) : names[name];
    if (number === undefined || number > matcher.groupCount()) return '';
    return matcher.group(number) ?? '';
  });
}

/** Go's Regexp.Expand: `$name` takes the longest name, `${name}` is exact, `$$` is a dollar sign. */
function compileTemplate(template: string): Template {
  const parts: (string | { readonly name: string })[] = [];
  let rest = template;
  for (;;) {
    const at = rest.indexOf('$');
    if (at === -1) break;
    parts.push(rest.slice(0, at));
    rest = rest.slice(at);
    if (rest.startsWith('$$')) {
      parts.push('$');
      rest = rest.slice(2);
      continue;
    }
    const reference = /^\$(?:\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/u.exec(rest);
    if (!reference) {
      // Not a reference: the dollar sign stands for itself.
      parts.push('$');
      rest = rest.slice(1);
      continue;
    }
    parts.push({ name: reference[1] ?? reference[2]! });
    rest = rest.slice(reference[0].length);
  }
  parts.push(rest);
  return (group) => parts.map((part) => (typeof part === 'string' ? part : group(part.name))).join('');
}
