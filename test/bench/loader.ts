import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { compressSync } from 'snappy';
import { encodeWriteRequest } from '../../model/remote-write.ts';
import { benchSeries, STEP_MS } from './dataset.ts';

/**
 * The loader, a process of its own on the other core: prepares all requests, then sends them to whatever
 * target it is told, as fast as that takes them. The series are split over connections; each sends its
 * requests one after the other, so that a series' samples arrive in order.
 */
export interface LoaderOptions {
  readonly seriesPerRequest: number;
  readonly steps: number;
  readonly startMs: number;
}

/** Told to the loader for each run. */
export interface Target {
  readonly url: string;
  readonly token: string | undefined;
}

export interface Run {
  readonly samples: number;
  readonly seconds: number;
  /** Of the slowest answer and of the middle one. */
  readonly latencyMsMax: number;
  readonly latencyMsMedian: number;
}

export type LoaderMessage = { ready: true; bodyBytes: number } | { run: Run } | { error: string };

function main(): void {
  const options = JSON.parse(process.argv[2]!) as LoaderOptions;
  const lanes = prepare(options);
  const bodyBytes = lanes.flat().reduce((sum, body) => sum + body.byteLength, 0);
  const say = (message: LoaderMessage) => process.send!(message);
  process.on('message', (target: Target) => {
    send(lanes, target).then(
      (run) => say({ run: { ...run, samples: options.steps * options.seriesPerRequest * lanes.length } }),
      (error: unknown) => say({ error: String(error) }),
    );
  });
  say({ ready: true, bodyBytes });
}

/** One lane for each group of series; its requests in order of time. */
function prepare({ seriesPerRequest, steps, startMs }: LoaderOptions): Buffer[][] {
  const series = benchSeries();
  const lanes: Buffer[][] = [];
  for (let first = 0; first < series.length; first += seriesPerRequest) {
    const group = series.slice(first, first + seriesPerRequest);
    const lane: Buffer[] = [];
    for (let step = 0; step < steps; step++) {
      const body = encodeWriteRequest(
        group.map(({ labels, next }) => {
          const { timestampMs, value } = next(startMs + step * STEP_MS);
          return { labels, timestamps: [timestampMs], values: Float64Array.of(value) };
        }),
      );
      lane.push(compressSync(Buffer.from(body)));
    }
    lanes.push(lane);
  }
  return lanes;
}

async function send(lanes: readonly Buffer[][], target: Target): Promise<Omit<Run, 'samples'>> {
  const latencies: number[] = [];
  const startMs = performance.now();
  await Promise.all(lanes.map((lane) => sendLane(lane, target, latencies)));
  const seconds = (performance.now() - startMs) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    seconds,
    latencyMsMax: latencies.at(-1) ?? 0,
    latencyMsMedian: latencies[latencies.length >> 1] ?? 0,
  };
}

/** HTTP by hand over one connection: a client library would be a large part of what is measured. */
async function sendLane(lane: readonly Buffer[], { url, token }: Target, latencies: number[]): Promise<void> {
  const { hostname, port, pathname, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  const answers = new Answers(socket);
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/x-protobuf',
    'Content-Encoding: snappy',
    'X-Prometheus-Remote-Write-Version: 0.1.0',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
  ].join('\r\n');
  for (const body of lane) {
    const sentMs = performance.now();
    socket.cork();
    socket.write(`${head}\r\nContent-Length: ${body.byteLength}\r\n\r\n`);
    socket.write(body);
    socket.uncork();
    const { status, text } = await answers.next();
    if (status < 200 || status > 299) throw new Error(`${url} answered ${status}: ${text.trim()}`);
    latencies.push(performance.now() - sentMs);
  }
  socket.destroy();
}

/** The answers on a connection, one at a time; none of the targets sends a chunked one. */
class Answers {
  #received = '';
  #waiting:
    | { resolve(answer: { status: number; text: string }): void; reject(error: Error): void }
    | undefined;

  constructor(socket: Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#received += text;
      this.#settle();
    });
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed')));
  }

  next(): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #settle(): void {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const bodyLength = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const end = headEnd + 4 + bodyLength;
    if (this.#received.length < end) return;
    const text = this.#received.slice(headEnd + 4, end);
    this.#received = this.#received.slice(end);
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), text });
  }
}

main();
