import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { version } from '../../runtime/version.ts';
import type { ScrapeJob } from './config.ts';
import type { HttpClient } from './http-client.ts';
import type { Fetch } from './loop.ts';
import type { Target } from './target.ts';

/**
 * Text is what this reads. The last word (`*` + `/*`) is for servers that know no other answer than their own,
 * and for those that answer 406 to a narrow header.
 */
const ACCEPT = 'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

/** Output of the decompressor comes in pieces of this size: few, and small beside a page of megabytes. */
const GUNZIP_CHUNK_BYTES = 256 * 1024;

const LINE_FEED = Buffer.from('\n');

/** Fetches pages of a target by HTTP. */
export function httpFetch(target: Target, job: ScrapeJob, client: HttpClient): Fetch {
  const headers: Record<string, string> = {
    accept: ACCEPT,
    'accept-encoding': job.http.compression ? 'gzip' : 'identity',
    'user-agent': `karmascope-collector/${version}`,
    'x-prometheus-scrape-timeout-seconds': String(target.timeoutMs / 1000),
  };
  return async (signal) => {
    const response = await client.get(target.url, headers, signal);
    try {
      if (response.statusCode !== 200)
        throw new Error(
          `server returned HTTP status ${response.statusCode} ${response.statusMessage}`.trim(),
        );
      checkContentType(response.headers['content-type'], job.fallbackToText);
      return await readPage(response, job.bodySizeLimitBytes);
    } catch (error) {
      response.destroy();
      throw error;
    }
  };
}

/**
 * Throws when a page is in a format that is not read. As in Prometheus 3 the type must be given and known,
 * unless the job has a fallback; the version and other parameters say nothing that the text does not.
 */
export function checkContentType(contentType: string | undefined, fallbackToText: boolean): void {
  const mediaType = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
  if (mediaType === 'text/plain') return;
  if (mediaType === 'application/openmetrics-text' || mediaType === 'application/vnd.google.protobuf')
    throw new Error(`Content-Type ${mediaType} is not supported; the target must offer text/plain`);
  if (fallbackToText) return;
  const what = mediaType === '' ? 'no Content-Type' : `the Content-Type "${mediaType}"`;
  throw new Error(
    `target sends ${what}; if its page is Prometheus' text, set fallback_scrape_protocol: PrometheusText0.0.4`,
  );
}

/** The body, decompressed, with the line feed at its end that the parser wants. */
async function readPage(response: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of decoded(response) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes)
      throw new Error(`body_size_limit exceeded: the page is larger than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  chunks.push(LINE_FEED);
  return Buffer.concat(chunks, sizeBytes + 1);
}

function decoded(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return response;
  if (encoding !== 'gzip' && encoding !== 'x-gzip')
    throw new Error(`Content-Encoding ${encoding} is not supported: only gzip was asked for`);
  // The callback has nothing to do: an error of either stream comes out of the loop that reads the second.
  return pipeline(response, createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES }), () => {});
}
