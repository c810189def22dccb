import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SERIES_COUNT, STEP_MS } from './dataset.ts';
import type { LoaderMessage, LoaderOptions, Run, Target } from './loader.ts';
import { freePort, ServerProcess } from './server-process.ts';

export interface IngestFigures {
  /** User and system time of all of the server's threads, until the work that the load left behind is done. */
  readonly cpu_us_per_sample: number;
  /** Acknowledged. */
  readonly samples_per_second: number;
  readonly samples: number;
  readonly latency_ms_median: number;
  readonly latency_ms_max: number;
}

export interface IngestResult {
  readonly bench: 'ingest';
  readonly figures: IngestFigures & { readonly loader_ceiling_per_second: number };
  readonly peers: Readonly<Record<string, IngestFigures>>;
}

export interface IngestOptions {
  /** Where the programs of the peers are unpacked: `DIR/usr/bin/prometheus`. */
  readonly peers: string | undefined;
  /** Samples of each of the 10,000 series. */
  readonly steps: number;
}

const SERIES_PER_REQUEST = 2000;
const TOKEN = 'bench-token';

/**
 * Remote write 1, one sample of 2,000 series a request, five connections, one loader process, one server
 * after the other. Ours stamps the labels of one identity.
 */
export async function benchIngest({ peers, steps }: IngestOptions): Promise<IngestResult> {
  const startMs = Math.floor(Date.now() / STEP_MS) * STEP_MS - steps * STEP_MS;
  const loader = await Loader.start({ seriesPerRequest: SERIES_PER_REQUEST, steps, startMs });
  const directory = await mkdtemp(join(tmpdir(), 'karmascope-bench-'));
  const endMs = startMs + steps * STEP_MS;
  try {
    const ceiling = await loader.ceiling();
    const ours = await measure(loader, await karmascope(join(directory, 'karmascope')), endMs);
    const others: Record<string, IngestFigures> = {};
    for (const [name, start] of Object.entries({ prometheus, victoriametrics })) {
      const server = peers === undefined ? undefined : await start(peers, join(directory, name));
      if (server !== undefined) others[name] = await measure(loader, server, endMs);
    }
    const loader_ceiling_per_second = Math.round(ceiling.samples / ceiling.seconds);
    return { bench: 'ingest', figures: { ...ours, loader_ceiling_per_second }, peers: others };
  } finally {
    loader.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

interface Server {
  readonly process: ServerProcess;
  readonly url: string;
  readonly token?: string;
  /** Asked before the check, where what was written is not visible at once. */
  readonly flushPath?: string;
}

async function measure(loader: Loader, server: Server, endMs: number): Promise<IngestFigures> {
  try {
    const cpuBefore = server.process.cpuSeconds();
    const run = await loader.run({ url: `${server.url}/api/v1/write`, token: server.token });
    await server.process.settle();
    const cpuSeconds = server.process.cpuSeconds() - cpuBefore;
    await checkSeries(server, endMs);
    return {
      cpu_us_per_sample: round((cpuSeconds * 1e6) / run.samples),
      samples_per_second: Math.round(run.samples / run.seconds),
      samples: run.samples,
      latency_ms_median: round(run.latencyMsMedian),
      latency_ms_max: round(run.latencyMsMax),
    };
  } catch (error) {
    throw new Error(`Cannot measure: ${String(error)}\n${server.process.output}`, { cause: error });
  } finally {
    await server.process.stop();
  }
}

/** A server that dropped what it acknowledged would be fast. */
async function checkSeries({ url, flushPath }: Server, endMs: number): Promise<void> {
  if (flushPath !== undefined) await fetch(url + flushPath);
  const query = new URLSearchParams({ query: 'count({__name__=~"bench_.+"})', time: String(endMs / 1000) });
  const response = await fetch(`${url}/api/v1/query?${query}`);
  const answer = (await response.json()) as { data?: { result?: { value: [number, string] }[] } };
  const count = answer.data?.result?.[0]?.value[1];
  if (count !== String(SERIES_COUNT))
    throw new Error(`the server answers ${JSON.stringify(answer)} instead of ${SERIES_COUNT} series`);
}

async function karmascope(directory: string): Promise<Server> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = `${directory}.yaml`;
  await writeFile(config, `identities:\n  - { name: bench, token: ${TOKEN}, cluster: bench }\n`);
  const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
  const args = [
    main,
    'aggregator',
    `--storage.path=${directory}`,
    `--config.file=${config}`,
    '--log.level=warn',
  ];
  const address = `--web.listen-address=127.0.0.1:${port}`;
  const process_ = await ServerProcess.start(process.execPath, [...args, address], `${url}/-/ready`);
  return { process: process_, url, token: TOKEN };
}

async function prometheus(peers: string, directory: string): Promise<Server | undefined> {
  const program = join(peers, 'usr/bin/prometheus');
  if (!existsSync(program)) return undefined;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = `${directory}.yaml`;
  await writeFile(config, 'global: {}\n');
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${directory}`, '--log.level=warn'];
  args.push(`--web.listen-address=127.0.0.1:${port}`, '--web.enable-remote-write-receiver');
  return { process: await ServerProcess.start(program, args, `${url}/-/ready`), url };
}

async function victoriametrics(peers: string, directory: string): Promise<Server | undefined> {
  const program = join(peers, 'usr/bin/victoria-metrics');
  if (!existsSync(program)) return undefined;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [`-storageDataPath=${directory}`, `-httpListenAddr=127.0.0.1:${port}`, '-retentionPeriod=1'];
  args.push('-loggerLevel=WARN', '-search.latencyOffset=0s');
  const process_ = await ServerProcess.start(program, args, `${url}/health`);
  return { process: process_, url, flushPath: '/internal/force_flush' };
}

class Loader {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(options: LoaderOptions): Promise<Loader> {
    const loader = new Loader(
      fork(fileURLToPath(new URL('./loader.ts', import.meta.url)), [JSON.stringify(options)]),
    );
    await loader.#answer();
    return loader;
  }

  async run(target: Target): Promise<Run> {
    this.#child.send(target);
    const answer = await this.#answer();
    if ('run' in answer) return answer.run;
    throw new Error('error' in answer ? answer.error : 'BUG: the loader is ready twice');
  }

  /** Against a server that does nothing. */
  async ceiling(): Promise<Run> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const sink = fileURLToPath(new URL('./sink.ts', import.meta.url));
    const server = await ServerProcess.start(process.execPath, [sink, String(port)], url);
    try {
      return await this.run({ url, token: undefined });
    } finally {
      await server.stop();
    }
  }

  async #answer(): Promise<LoaderMessage> {
    const [answer] = await Promise.race([
      once(this.#child, 'message') as Promise<[LoaderMessage]>,
      once(this.#child, 'exit').then(([code]) => {
        throw new Error(`the loader ended with ${code}`);
      }),
    ]);
    return answer;
  }

  stop(): void {
    this.#child.kill();
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
