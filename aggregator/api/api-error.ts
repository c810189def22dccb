import { quote } from '../../model/labels.ts';
import { QueryError, StorageUnavailable } from '../engine/engine.ts';
import { ParseError } from '../promql/parser.ts';

/** The error types of the Prometheus API and the status each is answered with. */
const STATUS = {
  bad_data: 400,
  not_found: 404,
  execution: 422,
  /** nginx' code for a client that went away before the answer. */
  canceled: 499,
  internal: 500,
  unavailable: 500,
  timeout: 503,
} as const;

export type ApiErrorType = keyof typeof STATUS;

/** A request that is answered with `"status":"error"`. The message is Prometheus' where it has one. */
export class ApiError extends Error {
  readonly type: ApiErrorType;

  constructor(type: ApiErrorType, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiError';
    this.type = type;
  }

  get status(): number {
    return STATUS[this.type];
  }
}

export function invalidParameter(name: string, problem: string): ApiError {
  return new ApiError('bad_data', `invalid parameter ${quote(name)}: ${problem}`);
}

/** Runs a part of a handler whose errors are the fault of one parameter. */
export function withParameter<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ParseError)
      throw invalidParameter(name, error.message);
    throw error;
  }
}

/** What an error of the engine means for the client; undefined where it is a fault of our own. */
export function engineError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof QueryError) {
    // A query is refused as a parameter; all else speaks for itself.
    if (error.type === 'bad_data') return invalidParameter('query', error.message);
    return new ApiError(error.type, error.message, { cause: error });
  }
  if (error instanceof StorageUnavailable)
    return new ApiError('unavailable', error.message, { cause: error });
  if (error instanceof Error && error.name === 'AbortError') {
    return new ApiError('canceled', 'context canceled', { cause: error });
  }
  return undefined;
}
