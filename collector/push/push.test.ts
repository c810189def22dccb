import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { uncompressSync } from 'snappy';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterState } from '../../model/cluster.ts';
import type { ClusterEvent } from '../../model/event.ts';
import { Labels } from '../../model/labels.ts';
import { decodeLogs } from '../../model/otlp-logs.ts';
import { parseRecord, type TypedRecord } from '../../model/otlp-records.ts';
import { decodeLabels, type FamilyMetadata, WriteRequestDecoder } from '../../model/remote-write.ts';
import { isStale, setStale } from '../../model/sample.ts';
import { WriteSeriesTable } from '../../model/write-series-table.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { createRegistry, type Registry } from '../../runtime/metrics.ts';
import { until as untilSo } from '../../test/until.ts';
import { pushConfigSchema } from './config.ts';
import { type Push, startPush } from './push.ts';

/** What a hub got, read back: `name value@time` for each sample. */
interface Received {
  readonly atMs: number;
  readonly headers: Headers;
  readonly samples: string[];
  readonly metadata: readonly FamilyMetadata[];
  readonly records: readonly TypedRecord[];
}

type HubAnswer = (request: Received) => Response | Promise<Response>;

/** A hub as a fetch function: it decodes what comes and answers what the test says. */
class Hub {
  readonly requests: Received[] = [];
  answer: HubAnswer = () => new Response(null, { status: 204 });
  readonly #clock: ManualClock;
  readonly #decoder = new WriteRequestDecoder();
  readonly #table = new WriteSeriesTable();
  readonly #names: string[] = [];

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  readonly fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const body = init.body as Uint8Array;
    const base = { atMs: this.#clock.now(), headers: new Headers(init.headers) };
    const received = String(url).endsWith('/api/v1/write')
      ? { ...base, ...this.#readSamples(uncompressSync(body) as Buffer), records: [] }
      : {
          ...base,
          samples: [],
          metadata: [],
          records: decodeLogs(gunzipSync(body), 'json').map(parseRecord),
        };
    this.requests.push(received);
    const answer = Promise.resolve(this.answer(received));
    const aborted = new Promise<never>((_, reject) =>
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true }),
    );
    return Promise.race([answer, aborted]);
  };

  get samples(): string[] {
    return this.requests.flatMap((request) => request.samples);
  }

  #readSamples(body: Uint8Array) {
    const decoded = this.#decoder.decode(body, this.#table, (bytes, start, end) => {
      return this.#names.push(Labels.fromPairs(decodeLabels(bytes, start, end)).metricName) - 1;
    });
    const { length, series, timestamps, values, metadata } = decoded;
    const samples = Array.from({ length }, (_, i) => {
      return `${this.#names[series[i]!]} ${isStale(values, i) ? 'stale' : values[i]}@${timestamps[i]}`;
    });
    return { samples, metadata };
  }
}

const startMs = Date.parse('2026-11-22T10:22:00Z');
const up = Labels.fromObject({ __name__: 'up', job: 'node' });
const load = Labels.fromObject({ __name__: 'load', job: 'node' });

function batch(...samples: [Labels, number, number][]) {
  return {
    series: samples.map(([labels]) => labels),
    timestamps: Float64Array.from(samples, ([, timestampMs]) => timestampMs),
    values: Float64Array.from(samples, ([, , value]) => value),
    length: samples.length,
  };
}

const event: ClusterEvent = {
  uid: 'u1',
  resourceVersion: '10',
  type: 'Normal',
  reason: 'Scheduled',
  message: 'assigned',
  count: 1,
  timeMs: startMs,
  firstTimeMs: startMs,
  object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'cart-1', uid: 'p1' },
  component: 'default-scheduler',
};

let clock: ManualClock;
let hub: Hub;
let registry: Registry;
let push: Push;

let log: string[];

