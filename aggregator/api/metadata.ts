import { compareUtf8 } from '../../model/labels.ts';
import type { MetricMetadata } from '../../model/metadata.ts';
import type { Engine } from '../engine/engine.ts';
import { ApiError } from './api-error.ts';
import type { ApiRequest } from './endpoint.ts';
import { type ApiAnswer, toJson } from './envelope.ts';
import { type Parameters, parseInteger } from './parameters.ts';

/** `/api/v1/metadata`: what targets say of metric families. */
export async function metadata(engine: Engine, { parameters }: ApiRequest): Promise<ApiAnswer> {
  // 0 families when asked for 0; no bound when left out or negative.
  const limit = countParameter(parameters, 'limit');
  const perMetric = countParameter(parameters, 'limit_per_metric');
  const metric = parameters.get('metric');
  const all = await engine.metadata();
  const families = metric === '' ? [...all.keys()].sort(compareUtf8) : [metric].filter((one) => all.has(one));
  const shown = limit >= 0 ? families.slice(0, limit) : families;
  return {
    data: members(shown, (family) => {
      const entries = perMetric > 0 ? all.get(family)!.slice(0, perMetric) : all.get(family)!;
      return toJson(entries.map(({ type, unit, help }: MetricMetadata) => ({ type, unit, help })));
    }),
  };
}

function* members(names: readonly string[], json: (name: string) => string): Generator<string> {
  let separator = '{';
  for (const name of names) {
    yield `${separator}${toJson(name)}:${json(name)}`;
    separator = ',';
  }
  yield separator === '{' ? '{}' : '}';
}

function countParameter(parameters: Parameters, name: string): number {
  const text = parameters.get(name);
  if (text === '') return -1;
  try {
    return parseInteger(text);
  } catch {
    throw new ApiError('bad_data', `${name} must be a number`);
  }
}
