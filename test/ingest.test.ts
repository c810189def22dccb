import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { compressSync } from 'snappy';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Aggregator, startAggregator } from '../aggregator/app.ts';
import { loadAggregatorConfig } from '../aggregator/config.ts';
import { openEmbeddedEngine } from '../aggregator/engine/embedded.ts';
import { type Engine, StorageUnavailable } from '../aggregator/engine/engine.ts';
import type { ClusterState } from '../model/cluster.ts';
import type { ClusterEvent } from '../model/event.ts';
import type { Label } from '../model/labels.ts';
import { Matcher } from '../model/matcher.ts';
import { encodeClusters, encodeEvents } from '../model/otlp-records.ts';
import { encodeWriteRequest } from '../model/remote-write.ts';
import { isStale, setStale } from '../model/sample.ts';
import { systemClock } from '../runtime/clock.ts';
import { createLogger } from '../runtime/logger.ts';

/** The whole hub on port 0 with a folder of its own, as its senders see it. */
const CONFIG = `
federation: demo
cluster: karmada-host
identities:
  - { name: prod-eu-1, token: eu-token, cluster: prod-eu-1 }
  - { name: prod-us-1, token: us-token, cluster: prod-us-1 }
  - { name: host, token: host-token, cluster: karmada-host, federation: true, region: eu-west-1, provider: aws }
  - { name: lab, token: lab-token, trusted: true }
rule_files: []
slo_files: []
`;

let folder: string;
let configFile: string;
let hub: Aggregator;
let engine: Engine;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hub-'));
  configFile = join(folder, 'hub.yaml');
  writeFileSync(configFile, CONFIG);
  hub = await start();
});
afterEach(async () => {
  await hub.stop();
  rmSync(folder, { recursive: true });
});

function start(): Promise<Aggregator> {
  return startAggregator({
    config: loadAggregatorConfig(configFile),
    configFile,
    storagePath: join(folder, 'data'),
    listenAddress: '127.0.0.1:0',
    logger: createLogger('silent'),
    clock: systemClock,
    openEngine: async (parts) => (engine = await openEmbeddedEngine(parts)),
  });
}

async function restart(): Promise<void> {
  await hub.stop();
  hub = await start();
}

