import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compress } from 'snappy';
import { encodeWriteRequest } from '../../model/remote-write.ts';
import { freePort, ServerProcess } from '../bench/server-process.ts';
import {
  comparable,
  knownDifferences,
  readAnswer,
  type ServedAnswer,
  withoutDuplicatePair,
} from './answer-comparison.ts';
import {
  type ConformanceOptions,
  type ConformanceResult,
  MAX_FAILURES_NAMED,
  MissingData,
} from './conformance.ts';
import { DATA_MS, differentialData } from './differential-data.ts';
import { ExpressionGenerator, type Random, seededRandom } from './expression-generator.ts';

const DEFAULT_COUNT = 10_000;
const DEFAULT_SEED = 1;
/** Deep enough that forms meet, shallow enough that most still find data. */
const DEPTH_MAX = 3;
const STEPS_SECONDS = [15, 37, 60, 120];

/**
 * Random expressions over the same data, asked of a real Prometheus and of the hub over HTTP, instant and range,
 * compared to the byte. `total` counts both queries of each expression.
 */
export async function run(options: ConformanceOptions): Promise<ConformanceResult> {
  const count = options.count ?? DEFAULT_COUNT;
  const random = seededRandom(options.seed ?? DEFAULT_SEED);
  const folder = mkdtempSync(join(tmpdir(), 'karmascope-differential-'));
  const started: ServerProcess[] = [];
  try {
    const peerUrl = await peer(options.peer, folder, started);
    const ourUrl = await hub(folder, started);
    // The hub keeps a day: data of the last hours, on a full hour so that times read well.
    const startMs = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 2 * DATA_MS;
    const body = await compress(Buffer.from(encodeWriteRequest(differentialData(random, startMs))));
    for (const url of [peerUrl, ourUrl]) await write(url, body);

    const generator = new ExpressionGenerator(random, startMs / 1000);
    const known = new Map<string, number>();
    const failed: string[] = [];
    let passed = 0;
    let errors = 0;
    let empty = 0;
    for (let i = 0; i < count; i++) {
      const query = generator.expression(Math.floor(random() * (DEPTH_MAX + 1)));
      for (const path of [instantPath(random, startMs), rangePath(random, startMs)]) {
        const [theirs, ours] = await Promise.all([ask(peerUrl, path, query), ask(ourUrl, path, query)]);
        if (theirs.data === undefined) errors++;
        else if (isEmpty(theirs)) empty++;
        const difference = firstDifference(comparable(theirs, query), comparable(ours, query));
        let reasons: string[] = [];
        if (difference !== undefined) {
          reasons = knownDifferences(theirs, ours, query);
          if (reasons.length === 0 && (await isOpen(() => ask(peerUrl, path, query), ours, query)))
            reasons = [UNORDERED];
        }
        for (const reason of reasons) known.set(reason, (known.get(reason) ?? 0) + 1);
        if (difference === undefined || reasons.length > 0) passed++;
        else if (failed.length < MAX_FAILURES_NAMED) failed.push(`${path} ${query}\n${difference}`);
      }
    }
    if (errors + empty === 2 * count) throw new MissingData('Cannot compare: the peer found no data at all');
    const notes = [
      `of the peer's answers ${errors} are errors, ${empty} are empty`,
      ...[...known].map(([reason, times]) => `${times} times: ${reason}`),
    ];
    return { conformance: 'differential', total: 2 * count, passed, failed, notes };
  } finally {
    await Promise.all(started.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

function isEmpty({ data }: ServedAnswer): boolean {
  return Array.isArray(data?.result) && data.result.length === 0;
}

const UNORDERED =
  'the peer itself answers one way or the other when asked again: sums of floats, and which series an error names, by the order of a Go map';
/** With two orders to choose from, the chance to miss one is 2^-40. */
const ASKED_AGAIN = 40;

/** Whether the peer, asked the same again, comes to our answer or, of an error, to another pair of series. */
async function isOpen(
  askAgain: () => Promise<ServedAnswer>,
  ours: ServedAnswer,
  query: string,
): Promise<boolean> {
  const wanted = comparable(ours, query);
  const wantedPair = comparable(withoutDuplicatePair(ours), query);
  const seen = new Set<string>();
  for (let i = 0; i < ASKED_AGAIN; i++) {
    const theirs = await askAgain();
    const text = comparable(theirs, query);
    if (text === wanted) return true;
    seen.add(text);
    if (
      seen.size > 1 &&
      theirs.error !== undefined &&
      comparable(withoutDuplicatePair(theirs), query) === wantedPair
    )
      return true;
  }
  return false;
}

/** Starts the Prometheus of a folder, or takes the one of a URL: empty, with the remote write receiver on. */
async function peer(where: string | undefined, folder: string, started: ServerProcess[]): Promise<string> {
  if (where === undefined) {
    throw new MissingData(
      'Cannot compare: there is no --peer. Give the URL of an empty Prometheus 3 with --web.enable-remote-write-receiver, or a folder with usr/bin/prometheus',
    );
  }
  if (/^https?:/.test(where)) return where.replace(/\/+$/, '');
  const program = [join(where, 'usr/bin/prometheus'), join(where, 'prometheus')].find((path) =>
    existsSync(path),
  );
  if (program === undefined)
    throw new MissingData(`Cannot compare: there is no usr/bin/prometheus in ${resolve(where)}`);
  const config = join(folder, 'prometheus.yaml');
  writeFileSync(config, 'global: {}\n');
  const url = `http://127.0.0.1:${await freePort()}`;
  const server = await ServerProcess.start(
    program,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=${url.slice('http://'.length)}`,
      '--web.enable-remote-write-receiver',
    ],
    `${url}/-/ready`,
  );
  started.push(server);
  return url;
}

async function hub(folder: string, started: ServerProcess[]): Promise<string> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const server = await ServerProcess.start(
    process.execPath,
    [
      resolve(import.meta.dirname, '../../main.ts'),
      'aggregator',
      `--storage.path=${join(folder, 'hub')}`,
      `--web.listen-address=${url.slice('http://'.length)}`,
    ],
    `${url}/-/ready`,
  );
  started.push(server);
  return url;
}

async function write(url: string, body: Buffer): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: new Uint8Array(body),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  if (response.ok) return void (await response.arrayBuffer());
  throw new MissingData(
    `Cannot compare: ${url} refuses the data with ${response.status}: ${await response.text()}. It must be empty and take remote write`,
  );
}

function instantPath(random: Random, startMs: number): string {
  return `/api/v1/query?time=${startMs / 1000 + Math.floor(random() * 3600)}`;
}

function rangePath(random: Random, startMs: number): string {
  const start = startMs / 1000 + Math.floor(random() * 3600);
  const step = STEPS_SECONDS[Math.floor(random() * STEPS_SECONDS.length)]!;
  // Some ends are no whole number of steps away.
  const end = start + step * Math.floor(random() * 30) + (random() < 0.3 ? 7 : 0);
  return `/api/v1/query_range?start=${start}&end=${end}&step=${step}`;
}

/** Each query reads an hour of some tens of series: what takes longer than this hangs. */
const ANSWER_TIMEOUT_MS = 20_000;

async function ask(url: string, path: string, query: string): Promise<ServedAnswer> {
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const response = await fetch(`${url}${path}&query=${encodeURIComponent(query)}`, { signal });
    return readAnswer(response.status, await response.text());
  } catch (error) {
    throw new Error(`Cannot go on: ${url} does not answer ${path} ${query}`, { cause: error });
  }
}

/** How much of both answers is shown around the first byte that differs. */
const SHOWN_BEFORE = 80;
const SHOWN_AFTER = 160;

function firstDifference(theirs: string, ours: string): string | undefined {
  if (theirs === ours) return undefined;
  let at = 0;
  while (theirs[at] === ours[at]) at++;
  const shown = (text: string) => text.slice(Math.max(0, at - SHOWN_BEFORE), at + SHOWN_AFTER);
  return `    theirs: ${shown(theirs)}\n    ours:   ${shown(ours)}`;
}
