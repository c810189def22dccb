import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { ApiError } from './api-error.ts';
import { acceptedEncoding, COMPRESSED_CHARACTERS_MIN, compressor } from './compression.ts';

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

/** Streams the answer, compressed where the client wants that and it is worth it. */
export function sendAnswer(response: Response, answer: ApiAnswer): Promise<void> {
  return sendPieces(response, 'application/json', envelope(answer));
}

export async function sendPieces(
  response: Response,
  contentType: string,
  pieces: Iterable<string>,
): Promise<void> {
  const chunks = chunked(pieces);
  // An answer that fails before it fills a chunk can still be told as an error.
  const first = chunks.next().value ?? '';
  const second = chunks.next();
  const isSmall = second.done && first.length < COMPRESSED_CHARACTERS_MIN;
  const encoding = isSmall ? undefined : acceptedEncoding(response.req);
  response.vary('Accept-Encoding').writeHead(200, {
    'content-type': contentType,
    ...(encoding !== undefined && { 'content-encoding': encoding }),
  });
  if (second.done && encoding === undefined) {
    response.end(first);
    return;
  }
  const all = Readable.from(
    (function* () {
      yield first;
      if (!second.done) yield second.value;
      yield* chunks;
    })(),
  );
  if (encoding === undefined) await pipeline(all, response);
  else await pipeline(all, compressor(encoding), response);
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
