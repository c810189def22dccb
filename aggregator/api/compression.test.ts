import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import express from 'express';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HttpServer, listen } from '../../runtime/http-server.ts';
import { sendAnswer } from './envelope.ts';

const DECODERS: Record<string, (body: Buffer) => Buffer> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  zstd: zstdDecompressSync,
  none: (body) => body,
};
/** Some chunks long. */
const LONG = Array.from({ length: 20_000 }, (_, i) => `${i === 0 ? '[' : ','}"${i}"`);

let server: HttpServer;
beforeEach(async () => {
  const app = express();
  app.get('/long', (_request, response) => sendAnswer(response, { data: [...LONG, ']'] }));
  app.get('/small', (_request, response) => sendAnswer(response, { data: ['[]'] }));
  app.get('/broken', (_request, response) =>
    sendAnswer(response, {
      data: (function* () {
        yield* LONG;
        throw new Error('the store went away');
      })(),
    }).catch(() => response.destroy()),
  );
  server = await listen('127.0.0.1:0', app);
});
afterEach(() => server.close());

async function get(path: string, acceptEncoding?: string) {
  const headers = acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding };
  const asked = httpRequest(`${server.url}${path}`, { headers }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const body = await buffer(response);
  const encoding = response.headers['content-encoding'] ?? 'none';
  return {
    encoding,
    vary: response.headers.vary,
    sent: body.length,
    text: String(DECODERS[encoding]!(body)),
  };
}

test.each([
  [undefined, 'none'],
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'gzip'],
  ['zstd, gzip', 'zstd'],
  ['deflate', 'deflate'],
  ['br', 'none'],
  ['gzip;q=0.5, zstd', 'zstd'],
  ['gzip;q=0', 'none'],
  ['*', 'gzip'],
])('Accept-Encoding %s is answered with %s', async (accepted, expected) => {
  const { encoding, vary, sent, text } = await get('/long', accepted);
  expect({ encoding, vary }).toEqual({ encoding: expected, vary: 'Accept-Encoding' });
  expect(text).toBe(`{"status":"success","data":${LONG.join('')}]}`);
  if (expected !== 'none') expect(sent).toBeLessThan(text.length / 2);
});

test('what fits into a packet is sent as it is', async () => {
  expect(await get('/small', 'gzip')).toMatchObject({
    encoding: 'none',
    text: '{"status":"success","data":[]}',
  });
});

test('half a compressed answer ends with a cut connection, never as a whole one', async () => {
  await expect(get('/broken', 'gzip')).rejects.toThrow(/aborted|socket hang up/);
});
