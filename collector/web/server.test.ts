import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ManualClock } from '../../runtime/clock.ts';
import type { HttpServer } from '../../runtime/http-server.ts';
import { createLogger } from '../../runtime/logger.ts';
import { parseCollectorConfig } from '../config.ts';
import { ScrapeManager } from '../scrape/manager.ts';
import { startWeb } from './server.ts';

const CONFIG = 'cluster: c\npush: { url: "http://127.0.0.1:1" }\nscrape_configs: [{ job_name: idle }]';
const HOSTILE = '<script>alert("x")</script>';

describe('collector web', () => {
  const clock = new ManualClock(1_790_000_000_000);
  const registry = new Registry();
  let web: HttpServer;
  let isReady = false;

  beforeAll(async () => {
    const manager = new ScrapeManager({
      jobs: parseCollectorConfig('c.yaml', CONFIG).jobs.map(({ scrape }) => scrape),
      sink: { tryPush: () => true },
      clock,
      logger: createLogger('silent'),
      registry,
      seed: 'prod-eu-1',
    });
    const source = { instance: 'a:1', intervalMs: 15_000, timeoutMs: 10_000 };
    manager.addSource({ ...source, job: 'good', fetch: async () => Buffer.from('a 1\nb 2\n') });
    manager.addSource({
      ...source,
      job: HOSTILE,
      fetch: async () => {
        throw new Error(HOSTILE);
      },
    });
    await clock.advance(15_000);
    web = await startWeb('127.0.0.1:0', {
      cluster: 'prod-eu-1',
      manager,
      registry,
      clock,
      isReady: () => isReady,
      connections: () => [
        { name: 'hub', trouble: HOSTILE, sinceMs: clock.now() - 90_000 },
        { name: 'events', trouble: '', sinceMs: 0 },
      ],
    });
    return () => manager.stop();
  });

  afterAll(() => web.close());

  const get = async (path: string) => {
    const response = await fetch(web.url + path);
    return { status: response.status, text: await response.text() };
  };

  test('is healthy at once, and ready when it scrapes', async () => {
    expect((await get('/-/healthy')).status).toBe(200);
    expect((await get('/-/ready')).status).toBe(503);
    isReady = true;
    expect((await get('/-/ready')).status).toBe(200);
  });

  test('shows its metrics', async () => {
    expect((await get('/metrics')).text).toContain('karmascope_collector_targets{state="up"} 1');
  });

  test('shows targets for a reader, whatever the targets say', async () => {
    const { text } = await get('/targets');
    expect(text).toContain('1 up, 1 down');
    expect(text).toContain('<code>instance=&quot;a:1&quot;</code>');
    expect(text).toContain('<h2>idle <small>no targets</small></h2>');
    expect(text).toContain('● events');
    expect(text).toContain('(for 90.0 s)');
    expect(text).not.toContain('<script');
    expect(text).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;');
  });

  test("answers /api/v1/targets in Prometheus' form", async () => {
    const { data } = JSON.parse((await get('/api/v1/targets?scrapePool=good')).text);
    expect(data).toEqual({
      activeTargets: [
        {
          discoveredLabels: {},
          globalUrl: 'in-process:good',
          health: 'up',
          labels: { instance: 'a:1', job: 'good' },
          lastError: '',
          lastScrape: expect.stringMatching(/^2026-09-21T.*Z$/),
          lastScrapeDuration: 0,
          scrapeInterval: '15s',
          scrapePool: 'good',
          scrapeTimeout: '10s',
          scrapeUrl: 'in-process:good',
        },
      ],
      droppedTargets: [],
      droppedTargetCounts: {},
    });
    const dropped = JSON.parse((await get('/api/v1/targets?state=dropped')).text);
    expect(dropped.data.activeTargets).toEqual([]);
  });
});