/** `up{job="node"}` as a sender's labels, unsorted as they stand. */
function labels(series: string): Label[] {
  const [, name, inside] = /^([^{]*)(?:\{(.*)\})?$/.exec(series)!;
  const parts = (inside ?? '').split(',').filter((part) => part !== '');
  const own = parts.map((part) => /^([^=]*)="(.*)"$/.exec(part)!.slice(1, 3) as [string, string]);
  return name === '' ? own : [['__name__', name!], ...own];
}

/** A remote write request of one sample now, value 1, for each series. */
function samples(...series: string[]): Uint8Array {
  return compressSync(
    encodeWriteRequest(
      series.map((text) => ({
        labels: labels(text),
        timestamps: [Date.now()],
        values: new Float64Array([1]),
      })),
    ),
  );
}

function post(path: string, token: string, body: Uint8Array | string, headers = {}): Promise<Response> {
  return fetch(hub.url + path, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
}

function write(token: string, body: Uint8Array, headers = {}): Promise<Response> {
  return post('/api/v1/write', token, body, {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    ...headers,
  });
}

function sendLogs(token: string, body: string | Uint8Array, headers = {}): Promise<Response> {
  return post('/api/v1/otlp/v1/logs', token, body, { 'content-type': 'application/json', ...headers });
}

/** Series in the store that are not the hub's own, as one reads them. */
async function stored(): Promise<string[]> {
  const all = await engine.series([], { startMs: 0, endMs: Date.now() + 1_000 });
  return all.flatMap((one) => (one.get('job') === 'karmascope-aggregator' ? [] : one.toString())).toSorted();
}

async function metric(line: RegExp): Promise<string[]> {
  const page = await (await fetch(`${hub.url}/metrics`)).text();
  return page.split('\n').filter((text) => !text.startsWith('#') && line.test(text));
}

function cluster(name: string, region: string): ClusterState {
  return {
    name,
    id: `${name}-id`,
    region,
    provider: 'gcp',
    zones: [],
    syncMode: 'Push',
    kubernetesVersion: 'v1.36.0',
    createdMs: 1,
    ready: { status: 'True', reason: 'ClusterReady', message: '', sinceMs: 1 },
    taints: [],
    nodes: { total: 1, ready: 1 },
    allocatable: { cpuCores: 1, memoryBytes: 1, pods: 1 },
    allocated: { cpuCores: 0, memoryBytes: 0, pods: 0 },
  };
}

function tellClusters(token: string, ...states: ClusterState[]): Promise<Response> {
  const messages = states.map((state) => ({ kind: 'cluster', state }) as const);
  return sendLogs(token, encodeClusters(messages, { cluster: 'karmada-host', timeMs: Date.now() }));
}

/** An event of the cluster that a sender says it is of, seen `count` times. */
function events(claimedCluster: string, count: number): string {
  return encodeEvents([{ event: podEvent(count), cluster: claimedCluster }]);
}

function podEvent(count: number): ClusterEvent {
  const timeMs = Date.now() - 1_000;
  return {
    uid: 'uid-1',
    resourceVersion: String(count),
    type: 'Warning',
    reason: 'BackOff',
    message: 'restarting',
    count,
    timeMs,
    firstTimeMs: timeMs,
    object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web', uid: 'o' },
    component: 'kubelet',
  };
}

describe('who sends', () => {
  test('nobody with a wrong token: 401, counted, nothing stored', async () => {
    const response = await write('wrong', samples('up'));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(await response.text()).toContain('give the collector the token of its identity');
    expect((await fetch(`${hub.url}/api/v1/write`, { method: 'POST' })).status).toBe(401);
    expect(await stored()).toEqual([]);
    expect(await metric(/^karmascope_aggregator_ingest_refused_total/)).toEqual([
      'karmascope_aggregator_ingest_refused_total{cluster="",reason="unauthenticated"} 2',
    ]);
  });

  test('a member, whose series are stamped; what it claims otherwise is kept apart and counted', async () => {
    await tellClusters('host-token', cluster('prod-eu-1', 'eu-west-1'));
    const sent = samples('up{job="node"}', 'up{cluster="prod-us-1",region="us-east-1",job="db"}');
    expect((await write('eu-token', sent)).status).toBe(204);
    const global = 'cluster="prod-eu-1"';
    expect(await stored()).toEqual([
      `{__name__="up", ${global}, exported_cluster="prod-us-1", exported_region="us-east-1", federation="demo", job="db", provider="gcp", region="eu-west-1"}`,
      `{__name__="up", ${global}, federation="demo", job="node", provider="gcp", region="eu-west-1"}`,
    ]);
    expect(await metric(/^karmascope_aggregator_label_conflicts_total/)).toEqual([
      'karmascope_aggregator_label_conflicts_total{cluster="prod-eu-1",label="cluster"} 1',
      'karmascope_aggregator_label_conflicts_total{cluster="prod-eu-1",label="region"} 1',
    ]);
  });

  test("the host's collector, whose series about a member are the member's", async () => {
    await tellClusters('host-token', cluster('prod-us-1', 'us-east-1'));
    await write('host-token', samples('cluster_ready_state{member_cluster="prod-us-1"}'));
    await write('us-token', samples('cluster_ready_state{member_cluster="prod-eu-1"}'));
    expect(await stored()).toEqual([
      '{__name__="cluster_ready_state", cluster="prod-us-1", federation="demo", member_cluster="prod-eu-1", provider="gcp", region="us-east-1"}',
      '{__name__="cluster_ready_state", cluster="prod-us-1", federation="demo", member_cluster="prod-us-1", provider="gcp", region="us-east-1", source_cluster="karmada-host"}',
    ]);
  });

  test('a trusted sender, whose labels are kept as sent', async () => {
    await write('lab-token', samples('slo_x{le="1",cluster="any",region="mars"}'));
    expect(await stored()).toEqual(['{__name__="slo_x", cluster="any", le="1", region="mars"}']);
  });

  test('a member whose region becomes known while it sends is stamped with it from then on', async () => {
    await write('eu-token', samples('up'));
    await tellClusters('host-token', cluster('prod-eu-1', 'eu-west-1'));
    await write('eu-token', samples('up'));
    expect(await stored()).toEqual([
      '{__name__="up", cluster="prod-eu-1", federation="demo", provider="gcp", region="eu-west-1"}',
      '{__name__="up", cluster="prod-eu-1", federation="demo"}',
    ]);
  });
});

describe('POST /api/v1/write', () => {
  test('keeps requests of many senders at once apart', async () => {
    const nowMs = Date.now();
    const tokens = ['eu-token', 'us-token', 'host-token'];
    const request = (sender: number, turn: number) =>
      encodeWriteRequest(
        Array.from({ length: 100 }, (_, i) => ({
          labels: labels(`value{i="${i}"}`),
          timestamps: [nowMs - 1_000 * turn],
          values: new Float64Array([sender * 10_000 + i * 100 + turn]),
        })),
      );
    const sent = tokens.flatMap((token, sender) =>
      Array.from({ length: 20 }, (_, turn) => write(token, compressSync(request(sender, turn)))),
    );
    for (const response of await Promise.all(sent)) expect(response.status).toBe(204);
    const found = await engine.select([new Matcher('__name__', '=', 'value')], { startMs: 0, endMs: nowMs });
    expect(found).toHaveLength(300);
    for (const { labels: stamped, timestamps, values } of found) {
      const sender = ['prod-eu-1', 'prod-us-1', 'karmada-host'].indexOf(stamped.get('cluster'));
      const expected = Array.from(timestamps, (timestampMs) => {
        const turn = (nowMs - timestampMs) / 1_000;
        return sender * 10_000 + Number(stamped.get('i')) * 100 + turn;
      });
      expect(timestamps).toHaveLength(20);
      expect([...values]).toEqual(expected);
    }
  });

  test('keeps the bits of a stale marker', async () => {
    const values = new Float64Array(1);
    setStale(values, 0);
    await write(
      'eu-token',
      compressSync(encodeWriteRequest([{ labels: labels('up'), timestamps: [Date.now()], values }])),
    );
    const [up] = await engine.select([new Matcher('__name__', '=', 'up')], { startMs: 0, endMs: Date.now() });
    expect(isStale(up!.values, 0)).toBe(true);
  });

  test('notes which clusters are behind a trusted sender', async () => {
    await write(
      'lab-token',
      samples('up{cluster="a-1"}', 'up{cluster="a-1",job="x"}', 'up{cluster="b-1"}', 'up'),
    );
    const heard = await metric(/^karmascope_aggregator_cluster_last_received/);
    expect(heard.map((line) => /cluster="([^"]*)"/.exec(line)![1])).toEqual(['a-1', 'b-1']);
  });

  test.each([
    ['no snappy', new Uint8Array([255, 255, 255]), 'Cannot decode snappy'],
    ['a snappy bomb', new Uint8Array([0x80, 0x80, 0x80, 0x80, 0x0f, 0]), 'the limit is'],
    ['no protobuf', compressSync(Buffer.from('this is no protobuf')), 'Cannot decode protobuf'],
    ['a cut request', compressSync(Buffer.from([0x0a, 0x7f, 0x0a])), 'Cannot decode protobuf'],
  ])('answers 400 with the reason to %s', async (_, body, reason) => {
    const response = await write('eu-token', body);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(reason);
    expect(await metric(/reason="malformed_body"/)).toEqual([
      'karmascope_aggregator_ingest_refused_total{cluster="prod-eu-1",reason="malformed_body"} 1',
    ]);
  });

  test('keeps the good part of a request and says what was wrong with the rest', async () => {
    const response = await write(
      'eu-token',
      samples('up', '{job="no name"}', 'ALERTS{alertname="x"}', 'a{b="1",b="2"}', 'down'),
    );
    expect(response.status).toBe(400);
    expect(response.headers.get('x-prometheus-remote-write-samples-written')).toBe('2');
    expect(await response.text()).toBe(
      'Cannot store everything: missing_metric_name (1 series), reserved_name (1 series), ' +
        'invalid_labels (1 series); 2 samples are stored; first: a series without a metric name\n',
    );
    expect(await stored()).toHaveLength(2);
    expect(await metric(/refused_total.*reserved_name/)).toHaveLength(1);
  });

  test('answers 400 to samples from the future, and names the series and the reason', async () => {
    const body = encodeWriteRequest([
      { labels: labels('up'), timestamps: [Date.now() + 3_600_000], values: new Float64Array([1]) },
    ]);
    const response = await write('eu-token', compressSync(body));
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(
      /too_far_in_future \(1 samples\).*first: \{__name__="up", cluster="prod-eu-1"/s,
    );
  });

  test('answers 415 to what it does not read', async () => {
    const body = samples('up');
    const status = async (headers: object) => (await write('eu-token', body, headers)).status;
    expect(await status({ 'content-encoding': 'gzip' })).toBe(415);
    expect(await status({ 'content-type': 'application/json' })).toBe(415);
    expect(
      await status({ 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' }),
    ).toBe(415);
    expect(await status({ 'content-type': 'application/x-protobuf;proto=prometheus.WriteRequest' })).toBe(
      204,
    );
    expect(
      (await fetch(`${hub.url}/api/v1/write`, { headers: { authorization: 'Bearer eu-token' } })).status,
    ).toBe(405);
  });

  test('reads a body of unknown length', async () => {
    const body = samples(...Array.from({ length: 5_000 }, (_, i) => `series_${i}{pod="web-${i * 7919}"}`));
    const response = await fetch(`${hub.url}/api/v1/write`, {
      method: 'POST',
      body: new Blob([new Uint8Array(body)]).stream(),
      duplex: 'half',
      headers: { authorization: 'Bearer eu-token', 'content-encoding': 'snappy' },
    } as RequestInit);
    expect(response.status).toBe(204);
    expect(await stored()).toHaveLength(5_000);
  });

  test('answers 503 with Retry-After while the engine cannot store, and recovers by itself', async () => {
    const append = engine.append.bind(engine);
    engine.append = () => Promise.reject(new StorageUnavailable('Cannot append: no space left on device'));
    const response = await write('eu-token', samples('up'));
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.text()).toContain('no space left on device');
    engine.append = append;
    expect((await write('eu-token', samples('up'))).status).toBe(204);
    expect(await metric(/reason="storage_unavailable"/)).toHaveLength(1);
  });

  test('answers 500 when the engine is broken, and keeps the reason for the log', async () => {
    engine.append = () => Promise.reject(new TypeError('secret detail'));
    const response = await write('eu-token', samples('up'));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });

  test('asks for its series again when the engine has forgotten them', async () => {
    await write('eu-token', samples('up'));
    const append = engine.append.bind(engine);
    let calls = 0;
    engine.append = (batch) =>
      calls++ === 0 ? Promise.reject(new RangeError('series 1 is not known')) : append(batch);
    expect((await write('eu-token', samples('up'))).status).toBe(204);
    expect(calls).toBe(2);
  });
});

describe('POST /api/v1/otlp/v1/logs', () => {
  test('counts an event once over retries and a restart', async () => {
    const body = gzipSync(events('prod-eu-1', 3));
    const send = () => sendLogs('eu-token', body, { 'content-encoding': 'gzip' });
    expect(await (await send()).json()).toEqual({});
    await send();
    await restart();
    await send();
    await sendLogs('eu-token', events('prod-eu-1', 5));
    expect(await metric(/ingest_events_total/)).toEqual([
      'karmascope_aggregator_ingest_events_total{cluster="prod-eu-1",outcome="stored"} 1',
      'karmascope_aggregator_ingest_events_total{cluster="prod-eu-1",outcome="repeated"} 1',
    ]);
    const answer = await (await fetch(`${hub.url}/api/v1/events?cluster=prod-eu-1`)).json();
    expect(answer).toMatchObject({ status: 'success', data: { events: [{ reason: 'BackOff', count: 5 }] } });
  });

  test("keeps a member's events under its own name, whatever it claims", async () => {
    await sendLogs('eu-token', events('prod-us-1', 1));
    expect(await metric(/ingest_events_total/)).toEqual([
      'karmascope_aggregator_ingest_events_total{cluster="prod-eu-1",outcome="stored"} 1',
      'karmascope_aggregator_ingest_events_total{cluster="prod-eu-1",outcome="repeated"} 0',
    ]);
    expect(await metric(/label_conflicts_total/)).toEqual([
      'karmascope_aggregator_label_conflicts_total{cluster="prod-eu-1",label="cluster"} 1',
    ]);
  });

  test("takes Karmada's clusters from the federation's identity only", async () => {
    const response = await tellClusters('eu-token', cluster('prod-us-1', 'eu-west-1'));
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      code: 7,
      message: expect.stringContaining('federation: true'),
    });
    expect(await metric(/^karmascope_aggregator_cluster_expected/)).toEqual([
      'karmascope_aggregator_cluster_expected{cluster="karmada-host"} 1',
    ]);
    expect((await tellClusters('host-token', cluster('prod-us-1', 'us-east-1'))).status).toBe(200);
    expect(await metric(/^karmascope_aggregator_cluster_expected/)).toHaveLength(2);
    expect(await metric(/forbidden_record/)).toHaveLength(1);
  });

  test('names in a partial success what it could not keep', async () => {
    const good = JSON.parse(events('', 1)) as { resourceLogs: object[] };
    good.resourceLogs.push({ scopeLogs: [{ logRecords: [{ body: { stringValue: 'a line of a log' } }] }] });
    const response = await sendLogs('eu-token', JSON.stringify(good));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      partialSuccess: {
        rejectedLogRecords: '1',
        errorMessage: 'Cannot keep a log record that is neither a Kubernetes event nor a cluster',
      },
    });
  });

  test.each([
    ['a broken body', '{', 400, {}],
    ['a broken gzip', 'xx', 400, { 'content-encoding': 'gzip' }],
    ['a gzip bomb', gzipSync(new Uint8Array(40 * 2 ** 20)), 400, { 'content-encoding': 'gzip' }],
    ['another encoding', '{}', 415, { 'content-encoding': 'zstd' }],
    ['another type', '{}', 415, { 'content-type': 'text/plain' }],
  ])('answers %s with a status that stops the sender', async (_, body, status, headers) => {
    expect((await sendLogs('eu-token', body, headers)).status).toBe(status);
  });
});

