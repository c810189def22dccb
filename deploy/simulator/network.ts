import { createServer, type RequestListener, type Server } from 'node:http';
import type { Logger } from '../../runtime/logger.ts';

/** A place where something in the federation listens. */
export interface Port {
  readonly number: number;
  /** New connections are refused and open ones cut. */
  down(): void;
  up(): void;
  /** Down for good. */
  release(): void;
}

/** Gives ports on loopback; the model takes one for each API server, kubelet and pod. */
export interface Network {
  take(handler: RequestListener): Port;
}

/**
 * Below the range from which Linux picks ports for outgoing connections (32768): a port that is down for a while
 * must not be taken by a collector's own connection.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

const REOPEN_INTERVAL_MS = 500;

/** Real listeners on 127.0.0.1. */
export class LoopbackNetwork implements Network {
  readonly #logger: Logger;
  readonly #spareWanted: number;
  readonly #spare: LoopbackPort[] = [];
  readonly #taken = new Set<LoopbackPort>();
  #next: number;
  #filling: Promise<void> | undefined;
  #closed = false;

  /** `spare` ports listen ahead of need, because a pod's object names its port before the pod runs. */
  constructor(logger: Logger, spare: number) {
    this.#logger = logger;
    this.#spareWanted = spare;
    // Two simulators on one machine rarely start at the same place; where they do, a taken port is skipped.
    this.#next = FIRST_PORT + ((process.pid * 617) % (LAST_PORT - FIRST_PORT));
  }

  /** Opens ports so that `count` can be taken without waiting. */
  async prepare(count: number): Promise<void> {
    while (this.#spare.length < count && !this.#closed) {
      const port = await this.#openNext();
      this.#spare.push(port);
    }
  }

  take(handler: RequestListener): Port {
    const port = this.#spare.shift();
    if (!port) throw new Error(`BUG: no port is open ahead; ${this.#taken.size} are taken`);
    port.serve(handler);
    this.#taken.add(port);
    port.onRelease = () => this.#taken.delete(port);
    this.#refill();
    return port;
  }

  close(): void {
    this.#closed = true;
    for (const port of [...this.#spare, ...this.#taken]) port.release();
  }

  #refill(): void {
    if (this.#spare.length >= this.#spareWanted || this.#filling || this.#closed) return;
    this.#filling = this.prepare(this.#spareWanted)
      .catch((error) => this.#logger.error({ err: error }, 'Cannot open ports for new pods'))
      .finally(() => (this.#filling = undefined));
  }

  async #openNext(): Promise<LoopbackPort> {
    for (let tries = 0; tries <= LAST_PORT - FIRST_PORT; tries++) {
      const number = this.#next;
      this.#next = this.#next >= LAST_PORT ? FIRST_PORT : this.#next + 1;
      const port = new LoopbackPort(number);
      if (await port.open()) return port;
    }
    throw new Error(`Cannot open a port for the simulator: all from ${FIRST_PORT} to ${LAST_PORT} are taken`);
  }
}

class LoopbackPort implements Port {
  readonly number: number;
  #server: Server | undefined;
  #handler: RequestListener = (_, response) => response.writeHead(503).end();
  #wanted = true;
  #retry: NodeJS.Timeout | undefined;
  onRelease = () => {};

  constructor(number: number) {
    this.number = number;
  }

  serve(handler: RequestListener): void {
    this.#handler = handler;
  }

  /** False when another program has the port. */
  open(): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) =>
        this.#handler(request, response),
      );
      server.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
      );
      server.listen(this.number, '127.0.0.1', () => {
        this.#server = server;
        if (!this.#wanted) this.#cut();
        resolve(true);
      });
    });
  }

  down(): void {
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#cut();
  }

  up(): void {
    this.#wanted = true;
    if (this.#server) return;
    void this.open().then((open) => {
      if (!open && this.#wanted) this.#retry = setTimeout(() => this.up(), REOPEN_INTERVAL_MS);
    });
  }

  release(): void {
    this.down();
    this.onRelease();
  }

  #cut(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
    this.#server = undefined;
  }
}
