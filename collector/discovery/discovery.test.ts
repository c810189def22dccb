import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { until } from '../../test/until.ts';
import type { DiscoveryConfig } from './config.ts';
import { startDiscovery, type TargetGroup } from './discovery.ts';

let folder = '';
let cleanups: (() => void | Promise<void>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'karmascope-'));
  cleanups = [() => rmSync(folder, { recursive: true })];
});

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

describe('startDiscovery', () => {
  test('tells static targets at once', async () => {
    const { addresses } = await discover({ static: [{ targets: ['a:1', 'b:2'], labels: { rack: '7' } }] });
    expect(addresses()).toEqual(['a:1 rack=7', 'b:2 rack=7']);
  });

  test('follows files as they change', async () => {
    const file = join(folder, 'node.yaml');
    writeFileSync(file, '- targets: [a:1]\n  labels: { rack: 7 }\n- targets: [b:2]\n');
    const { addresses, clock } = await discover({ files: [{ files: [join(folder, '*.yaml')] }] });
    await until(clock, () => addresses().length === 2, 0);
    expect(addresses()).toEqual(['a:1 rack=7', 'b:2']);
    writeFileSync(join(folder, 'other.yaml'), '[{ "targets": ["c:3"] }]');
    writeFileSync(file, '- targets: [a:1]\n');
    await until(clock, () => addresses().join() === 'a:1,c:3');
    rmSync(file);
    await until(clock, () => addresses().join() === 'c:3');
  });

  test('keeps the targets of a file that is broken', async () => {
    const file = join(folder, 'node.yaml');
    writeFileSync(file, '- targets: [a:1]\n');
    const { addresses, clock } = await discover({ files: [{ files: [file] }] });
    await until(clock, () => addresses().length === 1, 0);
    writeFileSync(file, '- targets: a:1\n');
    await clock.advance(20_000);
    expect(addresses()).toEqual(['a:1']);
  });

  test('follows pods: those there are, those that come, change and go, and those missed in between', async () => {
    const api = await startApi();
    const kubeconfig = { role: 'pod' as const, kubeconfig_file: api.kubeconfigFile };
    const { addresses, clock, watches } = await discover({ kubernetes: [kubeconfig] });
    expect(watches()).toEqual(['/api/v1/pods listing']);
    await until(clock, () => addresses().length > 0);
    expect(addresses()).toEqual(['10.0.0.1']);
    await until(clock, () => api.watches.size > 0);
    expect(watches()).toEqual(['/api/v1/pods synced']);
    api.send('ADDED', pod('b', '10.0.0.2'));
    api.send('MODIFIED', pod('a', '10.0.0.9'));
    await until(clock, () => addresses().join() === '10.0.0.2,10.0.0.9');
    api.send('DELETED', pod('a', '10.0.0.9'));
    await until(clock, () => addresses().join() === '10.0.0.2');
    api.items = [pod('c', '10.0.0.3')];
    api.send('ERROR', { code: 410, reason: 'Expired', metadata: {} });
    await until(clock, () => addresses().join() === '10.0.0.3', 1_000);
  });
});

/** Starts a discovery; `addresses` are the targets as they are known now. */
async function discover(config: Partial<DiscoveryConfig>) {
  const clock = new ManualClock();
  const groups = new Map<string, TargetGroup>();
  const discovery = await startDiscovery(
    { static: [], files: [], kubernetes: [], ...config },
    {
      clock,
      logger: createLogger('silent'),
      onGroups: (changed) => {
        for (const group of changed) groups.set(group.source, group);
      },
    },
  );
  cleanups.push(() => discovery.stop());
  const addresses = () =>
    Array.from(groups.values(), ({ targets, labels }) =>
      targets.map(({ __address__: address }) =>
        [address, ...(labels['rack'] === undefined ? [] : [`rack=${labels['rack']}`])].join(' '),
      ),
    )
      .flat()
      .sort();
  return {
    clock,
    addresses,
    watches: () => discovery.watches().map(({ name, state }) => `${name} ${state.phase}`),
  };
}

function pod(name: string, podIP: string) {
  return {
    metadata: { name, namespace: 'n', resourceVersion: '2' },
    spec: { containers: [{ name: 'c' }] },
    status: { podIP },
  };
}

/** An API server with one collection. */
async function startApi() {
  const watches = new Set<ServerResponse>();
  const api = {
    watches,
    items: [pod('a', '10.0.0.1')],
    kubeconfigFile: join(folder, 'kubeconfig'),
    send: (type: string, object: object) => {
      for (const watch of watches) watch.write(`${JSON.stringify({ type, object })}\n`);
    },
  };
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    if (new URL(request.url!, 'http://api').searchParams.has('watch')) {
      response.flushHeaders();
      watches.add(response);
      response.on('close', () => watches.delete(response));
    } else response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: api.items }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(
    api.kubeconfigFile,
    `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: "${url}" } }]
users: [{ name: u, user: {} }]
contexts: [{ name: x, context: { cluster: c, user: u } }]
current-context: x
`,
  );
  return api;
}