test('many small bombs at once take no more memory than one large request may', async () => {
  const bomb = gzipSync(new Uint8Array(31 * 2 ** 20));
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => sendLogs('eu-token', bomb, { 'content-encoding': 'gzip' })),
  );
  const statuses = new Set(answers.map(({ status }) => status));
  // Those that found no room may come again; the others are no JSON.
  expect([...statuses].toSorted()).toEqual([400, 503]);
});

test("a name that is no cluster's poisons nothing", async () => {
  expect((await write('lab-token', samples(`up{cluster="${'x'.repeat(5_000)}"}`))).status).toBe(204);
  expect((await tellClusters('host-token', cluster('prod-us-1', 'us-east-1'))).status).toBe(200);
  await write('host-token', samples('cluster_ready_state{member_cluster="No Cluster"}'));
  expect((await stored()).filter((series) => series.includes('cluster="No Cluster"'))).toEqual([
    expect.stringContaining(' cluster="karmada-host"'),
  ]);
});

describe('a restarted hub', () => {
  test('has every sample it acknowledged and every cluster it knew', async () => {
    await tellClusters('host-token', cluster('prod-eu-1', 'eu-west-1'));
    await write('eu-token', samples('up'));
    await restart();
    expect(await stored()).toHaveLength(1);
    expect(await metric(/^karmascope_aggregator_cluster_expected.*prod-eu-1/)).toHaveLength(1);
    expect(await metric(/^karmascope_aggregator_cluster_last_received.*prod-eu-1/)).toHaveLength(1);
  });
});

