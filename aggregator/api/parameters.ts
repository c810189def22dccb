import { quote } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import { parseMetricSelector } from '../promql/parser.ts';
import { ApiError, invalidParameter, withParameter } from './api-error.ts';
import { MAX_TIME_MS, MIN_TIME_MS, parseTimeMs } from './time-parameters.ts';

/** The parameters of one request: those of a form body first, then those of the URL. */
export class Parameters {
  readonly #form: URLSearchParams;
  readonly #url: URLSearchParams;

  constructor(url: URLSearchParams, form: URLSearchParams = new URLSearchParams()) {
    this.#url = url;
    this.#form = form;
  }

  /** The first value, or an empty string: Prometheus does not tell an absent parameter from an empty one. */
  get(name: string): string {
    return this.#form.get(name) ?? this.#url.get(name) ?? '';
  }

  getAll(name: string): string[] {
    return [...this.#form.getAll(name), ...this.#url.getAll(name)];
  }

  /** The first value in the URL; some parameters count only there. */
  fromUrl(name: string): string {
    return this.#url.get(name) ?? '';
  }
}

/** Pairs that are not encoded rightly, or that hold a semicolon, are left out, as Go does. */
export function parsePairs(text: string): URLSearchParams {
  const pairs = text.split('&').filter((pair) => !pair.includes(';') && !/%(?![\da-fA-F]{2})/.test(pair));
  return new URLSearchParams(pairs.join('&'));
}

/** `limit`; 0 where there is none. */
export function parseLimit(parameters: Parameters, name = 'limit'): number {
  const text = parameters.get(name);
  if (text === '') return 0;
  return withParameter(name, () => {
    const limit = parseInteger(text);
    if (limit < 0) throw new SyntaxError('limit must be non-negative');
    return limit;
  });
}

/** Go's strconv.Atoi. Throws a SyntaxError in its words. */
export function parseInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new SyntaxError(`strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (BigInt.asIntN(64, value) !== value) {
    throw new SyntaxError(`strconv.Atoi: parsing ${quote(text)}: value out of range`);
  }
  return Number(value);
}

/** A time that may be left out. */
export function optionalTimeMs(parameters: Parameters, name: string, fallbackMs: number): number {
  const text = parameters.get(name);
  if (text === '') return fallbackMs;
  return withParameter(name, () => {
    try {
      return parseTimeMs(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new SyntaxError(`invalid time value for '${name}': ${error.message}`);
    }
  });
}

/** `start` and `end` of the endpoints that look at all time where they are left out. */
export function timeRange(parameters: Parameters): { readonly startMs: number; readonly endMs: number } {
  return {
    startMs: optionalTimeMs(parameters, 'start', MIN_TIME_MS),
    endMs: optionalTimeMs(parameters, 'end', MAX_TIME_MS),
  };
}

/** The selectors of `match[]`. Throws a SyntaxError or a ParseError where one is wrong or selects everything. */
export function matcherSets(parameters: Parameters): Matcher[][] {
  const sets = parameters.getAll('match[]').map(parseMetricSelector);
  if (sets.some((set) => set.every((matcher) => matcher.matchesEmpty))) {
    throw new SyntaxError('match[] must contain at least one non-empty matcher');
  }
  return sets;
}

/** As `matcherSets`; the error does not name the parameter, as most endpoints of Prometheus have it. */
export function plainMatcherSets(parameters: Parameters): Matcher[][] {
  try {
    return matcherSets(parameters);
  } catch (error) {
    if (error instanceof Error) throw new ApiError('bad_data', error.message, { cause: error });
    throw error;
  }
}

/** Go's strconv.ParseBool; an empty text is false. */
export function parseBoolean(name: string, text: string): boolean {
  const lower = text.toLowerCase();
  if (['', '0', 'f', 'false'].includes(lower)) return false;
  if (['1', 't', 'true'].includes(lower)) return true;
  const problem = `strconv.ParseBool: parsing ${quote(lower)}: invalid syntax`;
  throw invalidParameter(name, `error converting ${name}: ${problem}`);
}
