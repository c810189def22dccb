import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadAggregatorConfig } from '../aggregator/config.ts';
import { loadCollectorConfig } from '../collector/config.ts';
import { annotationQueries, expandVariables, fleetQueries } from '../dashboards/grafana/queries.ts';
import { writeDemoFiles } from '../deploy/demo/config-files.ts';
import { greenClusters } from '../deploy/demo/hub.ts';
import type { Page } from '../deploy/demo/page-log.ts';
import type { SimulatedCluster } from '../deploy/simulator/simulator.ts';
import { freePort } from './processes.ts';
import { program } from './shared.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const MEMBERS = ['prod-ap-1', 'prod-ap-2', 'prod-eu-1', 'prod-eu-2', 'prod-us-1', 'prod-us-2'];

/** What the issue asks of a machine with two cores. */
const GREEN_WITHIN_MS = 60_000;
const PAGED_WITHIN_MS = 180_000;

/** Karmada waits 30 s, the hub one evaluation, Alertmanager one group interval. */
const RESOLVED_WITHIN_MS = 120_000;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'karmascope-demo-test-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The command as a user runs it, with temporary files in a folder of the test's own. */
function startDemo(args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, 'demo', ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const lines = Promise.withResolvers<string>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.includes('Ctrl-C')) lines.resolve(output);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = once(child, 'close').then(([code, signal]) => {
    output += `It ended with ${code ?? signal}.\n`;
    return code as number | null;
  });
  void exited.then((code) => lines.reject(new Error(`The demo ended with ${code}:\n${output}`)));
  lines.promise.catch(() => {});
  return { child, exited, firstLine: lines.promise, output: () => output };
}

test('a taken address is said at once, with the way out, and nothing is left behind', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const demo = startDemo([`--web.listen-address=127.0.0.1:${port}`]);
  expect(await demo.exited).toBe(1);
  expect(demo.output()).toBe(
    `Cannot listen on 127.0.0.1:${port}: the address is in use; stop the other program or choose another with --web.listen-address\nIt ended with 1.\n`,
  );
  expect(readdirSync(folder)).toEqual([]);
  taken.close();
}, 20_000);

test('the files of the demo are what collector and aggregator read, and nobody else', () => {
  const cluster = (name: string): SimulatedCluster => ({
    name,
    region: 'eu-west-1',
    provider: 'aws',
    syncMode: 'Push',
    url: 'http://127.0.0.1:20001',
    token: 'secret',
  });
  const files = writeDemoFiles(
    join(folder, 'config'),
    {
      controlUrl: 'http://127.0.0.1:1',
      host: cluster('karmada-host'),
      members: [cluster('prod-eu-1')],
      karmada: { url: 'http://127.0.0.1:20002', token: 'other' },
    },
    { hubUrl: 'http://127.0.0.1:9390', controlUrl: 'http://127.0.0.1:20003', alertmanager: '127.0.0.1:9093' },
  );
  for (const name of readdirSync(join(folder, 'config'))) {
    expect(statSync(join(folder, 'config', name)).mode & 0o777, name).toBe(0o600);
  }
  const aggregator = loadAggregatorConfig(files.aggregatorConfig);
  expect(aggregator).toMatchObject({ federation: 'demo', cluster: 'karmada-host' });
  expect(
    aggregator.identities.map(({ name, cluster, federation, region }) => ({
      name,
      cluster,
      federation,
      region,
    })),
  ).toEqual([
    { name: 'karmada-host', cluster: 'karmada-host', federation: true, region: 'eu-west-1' },
    { name: 'prod-eu-1', cluster: 'prod-eu-1', federation: false, region: undefined },
  ]);
  const jobs = [...files.collectorConfigs].map(([name, file]) => [
    name,
    loadCollectorConfig(file)
      .jobs.map(({ scrape }) => scrape.name)
      .join(' '),
  ]);
  expect(jobs).toEqual([
    ['karmada-host', 'kubelet kube-apiserver kube-state-metrics workloads karmada karmada-apiserver'],
    ['prod-eu-1', 'kubelet kube-apiserver kube-state-metrics workloads karmada'],
  ]);
});

/** How the hub answers each expression of the Grafana dashboards. */
function askDashboard(hubUrl: string): Promise<{ name: string; status: string; series: number }[]> {
  return Promise.all(
    Object.entries({ ...fleetQueries, ...annotationQueries }).map(async ([name, expression]) => {
      const query = new URLSearchParams({ query: expandVariables(expression, 'demo') });
      const response = await fetch(`${hubUrl}/api/v1/query?${query}`);
      const { status, data } = (await response.json()) as { status: string; data?: { result: unknown[] } };
      return { name, status, series: data?.result.length ?? 0 };
    }),
  );
}

