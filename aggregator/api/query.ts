import { quote } from '../../model/labels.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Engine, QueryOptions, QueryResult, QueryValue } from '../engine/engine.ts';
import { ApiError, invalidParameter, withParameter } from './api-error.ts';
import type { ApiRequest } from './endpoint.ts';
import type { ApiAnswer } from './envelope.ts';
import { optionalTimeMs, type Parameters, parseLimit } from './parameters.ts';
import { queryResultJson } from './result-json.ts';
import { parseDurationMs, parseTimeMs } from './time-parameters.ts';

/** Enough for 60 s resolution for a week or 1 h for a year. */
const MAX_STEPS = 11_000;

/** `/api/v1/query`: the value of an expression at one time. */
export async function instantQuery(
  { engine, clock }: { engine: Engine; clock: Clock },
  { parameters, signal }: ApiRequest,
): Promise<ApiAnswer> {
  const limit = parseLimit(parameters);
  const timeMs = optionalTimeMs(parameters, 'time', clock.now());
  const options = queryOptions(parameters, limit);
  return answer(await engine.query({ ...options, timeMs }, signal), parameters, limit);
}

/** `/api/v1/query_range`: the values of an expression over a range of time. */
export async function rangeQuery(
  { engine }: { engine: Engine },
  { parameters, signal }: ApiRequest,
): Promise<ApiAnswer> {
  const limit = parseLimit(parameters);
  const startMs = withParameter('start', () => parseTimeMs(parameters.get('start')));
  const endMs = withParameter('end', () => parseTimeMs(parameters.get('end')));
  if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start time');
  const stepMs = withParameter('step', () => parseDurationMs(parameters.get('step')));
  // Time has milliseconds: a shorter step would stand still.
  if (stepMs < 1) {
    throw invalidParameter(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  }
  if (Math.floor((endMs - startMs) / stepMs) > MAX_STEPS) {
    throw new ApiError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  const options = queryOptions(parameters, limit);
  const result = await engine.queryRange({ ...options, startMs, endMs, stepMs: Math.trunc(stepMs) }, signal);
  return answer(result, parameters, limit);
}

function queryOptions(parameters: Parameters, limit: number): QueryOptions {
  const timeout = parameters.get('timeout');
  const timeoutMs = timeout && withParameter('timeout', () => parseDurationMs(timeout));
  if (timeoutMs !== '' && timeoutMs <= 0) throw new ApiError('execution', 'context deadline exceeded');
  const lookbackMs = parseLookback(parameters.get('lookback_delta'));
  return {
    query: parameters.get('query'),
    ...(timeoutMs !== '' && { timeoutMs }),
    ...(lookbackMs > 0 && { lookbackMs }),
    // One more than is wanted, to see that there is more.
    ...(limit > 0 && { limit: limit + 1 }),
  };
}

/** 0 where the engine's own counts. */
function parseLookback(text: string): number {
  if (text === '') return 0;
  try {
    return parseDurationMs(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ApiError('bad_data', `error parsing lookback delta duration: ${error.message}`);
  }
}

function answer(result: QueryResult, parameters: Parameters, limit: number): ApiAnswer {
  const warnings = [...result.warnings];
  const value = truncated(result.value, limit);
  if (value !== result.value) warnings.push('results truncated due to limit');
  const stats = parameters.get('stats');
  if (stats !== '' && stats !== 'true' && stats !== 'all') {
    warnings.push(
      `value ${quote(stats)} for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"`,
    );
  }
  return { data: queryResultJson(value), warnings, infos: result.infos };
}

/** Scalars and strings are one value and stay. */
function truncated(value: QueryValue, limit: number): QueryValue {
  if (limit === 0) return value;
  if (value.type === 'vector' && value.samples.length > limit) {
    return { ...value, samples: value.samples.slice(0, limit) };
  }
  if (value.type === 'matrix' && value.series.length > limit) {
    return { ...value, series: value.series.slice(0, limit) };
  }
  return value;
}
