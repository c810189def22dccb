import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { BatchBuilder } from '../collector/scrape/batch.ts';
import { TargetSeries } from '../collector/scrape/target-series.ts';
import { Labels } from '../model/labels.ts';
import { peer } from './peers.ts';
import { freePort, startProcess } from './processes.ts';

/** Pages that no exporter should send: a real Prometheus 3 says what they are. */
const PAGES = [
  // Blanks, braces, commas.
  ' a 1\n',
  '\ta{b="c"} 2\n',
  'a {b="c"} 1\n',
  'a{b="1" c="2"} 1\n',
  'a{b="1"}1\n',
  'a{} 1\n',
  'a{,} 1\n',
  'a{b="1",} 1\n',
  'a{b="1",,} 1\n',
  'a 1\r\n',
  '',
  '\n\n# EOF\n',
  // Names.
  ':a 1\n',
  'é 1\n',
  '{"é"} 1\n',
  '{"a",é="1"} 1\n',
  '  {"x y"} 3\n',
  '{"a.b","c.d"="e"} 4\n',
  '{"a","b"} 1\n',
  '{"", a="1"} 1\n',
  '{__name__="x"} 1\n',
  '{"a\\"b\\\\c\\nd", "b\\"c"="d"} 1\n',
  // Label values.
  'a{b=""} 1\n',
  'a{b="\\t\\n\\\\\\""} 1\n',
  'a{b="x\ny"} 1\n',
  'a{b="\u00e9\0"} 1\n',
  'a{b="\\\0"} 1\n',
  'a{b="\\\n"} 1\n',
  '{"a\0b"} 1\n',
  'a{job="x",instance="y",exported_job="z"} 1\n',
  // Numbers.
  ...['0x10', '1e400', '-Inf', 'NaN', '1.', '.5', '+5', '1e-400', '123456789.123456789e-3'].map(
    (v) => `a ${v}\n`,
  ),
  'a 1 -5\n',
  'a 1 99999999999999999999\n',
  // Comments and metadata.
  '# HELP\n# TYPE\n#HELP x\na 1\n',
  '# TYPE a\n',
  '# TYPE a counter \na 1\n',
  '# TYPE  a  counter\na 1\n',
  '# TYPE a counter\n# TYPE a gauge\na 1\n',
  '# HELP "a b" text\n# TYPE "a b" gauge\n{"a b"} 1\n',
  '# TYPE "a b gauge\n',
  // A NUL ends a page at some places and is text at others.
  'a 1\n\0b 1\nc 1\n',
  'a 1 \0\nb 1\n',
  '#\0\na 1\n',
  '# \0\na 1\n',
  '# x\0y\na 1\n',
  // One series twice.
  'a 1\na 2\nb 1\n',
  // Bounds of buckets and quantiles.
  `# TYPE h histogram\n${['1', '1.0', '0x1p-2', '1_0', 'nan', '1e309', '1000000', '123456', '1e-5', '0.0001', '-0', '1e21', '+inf', 'x'].map((le, i) => `h_bucket{le="${le}"} ${i}\n`).join('')}`,
  '# TYPE s summary\ns{quantile="1"} 1\ns{le="1"} 1\n',
  'a{le="1"} 1\n',
];

const prometheus = peer('prometheus');

describe.skipIf(!prometheus)('odd pages, read by Prometheus 3 of KARMASCOPE_PEERS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'karmascope-'));
  const cleanups: (() => void | Promise<void>)[] = [() => rmSync(folder, { recursive: true, force: true })];
  let url = '';
  let instance = '';

  beforeAll(async () => {
    const server = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end(PAGES[Number(request.url!.slice(1))]);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => {
      server.close();
      server.closeAllConnections();
    });
    instance = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const jobs = PAGES.map(
      (_, i) =>
        `- { job_name: j${i}, metrics_path: /${i}, static_configs: [{ targets: ['${instance}'] }] }\n`,
    );
    const head = 'global: { scrape_interval: 2s, scrape_timeout: 2s }\nscrape_configs:\n';
    writeFileSync(join(folder, 'prometheus.yaml'), head + jobs.join(''));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const started = await startProcess(
      prometheus!,
      [
        `--config.file=${folder}/prometheus.yaml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { readyUrl: `${url}/-/ready` },
    );
    cleanups.push(() => started.stop());
    await vi.waitFor(async () => expect((await query('up')).length).toBe(PAGES.length), {
      timeout: 15_000,
      interval: 200,
    });
  }, 60_000);

  afterAll(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  test.each(PAGES.map((page, i) => [page, i] as const))('%j', async (page, i) => {
    const { time, samples, error } = await theirs(`j${i}`);
    expect(ours(page, `j${i}`, time)).toEqual({ samples, error });
  });

  async function query(expression: string, time?: number) {
    const search = new URLSearchParams({
      query: expression,
      ...(time === undefined ? {} : { time: String(time) }),
    });
    const answer = (await (await fetch(`${url}/api/v1/query?${search}`)).json()) as {
      data: {
        result: { metric: Record<string, string>; value: [number, string]; values: [number, string][] }[];
      };
    };
    return answer.data.result;
  }

  /** What Prometheus stored of its first scrape, and its error. */
  async function theirs(job: string) {
    const [up] = await query(`up{job="${job}"}[1m]`);
    const time = up!.values[0]![0];
    const found = await query(`{job="${job}",__name__!~"scrape_duration_seconds|scrape_series_added"}`, time);
    const samples = new Map(
      found.map(({ metric, value }) => [
        Labels.fromObject(metric).toString(),
        Number(value[1].replace('Inf', 'Infinity')),
      ]),
    );
    const search = `scrapePool=${job}&state=active`;
    const targets = (await (await fetch(`${url}/api/v1/targets?${search}`)).json()) as {
      data: { activeTargets: { lastError: string }[] };
    };
    return { time, samples, error: targets.data.activeTargets[0]!.lastError };
  }

  function ours(page: string, job: string, time: number) {
    const targetLabels = Labels.fromObject({ job, instance });
    const series = new TargetSeries({
      targetLabels,
      reports: [],
      honorLabels: false,
      honorTimestamps: true,
      trackTimestampsStaleness: false,
      rules: [],
      sampleLimit: 0,
      onRejected: () => {},
    });
    const builder = new BatchBuilder(16);
    const { counts, error } = series.scrape(Buffer.from(`${page}\n`), Math.round(time * 1000), builder);
    const batch = builder.build();
    const samples = new Map<string, number>();
    for (let i = 0; i < batch.length; i++) samples.set(batch.series[i]!.toString(), batch.values[i]!);
    const report = (name: string, value: number) =>
      samples.set(targetLabels.with({ __name__: name }).toString(), value);
    report('up', error === undefined ? 1 : 0);
    report('scrape_samples_scraped', counts.scraped);
    report('scrape_samples_post_metric_relabeling', counts.kept);
    // Ours says the line too.
    return { samples, error: error === undefined ? '' : (error as Error).message.replace(/^line \d+: /, '') };
  }
});