function start(config: object = {}): void {
  log = [];
  registry = createRegistry('karmascope_collector');
  push = startPush({
    config: pushConfigSchema.parse({ url: 'http://hub.example.com:9390', token: 'secret', ...config }),
    cluster: 'prod-eu-1',
    fetch: hub.fetch,
    clock,
    logger: createLogger('warn', { write: (line) => log.push(JSON.parse(line).reason) }),
    registry,
    random: () => 0.5,
  });
}

const until = (condition: () => boolean | Promise<boolean>) => untilSo(clock, condition);
/** Time stands still: nothing but what is due now may be waited for. */
const settled = (condition: () => boolean | Promise<boolean>) => untilSo(clock, condition, 0);

/** The collector's own metrics of a name, as the page shows them, without the name. */
async function metric(name: string): Promise<Record<string, number>> {
  const { values } = (await registry.getSingleMetric(`karmascope_collector_${name}`)?.get()) ?? {
    values: [],
  };
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels['outcome'] ?? ''), value]));
}

beforeEach(() => {
  clock = new ManualClock(startMs);
  hub = new Hub(clock);
});

afterEach(async () => {
  const stopped = push.stop();
  await clock.advance(5_000);
  await stopped;
});

describe('push of samples', () => {
  it('sends what comes within half a second as one request, with its credential, and stale markers as such', async () => {
    start();
    const second = batch([up, 2000, 0]);
    setStale(second.values, 0);
    push.samples.tryPush(batch([up, 1000, 1], [load, 1000, 0.5]));
    await clock.advance(400);
    expect(hub.requests).toEqual([]);
    push.samples.tryPush(second);
    await until(() => hub.requests.length === 1);
    expect(hub.samples).toEqual(['up 1@1000', 'load 0.5@1000', 'up stale@2000']);
    expect(Object.fromEntries(hub.requests[0]!.headers)).toMatchObject({
      authorization: 'Bearer secret',
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf',
      'x-prometheus-remote-write-version': '0.1.0',
    });
    await settled(async () => (await metric('push_samples_total'))['sent'] === 3);
    expect(await metric('push_samples_total')).toEqual({ sent: 3, dropped: 0, refused: 0 });
  });

  it('cuts a large batch into requests and sends them one after the other', async () => {
    start();
    const answers: (() => void)[] = [];
    hub.answer = () =>
      new Promise((resolve) => answers.push(() => resolve(new Response(null, { status: 204 }))));
    push.samples.tryPush(
      batch(...Array.from({ length: 25_000 }, (_, i) => [up, i, i] as [Labels, number, number])),
    );
    await settled(() => hub.requests.length === 1);
    expect(await metric('push_queue_samples')).toEqual({ '': 25_000 });
    for (const sent of [1, 2]) {
      expect(hub.requests).toHaveLength(sent);
      answers[sent - 1]!();
      await until(() => hub.requests.length === sent + 1);
    }
    answers[2]!();
    await settled(() => push.hub.lastSuccessMs !== undefined);
    expect(hub.requests.map(({ samples }) => samples.length)).toEqual([10_000, 10_000, 5_000]);
    expect(hub.samples.at(-1)).toBe('up 24999@24999');
  });

  it('keeps samples while the hub is away, tries again as it asks, and tells how old the oldest is', async () => {
    start();
    const answers = [
      () => new Response('disk full', { status: 503, headers: { 'retry-after': '7' } }),
      () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
      () => new Response(null, { status: 204 }),
    ];
    hub.answer = () => answers.shift()!();
    push.samples.tryPush(batch([up, 1000, 1]));
    await until(() => hub.requests.length === 1);
    await settled(() => push.hub.failing?.reason === 'HTTP 503: disk full');
    push.samples.tryPush(batch([up, 2000, 1]));
    await until(() => hub.requests.length === 2);
    await settled(() => push.hub.failing?.reason === 'connect ECONNREFUSED');
    expect(hub.requests[1]!.atMs - hub.requests[0]!.atMs).toBe(7_000);
    expect(hub.requests[1]!.headers.get('retry-attempt')).toBe('1');
    expect((await metric('push_oldest_sample_age_seconds'))['']).toBe((clock.now() - startMs) / 1000);
    await until(() => hub.requests.length === 4);
    expect(hub.requests[2]!.atMs - hub.requests[1]!.atMs).toBe(375); // the second pause, 500 ms, half of it by chance
    expect(hub.requests.map(({ samples }) => samples)).toEqual([
      ['up 1@1000'],
      ['up 1@1000'],
      ['up 1@1000'],
      ['up 1@2000'],
    ]);
  });

  it('drops the oldest when the queue is full, and counts it', async () => {
    start({ queue_samples: 10_000 });
    hub.answer = () => new Response(null, { status: 503 });
    for (let i = 0; i < 5; i++)
      push.samples.tryPush(
        batch(...Array.from({ length: 4_000 }, () => [up, i, i] as [Labels, number, number])),
      );
    expect(await metric('push_samples_total')).toMatchObject({ dropped: 12_000 });
    expect(await metric('push_queue_samples')).toEqual({ '': 8_000 });
    expect(await metric('push_queue_capacity_samples')).toEqual({ '': 10_000 });
    await until(() => hub.requests.length === 1);
    expect(hub.samples[0]).toBe('up 3@3');
  });

  it('does not send again what the hub refuses, and counts what it kept', async () => {
    start();
    hub.answer = () =>
      new Response('too old', { status: 400, headers: { 'x-prometheus-remote-write-samples-written': '2' } });
    push.samples.tryPush(batch([up, 1, 1], [up, 2, 1], [up, 3, 1]));
    await until(() => hub.requests.length === 1);
    hub.answer = () => new Response(null, { status: 204 });
    push.samples.tryPush(batch([up, 4, 1]));
    await until(() => hub.requests.length === 2);
    expect(hub.requests[1]!.samples).toEqual(['up 1@4']);
    await settled(async () => (await metric('push_samples_total'))['sent'] === 3);
    expect(await metric('push_samples_total')).toEqual({ sent: 3, dropped: 0, refused: 1 });
  });

  it('logs a kind of refusal once a minute, however its words change', async () => {
    start();
    let refusals = 0;
    hub.answer = () => new Response(`series ${++refusals} is too old`, { status: 400 });
    for (let i = 1; i <= 3; i++) {
      push.samples.tryPush(batch([up, i, 1]));
      await until(() => hub.requests.length === i);
      await settled(async () => (await metric('push_samples_total'))['refused'] === i);
    }
    expect(log).toEqual(['HTTP 400: series 1 is too old']);
    await clock.advance(60_000);
    push.samples.tryPush(batch([up, 4, 1]));
    await until(() => log.length === 2);
  });

  it('gives up on a hub that does not answer within 30 s, and tries again', async () => {
    start();
    hub.answer = () => new Promise(() => {});
    push.samples.tryPush(batch([up, 1, 1]));
    await until(() => hub.requests.length === 1);
    await clock.advance(30_000);
    await settled(() => push.hub.failing?.reason === 'no answer within 30 s');
    await until(() => hub.requests.length === 2);
  });

  it('reads a rotated token and goes on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'push-'));
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'old\n');
    start({ token: undefined, token_file: tokenFile });
    hub.answer = ({ headers }) =>
      new Response(null, { status: headers.get('authorization') === 'Bearer new' ? 204 : 401 });
    push.samples.tryPush(batch([up, 1, 1]));
    await until(() => hub.requests.length === 1);
    await settled(() => push.hub.failing?.reason === 'HTTP 401');
    writeFileSync(tokenFile, 'new\n');
    await until(() => push.hub.failing === undefined);
    expect(hub.requests).toHaveLength(2);
    expect(hub.requests[1]!.atMs - hub.requests[0]!.atMs).toBeGreaterThanOrEqual(3_750);
    rmSync(folder, { recursive: true });
  });

  it('sends what waits when it stops, and drops and counts the rest after five seconds', async () => {
    start();
    push.samples.tryPush(batch([up, 1, 1]));
    const stopped = push.stop();
    await settled(() => hub.requests.length === 1);
    await stopped;

    start();
    hub.answer = () => new Promise(() => {});
    push.samples.tryPush(batch([up, 2, 1]));
    const cut = push.stop();
    await settled(() => hub.requests.length === 2);
    await clock.advance(5_000);
    await cut;
    expect(await metric('push_samples_total')).toEqual({ sent: 0, dropped: 1, refused: 0 });
  });

  it('tells of metric families when they are new or changed, and all of them again after five minutes', async () => {
    start();
    const family = (family: string, help: string) => ({ family, help, type: 'gauge', unit: '' }) as const;
    const send = async (...metadata: FamilyMetadata[]) => {
      const sent = hub.requests.length;
      push.samples.tryPush({ ...batch([up, clock.now(), 1]), metadata });
      await until(() => hub.requests.length === sent + 1);
      return hub.requests.at(-1)!.metadata.map(({ family, help }) => `${family}: ${help}`);
    };
    expect(await send(family('up', 'a'), family('load', 'b'))).toEqual(['up: a', 'load: b']);
    expect(await send(family('up', 'a'), family('load', 'c'))).toEqual(['load: c']);
    expect(await send()).toEqual([]);
    await clock.advance(300_000);
    expect(await send()).toEqual(['up: a', 'load: c']);
  });
});

