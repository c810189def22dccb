import { type Labels, METRIC_NAME } from '../../model/labels.ts';
import { Matcher } from '../../model/matcher.ts';
import type { EvalContext } from './context.ts';
import { executionError } from './context.ts';
import { mergeSameLabels } from './merge.ts';
import type { Plan } from './plan.ts';
import { walkPlan } from './plan-walk.ts';
import type { SelectedSeries } from './selection.ts';
import { findNewest } from './selector.ts';
import type { StepSeries } from './value.ts';
import { ABSENT, columnWeight, HISTOGRAM, StepColumns } from './value.ts';

/** Info metrics belong to the series that share these with them. */
const IDENTIFYING = ['instance', 'job'];

/** An info series and, for each step, which of its samples counts (-1: none). */
interface InfoSeries {
  readonly labels: Labels;
  readonly signature: string;
  readonly newest: Int32Array;
  readonly timestamps: Float64Array;
}

/**
 * info(v, {selector}): adds the data labels of info metrics (`target_info` unless the selector names others)
 * to the series they belong to. A selector that asks for labels drops series without them.
 */
export async function enrichWithInfo(
  ctx: EvalContext,
  vector: readonly StepSeries[],
  argument: Plan,
  selector: Plan | undefined,
): Promise<StepSeries[]> {
  const asked = selector?.kind === 'selector' ? selector.matchers : [];
  const nameMatchers = infoNames(asked.filter(({ name }) => name === METRIC_NAME));
  const dataMatchers = asked.filter(({ name }) => name !== METRIC_NAME);
  const isInfo = (series: StepSeries) =>
    nameMatchers.every((matcher) => matcher.matches(series.labels.metricName));
  const base = vector.filter((series) => !isInfo(series));
  const infos = await selectInfos(ctx, base, nameMatchers, dataMatchers, argument);
  const needsMatch = dataMatchers.some((matcher) => !matcher.matchesEmpty);
  const wanted = dataMatchers.length > 0 ? new Set(dataMatchers.map(({ name }) => name)) : undefined;

  const outputs = new Map<StepSeries, Map<string, StepColumns>>();
  const labelsOf = new Map<StepColumns, Labels>();
  for (let step = 0; step < ctx.steps.count; step++) {
    if (ctx.budget.isDue) await ctx.budget.rest();
    const newest = newestInfos(infos, step);
    for (const series of vector) {
      if (series.kinds[step] === ABSENT) continue;
      const labels = isInfo(series)
        ? series.labels
        : enriched(series.labels, newest, infos, wanted, needsMatch);
      if (!labels) continue;
      const columns = outputs.get(series) ?? new Map<string, StepColumns>();
      outputs.set(series, columns);
      let out = columns.get(labels.key);
      if (!out) {
        ctx.budget.ensure((labelsOf.size + 1) * columnWeight(ctx.steps.count));
        out = new StepColumns(ctx.steps.count);
        columns.set(labels.key, out);
        labelsOf.set(out, labels);
      }
      if (series.kinds[step] === HISTOGRAM) out.setHistogram(step, series.histograms![step]!);
      else out.setFloat(step, series.values[step]!);
    }
  }
  const results: StepSeries[] = [];
  for (const [series, columns] of outputs)
    for (const out of columns.values()) results.push(out.series(labelsOf.get(out)!, series.dropName));
  return mergeSameLabels(results);
}

/** Labels with those of the info metrics; undefined where the series is to be dropped. */
function enriched(
  labels: Labels,
  newest: ReadonlyMap<string, InfoSeries>,
  infos: readonly InfoSeries[],
  wanted: ReadonlySet<string> | undefined,
  needsMatch: boolean,
): Labels | undefined {
  const added: Record<string, string> = {};
  let matched = false;
  for (const name of new Set(infos.map((info) => info.labels.metricName))) {
    const info = newest.get(signatureOf(name, labels));
    if (!info) continue;
    matched = true;
    for (const [label, value] of info.labels) {
      if (label === METRIC_NAME || (wanted && !wanted.has(label))) continue;
      if (Object.hasOwn(added, label) && added[label] !== value)
        throw executionError(`conflicting label: ${label}`);
      if (!labels.has(label)) added[label] = value;
    }
  }
  if (!matched && needsMatch) return undefined;
  return labels.with(added);
}

