import {
  compareUtf8,
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  METRIC_NAME,
} from '../../model/labels.ts';
import { isStale } from '../../model/sample.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Engine, SeriesData } from '../engine/engine.ts';
import { formatShortest } from '../promql/go-number.ts';
import type { ApiRequest, TextAnswer } from './endpoint.ts';
import { plainMatcherSets } from './parameters.ts';

/** How old a newest sample may be: Prometheus' default lookback. */
const LOOKBACK_MS = 5 * 60_000;
const INSTANCE = 'instance';

/**
 * `/federate`: the newest sample of each selected series in the text format, for a Prometheus that scrapes the hub.
 * As there, all are untyped, sorted by name, and native histograms, which the format has no place for, are left out.
 */
export async function federate(
  { engine, clock }: { engine: Engine; clock: Clock },
  { parameters, accept }: ApiRequest,
): Promise<TextAnswer> {
  const sets = plainMatcherSets(parameters);
  const endMs = clock.now();
  const found = await Promise.all(
    sets.map((matchers) => engine.select(matchers, { startMs: endMs - LOOKBACK_MS, endMs })),
  );
  // A series that several selectors find is one.
  const distinct = new Map(found.flat().map((series) => [series.labels.toString(), series]));
  const named = [...distinct.values()].filter((series) => nameOf(series) !== '' && newestFloat(series) >= 0);
  named.sort((a, b) => compareUtf8(nameOf(a), nameOf(b)));
  const isUtf8 = /;\s*escaping=allow-utf-8\b/.test(accept);
  return {
    contentType: `text/plain; version=0.0.4; charset=utf-8; escaping=${isUtf8 ? 'allow-utf-8' : 'underscores'}`,
    text: exposition(named, isUtf8),
  };
}

function* exposition(sorted: readonly SeriesData[], isUtf8: boolean): Generator<string> {
  let family = '';
  for (const series of sorted) {
    const name = nameOf(series);
    if (name !== family) {
      const shown = isUtf8 && !isLegacyMetricName(name) ? quoted(name) : legacyName(name, isUtf8);
      yield `# TYPE ${shown} untyped\n`;
      family = name;
    }
    const index = newestFloat(series);
    const value = formatShortest(series.values[index]!);
    yield `${seriesText(series.labels, name, isUtf8)} ${value} ${series.timestamps[index]!}\n`;
  }
}

/** -1 where the newest sample is a stale marker or a native histogram. */
function newestFloat({ timestamps, values, histograms }: SeriesData): number {
  const last = timestamps.length - 1;
  return last < 0 || histograms?.[last] || isStale(values, last) ? -1 : last;
}

/**
 * A series without an instance is given an empty one: the Prometheus that scrapes with `honor_labels` would put
 * the hub's address there.
 */
function seriesText(labels: Labels, name: string, isUtf8: boolean): string {
  const isQuotedName = isUtf8 && !isLegacyMetricName(name);
  const pairs: string[] = isQuotedName ? [quoted(name)] : [];
  for (const [label, value] of labels) {
    if (label === METRIC_NAME) continue;
    const shown = isUtf8 && !isLegacyLabelName(label) ? quoted(label) : legacyName(label, isUtf8);
    pairs.push(`${shown}=${quoted(value)}`);
  }
  if (labels.get(INSTANCE) === '') pairs.push(`${INSTANCE}=""`);
  return `${isQuotedName ? '' : legacyName(name, isUtf8)}{${pairs.join(',')}}`;
}

/** A client that does not say it takes UTF-8 names is given underscores for what older ones do not know. */
function legacyName(name: string, isUtf8: boolean): string {
  return isUtf8 ? name : name.replace(/[^a-zA-Z0-9_:]/gu, '_').replace(/^(?=\d)/, '_');
}

function quoted(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"')}"`;
}

function nameOf({ labels }: SeriesData): string {
  return labels.get(METRIC_NAME);
}
