import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpServer {
  /** `http://host:port`, with the real port when 0 was asked for. */
  readonly url: string;
  /** Refuses new connections, gives open requests a moment to finish, then cuts them. */
  close(): Promise<void>;
}

/** How long open requests may take to finish when the server closes. */
const CLOSE_GRACE_MS = 2_000;

/** The address cannot be listened on; the message says the way out. */
export class ListenError extends Error {}

/** `address` as Prometheus writes it: `127.0.0.1:9390`, `:9390`, `[::1]:9390`. */
export async function listen(address: string, handler: RequestListener): Promise<HttpServer> {
  const { host, port } = splitAddress(address);
  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 120_000 }, handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const shown = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return {
    url: `http://${shown}:${bound.port}`,
    close: () =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function splitAddress(address: string): { host: string | undefined; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw new ListenError(
      `Cannot listen on "${address}": not an address; write HOST:PORT, as 127.0.0.1:9390`,
    );
  }
  return { host: match[1] ?? (match[2] || undefined), port };
}

function listenError(address: string, error: NodeJS.ErrnoException): ListenError {
  const wayOut =
    error.code === 'EADDRINUSE'
      ? 'the address is in use; stop the other program or choose another with --web.listen-address'
      : error.message;
  return new ListenError(`Cannot listen on ${address}: ${wayOut}`, { cause: error });
}
