import { compareUtf8, quote } from '../../model/labels.ts';
import type { Engine } from '../engine/engine.ts';
import { ApiError, withParameter } from './api-error.ts';
import type { ApiRequest } from './endpoint.ts';
import { type ApiAnswer, toJson } from './envelope.ts';
import { matcherSets, parseLimit, plainMatcherSets, timeRange } from './parameters.ts';
import { labelsJson, list } from './result-json.ts';

const TRUNCATED = 'results truncated due to limit';

/** `/api/v1/labels`: names of labels, sorted. */
export async function labelNames(engine: Engine, { parameters }: ApiRequest): Promise<ApiAnswer> {
  const limit = parseLimit(parameters);
  const range = timeRange(parameters);
  const sets = plainMatcherSets(parameters);
  return sortedStrings(await engine.labelNames(sets, range), limit);
}

/** `/api/v1/label/:name/values`: values of one label, sorted. */
export async function labelValues(engine: Engine, { parameters, path }: ApiRequest): Promise<ApiAnswer> {
  const name = unescapeName(path['name'] ?? '');
  if (name === '' || !name.isWellFormed()) {
    throw new ApiError('bad_data', `invalid label name: ${quote(name)}`);
  }
  const limit = parseLimit(parameters);
  const range = timeRange(parameters);
  const sets = plainMatcherSets(parameters);
  return sortedStrings(await engine.labelValues(name, sets, range), limit);
}

/** `/api/v1/series`: the labels of all series that pass any of the selectors. */
export async function series(engine: Engine, { parameters }: ApiRequest): Promise<ApiAnswer> {
  if (parameters.getAll('match[]').length === 0) {
    throw new ApiError('bad_data', 'no match[] parameter provided');
  }
  const limit = parseLimit(parameters);
  const range = timeRange(parameters);
  const sets = withParameter('match[]', () => matcherSets(parameters));
  const found = await engine.series(sets, range);
  const shown = limit > 0 ? found.slice(0, limit) : found;
  return {
    data: list(shown, (labels) => [labelsJson(labels)]),
    warnings: shown.length < found.length ? [TRUNCATED] : [],
  };
}

function sortedStrings(strings: readonly string[], limit: number): ApiAnswer {
  const sorted = [...strings].sort(compareUtf8);
  const shown = limit > 0 ? sorted.slice(0, limit) : sorted;
  return {
    data: list(shown, (text) => [toJson(text)]),
    warnings: shown.length < sorted.length ? [TRUNCATED] : [],
  };
}

/**
 * Names that are no legacy names stand in a path as `U__` and the name with `__` for each underscore and `_hex_`
 * for each other character. What does not decode is taken as it is.
 */
function unescapeName(name: string): string {
  if (!name.startsWith('U__')) return name;
  const escaped = name.slice(3);
  if (!/^(?:[a-zA-Z0-9:]|__|_[\da-fA-F]{1,6}_)*$/.test(escaped)) return name;
  const codes = [...escaped.matchAll(/_([\da-fA-F]+)_/g)].map(([, hex]) => Number.parseInt(hex!, 16));
  if (codes.some((code) => code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))) return name;
  return escaped.replace(/__|_([\da-fA-F]+)_/g, (_, hex?: string) =>
    hex === undefined ? '_' : String.fromCodePoint(Number.parseInt(hex, 16)),
  );
}
