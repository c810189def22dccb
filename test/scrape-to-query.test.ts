import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { normalizeFloatLabel } from '../model/exposition-float.ts';
import { peer } from './peers.ts';
import { freePort, type StartedProcess, startProcess } from './processes.ts';
import { type RecordingProxy, startRecordingProxy } from './recording-proxy.ts';
import { program } from './shared.ts';

/**
 * A sample's whole way, held against Prometheus: real servers, each behind a proxy that gives the collector
 * and a real Prometheus the same pages; then every series and every value that Prometheus has stored of the
 * first pages is asked from the hub, at the time of each scrape, so that markers of staleness count too.
 */
const PAGES = 6;
/** The page that fails, and the one that lacks what it had before. */
const FAILED_PAGE = 2;
const SHORT_PAGE = 4;
/** Long enough that a machine with much else to do gives each page in time. */
const INTERVAL_MS = 2_000;
const OURS = 'karmascope-collector';
const THEIRS = 'Prometheus';

const main = join(import.meta.dirname, '..', 'main.ts');
const missing = ['prometheus', 'prometheus-node-exporter', 'etcd'].filter((name) => !program(name));
const folder = mkdtempSync(join(tmpdir(), 'karmascope-'));
const cleanups: (() => void | Promise<void>)[] = [() => rmSync(folder, { recursive: true, force: true })];

afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

describe.skipIf(missing.length > 0)(`scrape to query (missing: ${missing.join(', ') || 'nothing'})`, () => {
  const proxies = new Map<string, RecordingProxy>();
  let hub = '';
  let prometheus = '';

  beforeAll(async () => {
    for (const [job, url] of await startTargets()) {
      const proxy = await startRecordingProxy(url, distort);
      proxies.set(job, proxy);
      cleanups.push(() => proxy.close());
    }
    hub = await startHub();
    prometheus = await startPrometheus(proxies);
    await startCollector(hub, proxies);
    await vi.waitFor(
      async () => {
        for (const [job, proxy] of proxies) {
          for (const scraper of [OURS, THEIRS]) expect(proxy.served(scraper)).toBeGreaterThan(PAGES);
          for (const url of [hub, prometheus])
            expect((await scrapeTimes(url, job)).length, `${url} ${job}`).toBeGreaterThanOrEqual(PAGES);
        }
      },
      { timeout: 60_000, interval: 200 },
    );
  }, 120_000);

  test.each(['node', 'etcd', 'prometheus'])('%s: every series and value of every scrape', async (job) => {
    const [ours, theirs] = await Promise.all([scrapeTimes(hub, job), scrapeTimes(prometheus, job)]);
    let compared = 0;
    for (let n = 0; n < PAGES; n++) {
      const [stored, expected] = await Promise.all([
        seriesAt(hub, job, ours[n]!),
        seriesAt(prometheus, job, theirs[n]!),
      ]);
      expect(stored, `page ${n} of ${job}`).toEqual(expected);
      expect(stored.get(`up{job="${job}"}`)).toBe(n === FAILED_PAGE ? '0' : '1');
      compared += stored.size;
    }
    expect(compared).toBeGreaterThan(1_000);
  });
});

/** One page fails, one lacks the families of the Go runtime. */
function distort(page: string, n: number): ReturnType<Parameters<typeof startRecordingProxy>[1]> {
  if (n === FAILED_PAGE) return { status: 500 };
  if (n !== SHORT_PAGE) return page;
  return page.replace(/^(?:# (?:HELP|TYPE) )?go_.*\n/gm, '');
}

/** Times of a job's scrapes, in seconds: every scrape writes `up`, the failed one too. */
async function scrapeTimes(url: string, job: string): Promise<number[]> {
  const [series] = await query(url, `up{job="${job}"}[10m]`);
  return (series?.values ?? []).map(([time]) => time);
}

/** What a job's series say at a time; only how long the scrape took may differ. */
async function seriesAt(url: string, job: string, time: number): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { metric, value } of await query(url, `{job="${job}"}`, time)) {
    // The two scrape through the same proxy, whose address is the instance.
    const { __name__: name = '', instance: _, ...labels } = metric;
    if (name === 'scrape_duration_seconds') continue;
    for (const label of ['le', 'quantile'])
      if (labels[label] !== undefined) labels[label] = normalizeFloatLabel(labels[label]);
    const text = Object.entries(labels)
      .sort()
      .map(([label, text]) => `${label}=${JSON.stringify(text)}`);
    found.set(`${name}{${text.join(',')}}`, value![1]);
  }
  return found;
}