/** Programs that the demo runs, by their parent's id: what must be gone when it is gone. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          Number(/^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]) === parent
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const alertmanager = program('prometheus-alertmanager') ?? program('alertmanager');

describe.each([
  ['a real Alertmanager', 'auto', alertmanager !== undefined],
  // The whole way takes four minutes; the receiver that is built in is held by its own tests.
  ['the built-in receiver', 'builtin', alertmanager === undefined],
])('the whole demo, paging %s', (_, which, run) => {
  test.skipIf(!run || process.platform !== 'linux')(
    'turns green, pages a lost region by name, resolves it on recovery, and leaves no process',
    async () => {
      const hubUrl = `http://127.0.0.1:${await freePort()}`;
      const startMs = Date.now();
      const demo = startDemo([`--web.listen-address=${new URL(hubUrl).host}`, `--alertmanager=${which}`]);
      try {
        const line = await demo.firstLine;
        const pagesUrl = /pages: (\S+)\/pages/.exec(line)?.[1];
        expect(line.trim().split('\n')).toEqual([
          `Karmascope: ${hubUrl} shows 6 clusters in 3 regions and karmada-host; pages: ${pagesUrl}/pages; Ctrl-C ends it`,
        ]);
        await expect
          .poll(() => greenClusters(hubUrl), { timeout: GREEN_WITHIN_MS, interval: 500 })
          .toEqual(MEMBERS);
        expect(Date.now() - startMs).toBeLessThan(GREEN_WITHIN_MS);

        const pages = async (status: Page['status']) => {
          const response = await fetch(`${pagesUrl}/pages`, { headers: { accept: 'application/json' } });
          const all = (await response.json()) as Page[];
          return all.filter(
            (page) => page.status === status && page.labels['alertname'] === 'KarmadaRegionDown',
          );
        };
        const play = (scenario: string, input: unknown) =>
          // Through the hub, as the console's buttons do it.
          fetch(`${hubUrl}/demo/scenario/${scenario}`, { method: 'POST', body: JSON.stringify(input) });

        expect((await play('region-lost', { region: 'us-east-1' })).status).toBe(200);
        await expect
          .poll(async () => (await pages('firing')).length, { timeout: PAGED_WITHIN_MS, interval: 1_000 })
          .toBe(1);
        const [page] = await pages('firing');
        expect(page!.labels).toMatchObject({ federation: 'demo', region: 'us-east-1', severity: 'critical' });
        expect(page!.annotations['description']).toContain('us-east-1');
        expect(page!.annotations['description']).toContain('prod-us-1, prod-us-2');
        expect(await greenClusters(hubUrl)).toEqual(MEMBERS.filter((name) => !name.includes('-us-')));

        // The dashboard asks what this hub can answer, and most of it has something to show.
        const answers = await askDashboard(hubUrl);
        expect(answers.filter(({ status }) => status !== 'success')).toEqual([]);
        const empty = answers.filter(({ series }) => series === 0).map(({ name }) => name);
        expect(empty.length, empty.join(', ')).toBeLessThan(answers.length / 2);

        expect((await play('recovery', {})).status).toBe(200);
        await expect
          .poll(async () => (await pages('resolved')).length, {
            timeout: RESOLVED_WITHIN_MS,
            interval: 1_000,
          })
          .toBe(1);
        await expect
          .poll(() => greenClusters(hubUrl), { timeout: GREEN_WITHIN_MS, interval: 1_000 })
          .toEqual(MEMBERS);

        const children = childrenOf(demo.child.pid!);
        expect(children.length).toBe(which === 'auto' ? 10 : 9);
        demo.child.kill('SIGINT');
        expect(await demo.exited).toBe(0);
        expect(children.filter(isAlive)).toEqual([]);
        expect(readdirSync(folder)).toEqual([]);
      } catch (error) {
        throw new Error(`${String(error)}\nThe demo said:\n${demo.output()}`, { cause: error });
      } finally {
        demo.child.kill('SIGTERM');
        await demo.exited;
      }
    },
    GREEN_WITHIN_MS + PAGED_WITHIN_MS + RESOLVED_WITHIN_MS + GREEN_WITHIN_MS,
  );
});
