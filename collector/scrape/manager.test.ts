import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { isStale } from '../../model/sample.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { until } from '../../test/until.ts';
import { parseCollectorConfig } from '../config.ts';
import { ScrapeManager } from './manager.ts';
import type { ScrapedBatch } from './sink.ts';

let cleanups: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

describe('ScrapeManager', () => {
  test('scrapes what discovery finds, each target on its own slot', async () => {
    const { manager, clock, samples, targets } = await managed();
    manager.update('j', [group('a', ...targets('one', 'two'))]);
    await until(clock, () => samples().length >= 4);
    expect(samples().toSorted()).toEqual(['one/a 1', 'one/up 1', 'two/a 1', 'two/up 1']);
    expect(manager.activeTargets().map(({ status }) => status.health)).toEqual(['up', 'up']);
  });

  test('keeps the loops of targets that stay, and of those two sources name', async () => {
    const { manager, clock, samples, targets } = await managed();
    const [one, two] = targets('one', 'two');
    manager.update('j', [group('a', one!, two!), group('b', one!)]);
    expect(manager.activeTargets().length).toBe(2);
    await until(clock, () => samples().length >= 4);
    manager.update('j', [group('a', two!)]);
    expect(
      manager.activeTargets().map(({ status }) => status.health),
      'none began anew',
    ).toEqual(['up', 'up']);
  });

  test('marks the series of a target that is gone, when its second next scrape would have been', async () => {
    const { manager, clock, samples, targets } = await managed();
    manager.update('j', [group('a', ...targets('one'))]);
    await until(clock, () => samples().length >= 2);
    manager.update('j', [group('a')]);
    expect(manager.activeTargets()).toEqual([]);
    await clock.advance(20_000);
    expect(samples()).toEqual(['one/a 1', 'one/up 1']);
    await clock.advance(12_000);
    expect(samples().slice(2)).toEqual(['one/a stale', 'one/up stale']);
  });

  test('marks nothing when the target came back under another address', async () => {
    const { manager, clock, samples, targets } = await managed();
    const [one] = targets('one');
    manager.update('j', [group('a', one!)]);
    await until(clock, () => samples().length >= 2);
    manager.update('j', [group('a', { ...one!, __metrics_path__: '/one?' })]);
    await clock.advance(60_000);
    await until(clock, () => samples().length >= 6);
    expect(samples().filter((sample) => sample.includes('stale'))).toEqual([]);
  });

  test('scrapes no target of a job that has too many, and says so at each', async () => {
    const { manager, clock, samples, targets } = await managed('target_limit: 1');
    manager.update('j', [group('a', ...targets('one', 'two'))]);
    await until(clock, () => samples().length >= 2);
    expect(samples().toSorted()).toEqual(['one/up 0', 'two/up 0']);
    expect(manager.activeTargets()[0]!.status.lastError).toBe(
      'target_limit exceeded: the job has 2 targets, the limit is 1',
    );
    manager.update('j', [group('a', ...targets('one'))]);
    await until(clock, () => samples().includes('one/up 1'));
  });

  test('goes on with the others when one target makes no sense', async () => {
    const { manager, targets } = await managed();
    manager.update('j', [group('a', { __address__: 'http://h/' }, ...targets('one'))]);
    expect(manager.activeTargets().map(({ target }) => target.labels.get('instance'))).toEqual(['one']);
  });

  test('counts what relabeling drops', async () => {
    const { manager } = await managed('relabel_configs: [{ action: keep, source_labels: [keep], regex: y }]');
    manager.update('j', [group('a', ...Array.from({ length: 150 }, (_, i) => ({ __address__: `h:${i}` })))]);
    const [dropped] = manager.droppedTargets();
    expect(dropped).toMatchObject({ job: 'j', count: 150 });
    expect(dropped!.examples.length).toBe(100);
  });

  test('scrapes this process like a target, and counts targets by state', async () => {
    const { manager, clock, samples, registry } = await managed();
    const pages = ['s 1\n', undefined];
    manager.addSource({
      job: 'self',
      instance: 'here',
      intervalMs: 15_000,
      timeoutMs: 10_000,
      fetch: async () => {
        const page = pages.shift();
        if (page === undefined) throw new Error('not yet');
        return Buffer.from(page);
      },
    });
    await clock.advance(30_000);
    expect(samples()).toEqual(['here/s 1', 'here/up 1', 'here/s stale', 'here/up 0']);
    expect(await registry.metrics()).toContain('karmascope_collector_targets{state="down"} 1');
  });
});

function group(source: string, ...targets: Record<string, string>[]) {
  return { source, targets, labels: {} };
}

/** A manager of one job `j`, a server with the page `a 1` under every path, and the samples that came. */
async function managed(jobYaml = '') {
  const clock = new ManualClock();
  const registry = new Registry();
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/plain' }).end('a 1\n'),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const batches: ScrapedBatch[] = [];
  const text = `cluster: c\npush: { url: "http://127.0.0.1:1" }\nscrape_configs:\n  - job_name: j\n    ${jobYaml}\n`;
  const manager = new ScrapeManager({
    jobs: parseCollectorConfig('c.yaml', text).jobs.map(({ scrape }) => scrape),
    sink: { tryPush: (batch) => batches.push(batch) > 0 },
    clock,
    logger: createLogger('silent'),
    registry,
    seed: 'c',
  });
  cleanups.push(
    () => {
      server.close();
      server.closeAllConnections();
    },
    () => manager.stop(),
  );
  return {
    manager,
    clock,
    registry,
    samples: () => batches.flatMap(shown),
    targets: (...names: string[]) =>
      names.map((name) => ({ __address__: address, __metrics_path__: `/${name}`, instance: name })),
  };
}

/** `instance/name value`, without the series about the scrape but `up`. */
function shown({ series, values, length }: ScrapedBatch): string[] {
  return Array.from({ length }, (_, i) => {
    const labels = series[i]!;
    return `${labels.get('instance')}/${labels.metricName} ${isStale(values, i) ? 'stale' : values[i]}`;
  }).filter((text) => !text.includes('/scrape_'));
}