describe('POST /-/reload', () => {
  const reload = () => fetch(`${hub.url}/-/reload`, { method: 'POST' });
  const successful = () => metric(/^karmascope_aggregator_config_last_reload_successful/);

  test('takes over new identities', async () => {
    writeFileSync(configFile, CONFIG.replace('eu-token', 'new-token'));
    expect((await reload()).status).toBe(200);
    expect((await write('eu-token', samples('up'))).status).toBe(401);
    expect((await write('new-token', samples('up'))).status).toBe(204);
    expect(await successful()).toEqual(['karmascope_aggregator_config_last_reload_successful 1']);
  });

  test('keeps the old configuration when the new one is broken, and says why', async () => {
    writeFileSync(configFile, CONFIG.replace('cluster: prod-eu-1 }', 'clutser: prod-eu-1 }'));
    const response = await reload();
    expect(response.status).toBe(500);
    expect(await response.text()).toMatch(
      /hub\.yaml:5:\d+: identities\[0\].clutser: .*did you mean "cluster"/s,
    );
    expect((await write('eu-token', samples('up'))).status).toBe(204);
    expect(await successful()).toEqual(['karmascope_aggregator_config_last_reload_successful 0']);
  });

  test('keeps the old tokens when a token file is missing', async () => {
    writeFileSync(configFile, CONFIG.replace('token: us-token', 'token_file: nowhere'));
    const response = await reload();
    expect(response.status).toBe(500);
    expect(await response.text()).toMatch(
      /hub\.yaml:1:1: identities: Cannot read the token of identity "prod-us-1"/,
    );
    expect((await write('us-token', samples('up'))).status).toBe(204);
  });

  test('is for the own page and for programs, not for other sites', async () => {
    const response = await fetch(`${hub.url}/-/reload`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    expect(response.status).toBe(403);
  });
});

test('without identities the local writer is trusted, and only loopback is listened on', async () => {
  await hub.stop();
  writeFileSync(configFile, 'federation: lab\nrule_files: []\nslo_files: []\n');
  hub = await start();
  expect(
    (
      await fetch(`${hub.url}/api/v1/write`, {
        method: 'POST',
        body: new Uint8Array(samples('up{cluster="x"}')),
      })
    ).status,
  ).toBe(204);
  expect(await stored()).toEqual(['{__name__="up", cluster="x"}']);
  // A page of another site can post bytes without a type, and a browser says whose page it is.
  const fromPage = await fetch(`${hub.url}/api/v1/write`, {
    method: 'POST',
    body: new Uint8Array(samples('ALERTS')),
    headers: { origin: 'http://elsewhere.example' },
  });
  expect(fromPage.status).toBe(403);
  await expect(
    startAggregator({
      config: loadAggregatorConfig(configFile),
      storagePath: join(folder, 'other'),
      listenAddress: '0.0.0.0:0',
      logger: createLogger('silent'),
      clock: systemClock,
    }),
  ).rejects.toThrow('add "identities"');
});
