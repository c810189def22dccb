import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compress } from 'snappy';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { encodeWriteRequest } from '../model/remote-write.ts';
import { freePort, type StartedProcess, startProcess } from './processes.ts';

const ROUNDS = 10;
const WRITERS = 6;
const SERIES_PER_WRITER = 25;
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

let directory: string;
let url: string;
let aggregator: StartedProcess | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'karmascope-kill-'));
  url = `http://127.0.0.1:${await freePort()}`;
});

afterAll(async () => {
  await aggregator?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function startAggregator(): Promise<void> {
  const address = url.slice('http://'.length);
  const args = [MAIN, 'aggregator', `--storage.path=${directory}`, `--web.listen-address=${address}`];
  aggregator = await startProcess(process.execPath, [...args, '--log.level=warn'], {
    readyUrl: `${url}/-/ready`,
  });
}

async function kill(): Promise<void> {
  const child = aggregator!.process;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Sends requests one after the other and remembers what was sent and what was acknowledged. */
class Writer {
  readonly sent = new Map<string, number>();
  readonly acknowledged = new Set<string>();
  readonly #name: string;
  #timestampMs: number;

  constructor(name: string, startMs: number) {
    this.#name = name;
    this.#timestampMs = startMs;
  }

  /** Until the aggregator is gone. */
  async write(): Promise<void> {
    for (;;) {
      const timestampMs = ++this.#timestampMs;
      const keys: string[] = [];
      const series = Array.from({ length: SERIES_PER_WRITER }, (_, n) => {
        const value = randomFloat();
        const key = `${this.#name}/${n}/${timestampMs}`;
        this.sent.set(key, value);
        keys.push(key);
        const labels = Labels.fromObject({ __name__: 'kill_test', writer: this.#name, n: String(n) });
        return { labels, timestamps: [timestampMs], values: Float64Array.of(value) };
      });
      const body = await compress(Buffer.from(encodeWriteRequest(series)));
      const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
      const request = fetch(`${url}/api/v1/write`, { method: 'POST', headers, body: new Uint8Array(body) });
      const response = await request.catch(() => undefined);
      if (response === undefined) return;
      expect(response.status, await response.text()).toBe(204);
      for (const key of keys) this.acknowledged.add(key);
    }
  }
}

/** Any finite double but -0, which JSON text cannot tell from 0 in every reader. */
function randomFloat(): number {
  const words = new Uint32Array(2);
  const [value] = new Float64Array(words.buffer);
  for (let found = value!; ; found = new Float64Array(words.buffer)[0]!) {
    if (Number.isFinite(found) && found !== 0) return found;
    crypto.getRandomValues(words);
  }
}

/** Everything the aggregator has of a writer, raw: `writer/n/time` → value. */
async function stored(writer: string): Promise<Map<string, number>> {
  const query = new URLSearchParams({ query: `kill_test{writer="${writer}"}[2h]` });
  const response = await fetch(`${url}/api/v1/query?${query}`);
  const answer = (await response.json()) as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  const found = new Map<string, number>();
  for (const { metric, values } of answer.data.result) {
    for (const [seconds, value] of values)
      found.set(`${writer}/${metric['n']}/${Math.round(seconds * 1000)}`, Number(value));
  }
  return found;
}

test('kill -9 in the middle of ingest loses no acknowledged sample and invents none', {
  timeout: 180_000,
}, async () => {
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(`w${i}`, Date.now() - 1_800_000));
  for (let round = 0; round < ROUNDS; round++) {
    await startAggregator();
    const writing = Promise.all(writers.map((writer) => writer.write()));
    // The moment is what is tested: anywhere in a write, a sync or an answer.
    await delay(200 + Math.random() * 500);
    await kill();
    await writing;
  }
  await startAggregator();
  let acknowledged = 0;
  for (const [i, writer] of writers.entries()) {
    const found = await stored(`w${i}`);
    const lost = [...writer.acknowledged].filter((key) => !Object.is(found.get(key), writer.sent.get(key)));
    expect(lost).toEqual([]);
    const invented = [...found].filter(([key, value]) => !Object.is(value, writer.sent.get(key)));
    expect(invented).toEqual([]);
    acknowledged += writer.acknowledged.size;
  }
  // Each round got somewhere: a run in which nothing was acknowledged would prove nothing.
  expect(acknowledged).toBeGreaterThan(ROUNDS * WRITERS * SERIES_PER_WRITER);
});