interface Series {
  readonly metric: Record<string, string>;
  readonly value?: [number, string];
  readonly values?: [number, string][];
}

async function query(url: string, expression: string, time?: number): Promise<Series[]> {
  const body = new URLSearchParams({
    query: expression,
    ...(time === undefined ? {} : { time: String(time) }),
  });
  const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body });
  const answer = (await response.json()) as { status: string; error?: string; data: { result: Series[] } };
  if (answer.status !== 'success') throw new Error(`Cannot query ${expression}: ${answer.error}`);
  return answer.data.result;
}

/** Real servers, by the name of their job, with the URL of their pages. */
async function startTargets(): Promise<Map<string, string>> {
  const [node, etcd, peer, server] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  writeFileSync(join(folder, 'empty.yaml'), '');
  await Promise.all([
    start(
      'prometheus-node-exporter',
      [`--web.listen-address=127.0.0.1:${node}`],
      `http://127.0.0.1:${node}/`,
    ),
    start(
      'etcd',
      [
        `--data-dir=${folder}/etcd`,
        `--listen-client-urls=http://127.0.0.1:${etcd}`,
        `--advertise-client-urls=http://127.0.0.1:${etcd}`,
        `--listen-peer-urls=http://127.0.0.1:${peer}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
        `--initial-cluster=default=http://127.0.0.1:${peer}`,
      ],
      `http://127.0.0.1:${etcd}/health`,
    ),
    start(
      'prometheus',
      prometheusFlags('empty.yaml', 'target', server),
      `http://127.0.0.1:${server}/-/ready`,
    ),
  ]);
  return new Map([
    ['node', `http://127.0.0.1:${node}/metrics`],
    ['etcd', `http://127.0.0.1:${etcd}/metrics`],
    ['prometheus', `http://127.0.0.1:${server}/metrics`],
  ]);
}

async function startHub(): Promise<string> {
  const port = await freePort();
  const config = 'identities: [{ name: lab, token: secret, trusted: true }]\nrule_files: []\nslo_files: []\n';
  writeFileSync(join(folder, 'hub.yaml'), config);
  const args = [main, 'aggregator', `--config.file=${folder}/hub.yaml`, `--storage.path=${folder}/hub`];
  const url = `http://127.0.0.1:${port}`;
  await start(process.execPath, [...args, `--web.listen-address=127.0.0.1:${port}`], `${url}/-/ready`);
  return url;
}

async function startCollector(hub: string, proxies: ReadonlyMap<string, RecordingProxy>): Promise<void> {
  const port = await freePort();
  const head = `cluster: lab\npush: { url: "${hub}", token: secret }\n`;
  writeFileSync(join(folder, 'collector.yaml'), head + scrapeConfigs(proxies));
  const args = [main, 'collector', `--config.file=${folder}/collector.yaml`];
  const listen = `--web.listen-address=127.0.0.1:${port}`;
  await start(process.execPath, [...args, listen], `http://127.0.0.1:${port}/-/ready`);
}

/** The oracle: a Prometheus 3 where `KARMASCOPE_PEERS` has one, else the machine's own. */
async function startPrometheus(proxies: ReadonlyMap<string, RecordingProxy>): Promise<string> {
  const port = await freePort();
  const command = peer('prometheus') ?? 'prometheus';
  writeFileSync(join(folder, 'prometheus.yaml'), scrapeConfigs(proxies));
  const url = `http://127.0.0.1:${port}`;
  await start(command, prometheusFlags('prometheus.yaml', 'oracle', port), `${url}/-/ready`);
  return url;
}

function prometheusFlags(config: string, data: string, port: number): string[] {
  return [
    `--config.file=${folder}/${config}`,
    `--storage.tsdb.path=${folder}/${data}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
}

/** The same text for both scrapers. */
function scrapeConfigs(proxies: ReadonlyMap<string, RecordingProxy>): string {
  const jobs = Array.from(
    proxies,
    ([job, { address }]) => `- { job_name: ${job}, static_configs: [{ targets: ['${address}'] }] }\n`,
  );
  return `global: { scrape_interval: ${INTERVAL_MS}ms, scrape_timeout: ${INTERVAL_MS}ms }\nscrape_configs:\n${jobs.join('')}`;
}

async function start(command: string, args: string[], readyUrl: string): Promise<StartedProcess> {
  const started = await startProcess(command, args, { readyUrl });
  cleanups.push(() => started.stop());
  return started;
}