describe('push of events and clusters', () => {
  it('sends events as they come; a newer sight of one that waits takes its place', async () => {
    start();
    let answer: (response: Response) => void = () => {};
    hub.answer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    push.pushEvents([event, { ...event, uid: 'u2' }], 'prod-eu-1');
    await settled(() => hub.requests.length === 1);
    for (let count = 2; count < 100; count++) push.pushEvents([{ ...event, count }], 'prod-eu-1');
    push.pushEvents([event], 'karmada-host');
    answer(new Response(null, { status: 200 }));
    await settled(() => hub.requests.length === 2);
    const seen = hub.requests.map(({ records }) =>
      records.map(
        (record) => record.kind === 'event' && `${record.cluster} ${record.event.uid} ${record.event.count}`,
      ),
    );
    expect(seen).toEqual([
      ['prod-eu-1 u1 1', 'prod-eu-1 u2 1'],
      ['prod-eu-1 u1 99', 'karmada-host u1 1'],
    ]);
    answer(new Response('no', { status: 400 }));
    await settled(async () => (await metric('events_total'))['refused'] === 2);
    expect(await metric('events_total')).toEqual({ sent: 2, dropped: 0, refused: 2 });
  });

  it('bounds the events that wait', async () => {
    start();
    hub.answer = () => new Promise(() => {});
    push.pushEvents([event], 'prod-eu-1');
    await settled(() => hub.requests.length === 1);
    for (let i = 0; i < 20_005; i++) push.pushEvents([{ ...event, uid: String(i) }], 'prod-eu-1');
    expect(await metric('events_total')).toMatchObject({ dropped: 5 });
  });

  it('sends what is known of clusters', async () => {
    start();
    const state = { name: 'prod-us-1' } as ClusterState;
    const messages = [
      { kind: 'cluster-deleted', name: state.name },
      { kind: 'cluster-list', names: ['prod-eu-1'] },
    ] as const;
    push.pushClusters(messages);
    await settled(() => hub.requests.length === 1);
    expect(hub.requests[0]!.records).toEqual(messages);
  });
});

describe('pushConfigSchema', () => {
  it.each([
    [{ url: 'hub:9390' }, 'url: is no http(s) URL; write it as http://hub.example.com:9390'],
    [
      { url: 'http://h', token: 'a', token_file: 'b' },
      'token: cannot stand beside token_file; keep one of the two',
    ],
    [{ url: 'http://h', queue_samples: 5 }, 'queue_samples: Too small: expected number to be >=10000'],
    [{ url: 'http://h', tokenfile: 'b' }, ': Unrecognized key: "tokenfile"'],
  ])('refuses %j', (config, problem) => {
    const issues = pushConfigSchema.safeParse(config).error?.issues ?? [];
    expect(issues.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([problem]);
  });
});
