import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a scraper gets of a page: other text, or a failure. */
export type Distort = (page: string, n: number) => string | { readonly status: number };

export interface RecordingProxy {
  /** `127.0.0.1:port`, to be scraped in place of the real target. */
  readonly address: string;
  /** How many pages a scraper has been given. */
  served(scraper: string): number;
  close(): void;
}

/**
 * Stands before a target and gives each scraper (told apart by the name in its User-Agent) the same pages: the
 * n-th answer to one is byte for byte the n-th answer to the other, whichever asks first.
 */
export async function startRecordingProxy(target: string, distort: Distort): Promise<RecordingProxy> {
  const pages: Promise<{ contentType: string; page: ReturnType<Distort> }>[] = [];
  const served = new Map<string, number>();

  const record = async (n: number) => {
    const response = await fetch(target, { headers: { accept: 'text/plain;version=0.0.4' } });
    const contentType = response.headers.get('content-type') ?? '';
    return { contentType, page: distort(await response.text(), n) };
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const scraper = /^[^/]*/.exec(request.headers['user-agent'] ?? '')![0];
    const n = served.get(scraper) ?? 0;
    served.set(scraper, n + 1);
    pages[n] ??= record(n);
    const { contentType, page } = await pages[n];
    if (typeof page === 'string') response.writeHead(200, { 'content-type': contentType }).end(page);
    else response.writeHead(page.status).end();
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(502).end(String(error)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    served: (scraper) => served.get(scraper) ?? 0,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
