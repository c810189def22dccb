import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { ApiError } from './api-error.ts';

/** What an endpoint answers: JSON in pieces, so that a large result never is one string. */
export interface ApiAnswer {
  readonly data: Iterable<string>;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** Annotations of each kind that are shown; the rest is counted. */
const MAX_ANNOTATIONS = 10;
/** Pieces leave in chunks of about this many characters; a smaller answer leaves at once. */
const CHUNK_CHARACTERS = 64 * 1024;

export async function sendAnswer(response: Response, answer: ApiAnswer): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunks = chunked(envelope(answer));
  const first = chunks.next();
  const second = chunks.next();
  if (second.done) {
    response.end(first.value ?? '');
    return;
  }
  const rest = (function* () {
    yield first.value;
    yield second.value;
    yield* chunks;
  })();
  await pipeline(Readable.from(rest), response);
}

export function sendError(response: Response, error: ApiError): void {
  const body = { status: 'error', errorType: error.type, error: error.message };
  response.writeHead(error.status, { 'content-type': 'application/json' }).end(toJson(body));
}

/** JSON as Go writes it: `<`, `>` and `&` escaped, so that no browser takes an answer for a page. */
export function toJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function* envelope({ data, warnings = [], infos = [] }: ApiAnswer): Generator<string> {
  yield '{"status":"success","data":';
  yield* data;
  if (warnings.length > 0) yield `,"warnings":${toJson(shown(warnings, 'warning'))}`;
  if (infos.length > 0) yield `,"infos":${toJson(shown(infos, 'info'))}`;
  yield '}';
}

function shown(annotations: readonly string[], kind: 'warning' | 'info'): string[] {
  const distinct = [...new Set(annotations)];
  const omitted = distinct.length - MAX_ANNOTATIONS;
  if (omitted <= 0) return distinct;
  return [...distinct.slice(0, MAX_ANNOTATIONS), `${omitted} more ${kind} annotations omitted`];
}

function* chunked(pieces: Iterable<string>): Generator<string, undefined> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}
