import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { freePort, type StartedProcess, startProcess } from '../../test/processes.ts';
import { program } from '../../test/shared.ts';
import { AlertmanagerClient, type OutgoingAlert } from './alertmanager.ts';

const registry = () => new Registry();
const options = (fetchImpl: typeof fetch, ...urls: string[]) => ({
  targets: urls.map((url) => ({ url, timeoutMs: 2_000 })),
  externalLabels: { federation: 'prod', cluster: 'nowhere' },
  externalUrl: 'http://hub:9390/',
  fetch: fetchImpl,
  clock: systemClock,
  logger: createLogger('silent'),
});
const alert = (name: string): OutgoingAlert => ({
  labels: Labels.fromObject({ alertname: name, cluster: 'a' }),
  annotations: { summary: 's' },
  startsAtMs: Date.UTC(2026, 0, 1),
  endsAtMs: Date.UTC(2026, 0, 1, 0, 4),
  expression: 'up == 0',
});

test('send() posts the v2 form, external labels only where absent', async () => {
  const bodies: unknown[] = [];
  const client = new AlertmanagerClient({
    ...options(async (url, init) => {
      bodies.push([String(url), JSON.parse(String(init?.body))]);
      return new Response('');
    }, 'http://am:9093/x'),
    registry: registry(),
  });
  client.send([alert('Down')]);
  await client.stop();
  expect(bodies).toEqual([
    [
      'http://am:9093/x/api/v2/alerts',
      [
        {
          labels: { federation: 'prod', alertname: 'Down', cluster: 'a' },
          annotations: { summary: 's' },
          startsAt: '2026-01-01T00:00:00.000Z',
          endsAt: '2026-01-01T00:04:00.000Z',
          generatorURL: 'http://hub:9390/?g0.expr=up%20%3D%3D%200&g0.tab=1',
        },
      ],
    ],
  ]);
});

test('an Alertmanager that fails or hangs holds up no other, and its queue is bounded', async () => {
  let taken = 0;
  const metrics = registry();
  const client = new AlertmanagerClient({
    ...options(
      async (url, init) => {
        if (String(url).includes('hangs')) {
          return new Promise<Response>((_, reject) =>
            init?.signal?.addEventListener('abort', () => reject(new Error('timed out'))),
          );
        }
        if (String(url).includes('fails')) return new Response('no', { status: 500 });
        taken += (JSON.parse(String(init?.body)) as unknown[]).length;
        return new Response('');
      },
      'http://hangs',
      'http://fails',
      'http://well',
    ),
    registry: metrics,
  });
  for (let i = 0; i < 12; i++) client.send(Array.from({ length: 1000 }, (_, n) => alert(`A${i}-${n}`)));
  await expect.poll(() => taken).toBeGreaterThan(9_000);
  expect(client.targets().map(({ lastError }) => lastError)).toEqual([
    undefined,
    'status 500: no',
    undefined,
  ]);
  const dropped = await metrics.getSingleMetricAsString('karmascope_aggregator_notifications_dropped_total');
  expect(dropped).toMatch(/alertmanager="http:\/\/hangs"\} [12]\d{3}$/m);
});

const alertmanager = program('prometheus-alertmanager');
describe.skipIf(!alertmanager)(
  `a real Alertmanager${alertmanager ? '' : ' (not installed: skipped)'}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'karmascope-alertmanager-'));
    let started: StartedProcess;
    let url: string;

    beforeAll(async () => {
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      writeFileSync(
        join(folder, 'alertmanager.yml'),
        'route: { receiver: none }\nreceivers: [{ name: none }]\n',
      );
      started = await startProcess(
        alertmanager!,
        [
          `--config.file=${join(folder, 'alertmanager.yml')}`,
          `--storage.path=${folder}`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--cluster.listen-address=',
        ],
        { readyUrl: `${url}/-/ready` },
      );
    });

    afterAll(async () => {
      await started?.stop();
      rmSync(folder, { recursive: true });
    });

    test('shows a firing alert, and no more when it is resolved', async () => {
      const client = new AlertmanagerClient({ ...options(fetch, url), registry: registry() });
      const now = Date.now();
      const shown = async () => {
        const response = await fetch(`${url}/api/v2/alerts?active=true`);
        return ((await response.json()) as { labels: Record<string, string> }[]).map(({ labels }) => labels);
      };
      client.send([{ ...alert('Down'), startsAtMs: now - 60_000, endsAtMs: now + 240_000 }]);
      await client.stop();
      await expect.poll(shown).toEqual([{ federation: 'prod', alertname: 'Down', cluster: 'a' }]);
      client.send([{ ...alert('Down'), startsAtMs: now - 60_000, endsAtMs: now }]);
      await client.stop();
      await expect.poll(shown).toEqual([]);
      expect(client.targets()[0]).toMatchObject({ lastError: undefined });
    });
  },
);