/** The newest info series of each signature. Two of the same age contradict each other. */
function newestInfos(infos: readonly InfoSeries[], step: number): Map<string, InfoSeries> {
  const newest = new Map<string, InfoSeries>();
  const timeOf = (info: InfoSeries) => info.timestamps[info.newest[step]!]!;
  for (const info of infos) {
    if (info.newest[step]! < 0) continue;
    const other = newest.get(info.signature);
    if (other && timeOf(other) === timeOf(info))
      throw executionError(
        `found duplicate series for info metric: existing ${other.labels} @ ${timeOf(other)}, new ${info.labels} @ ${timeOf(info)}`,
      );
    if (!other || timeOf(other) < timeOf(info)) newest.set(info.signature, info);
  }
  return newest;
}

async function selectInfos(
  ctx: EvalContext,
  base: readonly StepSeries[],
  nameMatchers: readonly Matcher[],
  dataMatchers: readonly Matcher[],
  argument: Plan,
): Promise<InfoSeries[]> {
  const identifying = IDENTIFYING.flatMap((name) => {
    const values = new Set(base.map((series) => series.labels.get(name)).filter((value) => value !== ''));
    return values.size === 0 ? [] : [new Matcher(name, '=~', [...values].map(escapeRegex).join('|'))];
  });
  if (identifying.length === 0) return [];
  const { atMs, offsetMs } = timeOfArgument(argument);
  const { steps, lookbackMs } = ctx;
  const startMs = (atMs ?? steps.startMs) - offsetMs - lookbackMs + 1;
  const endMs = (atMs ?? steps.endMs) - offsetMs;
  const selected: SelectedSeries[] = await ctx.querier.select(
    [...identifying, ...dataMatchers, ...nameMatchers],
    { startMs, endMs },
  );
  const infos: InfoSeries[] = [];
  for (const series of selected) {
    ctx.budget.hold(series.timestamps.length);
    const newest = new Int32Array(steps.count);
    const at = atMs === undefined ? undefined : atMs - offsetMs;
    if (!findNewest(series, steps, offsetMs, lookbackMs, newest, at)) continue;
    if (newest.some((index) => index >= 0 && series.histograms?.[index]))
      throw executionError(`this should be an info metric, with float samples: ${series.labels}`);
    const { labels, timestamps } = series;
    infos.push({ labels, signature: signatureOf(labels.metricName, labels), newest, timestamps });
  }
  return infos;
}

/** Which metrics are info metrics. Where only names are excluded, all others that end in _info. */
function infoNames(matchers: readonly Matcher[]): readonly Matcher[] {
  if (matchers.length === 0) return [new Matcher(METRIC_NAME, '=', 'target_info')];
  if (matchers.some(({ operator }) => operator === '=' || operator === '=~')) return matchers;
  return [new Matcher(METRIC_NAME, '=~', '.+_info'), ...matchers];
}

/** `@` and offset of the first selector, with those of the subqueries around it up to the first `@`. */
function timeOfArgument(plan: Plan): { atMs: number | undefined; offsetMs: number } {
  let atMs: number | undefined;
  let offsetMs = 0;
  walkPlan(plan, (node, path) => {
    if (node.kind !== 'selector') return true;
    atMs = node.atMs;
    offsetMs = node.offsetMs;
    for (const above of path.toReversed()) {
      if (atMs !== undefined) break;
      if (above.kind !== 'subquery') continue;
      offsetMs += above.offsetMs;
      atMs = above.atMs;
    }
    return false;
  });
  return { atMs, offsetMs };
}

function signatureOf(name: string, labels: Labels): string {
  return `${name}\xff${labels.only(...IDENTIFYING).key}`;
}

function escapeRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}
