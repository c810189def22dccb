import { type Clock, systemClock } from '../../runtime/clock.ts';
import { type QueryAnswer, queryAnswerSchema } from './query-answer.ts';
import { csvOf, tableOf } from './query-output.ts';
import { parseDurationMs, parseTimeMs } from './time-parameters.ts';

export interface QueryCommandOptions {
  readonly expression: string;
  readonly server: string;
  readonly time?: string;
  readonly start?: string;
  readonly end?: string;
  readonly step?: string;
  readonly output: 'table' | 'json' | 'csv';
  readonly stdout: Output;
  readonly stderr: Output;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
}

interface Output {
  write(text: string): unknown;
}

/** A server gives a query two minutes; then it should have said so. */
const TIMEOUT_MS = 130_000;
/** A range without a step is shown in about this many points. */
const DEFAULT_POINTS = 60;

/**
 * `karmascope query`: asks any Prometheus API and prints the answer. Resolves with the exit code: 0 an answer,
 * 1 none, 2 wrong arguments.
 */
export async function queryCommand(options: QueryCommandOptions): Promise<number> {
  const { stdout, stderr, output } = options;
  let request: { url: URL; form: URLSearchParams };
  try {
    request = requestOf(options);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    stderr.write(`Cannot query: ${error.message}\n`);
    return 2;
  }
  let answer: QueryAnswer;
  try {
    answer = await ask(request, options.fetch ?? fetch);
  } catch (error) {
    stderr.write(`Cannot query ${options.server}: ${reasonOf(error)}\n`);
    return 1;
  }
  if (answer.status === 'error') {
    stderr.write(`Cannot answer (${answer.errorType}): ${answer.error}\n`);
    return 1;
  }
  for (const warning of answer.warnings ?? []) stderr.write(`warning: ${warning}\n`);
  for (const info of answer.infos ?? []) stderr.write(`info: ${info}\n`);
  if (output === 'json') stdout.write(`${JSON.stringify(answer.data, null, 2)}\n`);
  else stdout.write(output === 'csv' ? csvOf(answer.data) : tableOf(answer.data));
  return 0;
}

function requestOf(options: QueryCommandOptions): { url: URL; form: URLSearchParams } {
  const { expression, time, start, end, step } = options;
  const isRange = start !== undefined || end !== undefined || step !== undefined;
  const url = serverUrl(options.server, isRange ? 'api/v1/query_range' : 'api/v1/query');
  const form = new URLSearchParams({ query: expression });
  if (!isRange) {
    if (time !== undefined) form.set('time', String(parseTimeMs(time) / 1000));
    return { url, form };
  }
  if (time !== undefined)
    throw new SyntaxError('--time asks for one time, --start for a range; give one of them');
  if (start === undefined) throw new SyntaxError('--end and --step belong to a range; give its --start');
  const startMs = parseTimeMs(start);
  const endMs = end === undefined ? (options.clock ?? systemClock).now() : parseTimeMs(end);
  if (endMs < startMs) throw new SyntaxError('--end is before --start');
  const stepMs = step === undefined ? defaultStepMs(endMs - startMs) : parseDurationMs(step);
  form.set('start', String(startMs / 1000));
  form.set('end', String(endMs / 1000));
  form.set('step', String(stepMs / 1000));
  return { url, form };
}

/** Whole seconds, so that the points are at times one can read. */
function defaultStepMs(rangeMs: number): number {
  return Math.max(1, Math.ceil(rangeMs / DEFAULT_POINTS / 1000)) * 1000;
}

/** The server may stand under a path, as `https://mimir/prometheus`. */
function serverUrl(server: string, path: string): URL {
  let url: URL;
  try {
    url = new URL(`${server.replace(/\/+$/, '')}/${path}`);
  } catch {
    throw new SyntaxError(`"${server}" is no URL; write --server http://HOST:PORT`);
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new SyntaxError(`"${server}" is no URL of a web server; write --server http://HOST:PORT`);
}

async function ask(
  { url, form }: { url: URL; form: URLSearchParams },
  fetchUrl: typeof fetch,
): Promise<QueryAnswer> {
  const response = await fetchUrl(url, {
    method: 'POST',
    body: form,
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`status ${response.status}, and no JSON; is it a Prometheus API?`);
  }
  const answer = queryAnswerSchema.safeParse(json);
  if (!answer.success) throw new Error(`status ${response.status}, and not the answer of a Prometheus API`);
  return answer.data;
}

/** fetch says only that it failed; the reason is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) {
    const { code } = error.cause as NodeJS.ErrnoException;
    return code === 'ECONNREFUSED'
      ? 'nobody listens there; is the hub running?'
      : error.cause.message || String(code);
  }
  return error.message;
}
