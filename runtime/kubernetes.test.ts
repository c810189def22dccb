import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordedApi, recordedWatch, type WatchLine } from '../test/recorded-api.ts';
import { until } from '../test/until.ts';
import { ManualClock } from './clock.ts';
import { type WatchHandle, watchList } from './kubernetes.ts';
import { KubernetesClient } from './kubernetes-client.ts';
import type { KubernetesObject } from './kubernetes-list.ts';
import { createLogger } from './logger.ts';

const path = '/apis/cluster.karmada.io/v1alpha1/clusters';
const expired =
  '{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 2 (321)","reason":"Expired","code":410}}';

let api: RecordedApi;
let clock: ManualClock;
let stop: AbortController;
let watch: WatchHandle;
/** What the caller was told: `sync a b` and `MODIFIED a`. */
let told: string[];

function cluster(name: string, version: number, type = 'ADDED'): WatchLine {
  const metadata = { name, uid: `uid-${name}`, resourceVersion: String(version), managedFields: [{}] };
  return { type, object: { metadata } };
}

const bookmark = (version: number) =>
  `{"type":"BOOKMARK","object":{"kind":"Cluster","metadata":{"resourceVersion":"${version}"}}}`;

function start(options: { fieldSelector?: string; kubeconfigFile?: string | undefined } = {}): void {
  const client = new KubernetesClient({ kubeconfigFile: api.kubeconfigFile, ...options, clock });
  watch = watchList<KubernetesObject>({
    client,
    path,
    fieldSelector: options.fieldSelector,
    onSync: (items) => told.push(['sync', ...items.map((item) => item.metadata.name)].join(' ')),
    onEvent: (type, object) => told.push(`${type} ${object.metadata.name}`),
    signal: stop.signal,
    clock,
    logger: createLogger('silent'),
    random: () => 0.5,
  });
}

const so = (condition: () => boolean) => until(clock, condition, 0);
const synced = () => so(() => watch.state.phase === 'synced' && api.openWatches === 1);

beforeEach(async () => {
  api = await RecordedApi.start(path);
  clock = new ManualClock(Date.parse('2026-11-22T10:22:00Z'));
  stop = new AbortController();
  told = [];
});

afterEach(async () => {
  stop.abort();
  await watch.ended;
  await api.close();
});

describe('watchList()', () => {
  it('gives all there is, however many pages it is, and then each change', async () => {
    for (let i = 0; i < 1_201; i++) api.change(cluster(`c${i}`, i + 1));
    start({ fieldSelector: 'metadata.name!=x' });
    await synced();
    expect(told[0]!.split(' ')).toHaveLength(1_202);
    api.change(cluster('c0', 2_000, 'MODIFIED'));
    api.change(cluster('c1', 2_001, 'DELETED'));
    api.send(bookmark(2_005));
    await so(() => told.length === 3);
    expect(told.slice(1)).toEqual(['MODIFIED c0', 'DELETED c1']);
    expect(
      api.requests.map(({ kind, query }) => `${kind} ${query.get('limit')} ${query.get('continue')}`),
    ).toEqual(['list 500 null', 'list 500 500', 'list 500 1000', 'watch null null']);
    for (const { query, headers } of api.requests) {
      expect(query.get('fieldSelector')).toBe('metadata.name!=x');
      expect(headers.authorization).toBe('Bearer secret');
    }
    expect(Object.fromEntries(api.requests[3]!.query)).toMatchObject({
      allowWatchBookmarks: 'true',
      resourceVersion: '1201',
      timeoutSeconds: '60',
    });
  });

  it('goes on at the last bookmark when the server ends a watch, without a new list', async () => {
    start();
    await synced();
    api.change(cluster('a', 7));
    api.send(bookmark(9));
    await so(() => told.length === 2);
    api.endWatches();
    await so(() => api.count('watch') === 2);
    expect(api.requests.at(-1)!.query.get('resourceVersion')).toBe('9');
    await synced();
    expect(told).toEqual(['sync', 'ADDED a']);
  });

  it('goes on after a pause when the connection breaks', async () => {
    start();
    await synced();
    api.change(cluster('a', 7));
    await so(() => told.length === 2);
    api.endWatches({ abruptly: true });
    await so(() => watch.state.phase === 'backoff');
    const { sinceMs } = watch.state;
    await until(clock, () => api.count('watch') === 2);
    expect(clock.now() - sinceMs).toBeGreaterThanOrEqual(750);
    expect(api.requests.at(-1)!.query.get('resourceVersion')).toBe('7');
    expect(api.count('list')).toBe(1);
  });

  it.each([
    ['in the stream, as API servers do', () => api.send(expired)],
    [
      'as a status',
      () => {
        api.override = ({ kind }, response) => {
          if (kind === 'list') return false;
          api.override = () => false;
          response.writeHead(410).end();
          return true;
        };
        api.endWatches();
      },
    ],
  ])('lists anew at once when what it missed is gone, said %s', async (_, expire) => {
    api.change(cluster('a', 1));
    api.change(cluster('b', 2));
    start();
    await synced();
    api.send(bookmark(3));
    api.change(cluster('a', 4, 'DELETED'), { missed: true });
    expire();
    await so(() => told.length === 2);
    expect(told).toEqual(['sync a b', 'sync b']);
    await synced();
  });

  it('does not list in a circle when every watch expires at once', async () => {
    start();
    await synced();
    api.change(cluster('a', 7));
    await so(() => told.length === 2);
    api.override = ({ kind }, response) => {
      if (kind === 'watch') response.end(`${expired}\n`);
      return kind === 'watch';
    };
    api.endWatches();
    await so(() => watch.state.phase === 'backoff');
    expect(watch.state.reason).toBe('the watch expires as soon as it starts');
    expect(api.count('list')).toBeLessThanOrEqual(3);
  });

  it.each([
    [429, 'Too many requests, please try again later.'],
    [503, 'the server is currently unable to handle the request'],
    [403, 'clusters.cluster.karmada.io is forbidden: User "karmascope" cannot list resource "clusters"'],
  ])('starts when the API server that answers %i does', async (status, message) => {
    api.override = (_, response) => {
      response.writeHead(status, status === 429 ? { 'retry-after': '4' } : {});
      response.end(JSON.stringify({ kind: 'Status', status: 'Failure', message, code: status }));
      return true;
    };
    start();
    await so(() => watch.state.phase === 'backoff');
    expect(watch.state.reason).toBe(`Cannot GET ${path} from ${api.url}: ${status} ${message}`);
    const { sinceMs } = watch.state;
    await until(clock, () => api.requests.length === 2);
    expect(clock.now() - sinceMs).toBeGreaterThanOrEqual(status === 429 ? 4_000 : 750);
    await until(clock, () => api.requests.length === 4);
    expect(watch.state).toMatchObject({ phase: 'backoff', sinceMs });
    api.override = () => false;
    await until(clock, () => watch.state.phase === 'synced');
    expect(told).toEqual(['sync']);
  });

  it('gives up on an API server that hangs, and says so', async () => {
    start();
    await synced();
    api.change(cluster('a', 7));
    await so(() => told.length === 2);
    api.override = () => true;
    await clock.advance(89_000);
    expect(watch.state.phase).toBe('synced');
    await clock.advance(1_000);
    await so(() => watch.state.phase === 'backoff');
    expect(watch.state.reason).toBe('no sign of life for 90 s');
    await until(clock, () => api.count('watch') === 2);
    await clock.advance(30_000);
    await so(() => watch.state.reason.endsWith('no answer within 30 s'));
    api.override = () => false;
    await until(clock, () => watch.state.phase === 'synced');
    expect(api.count('list')).toBe(1);
  });

  it('gives up on a list that does not end', async () => {
    api.override = (_, response) => {
      response.write('{"items":[');
      return true;
    };
    start();
    await so(() => api.requests.length === 1);
    // The headers are on their way: time may not move before they are here.
    await until(clock, () => watch.state.reason === 'the list did not end within 60 s', 1_000);
  });

  it('gives up on a server that hangs: it sends nothing and does not end the watch either', async () => {
    start();
    await synced();
    await clock.advance(90_000);
    await so(() => watch.state.phase === 'backoff');
    expect(watch.state.reason).toBe('no sign of life for 90 s');
    await until(clock, () => api.count('list') === 2);
  });

  it('goes on quietly where nothing happens: a watch that ends without a byte is in order', async () => {
    start();
    await synced();
    await clock.advance(60_000);
    api.endWatches();
    await so(() => api.count('watch') === 2);
    await synced();
    expect(told).toEqual(['sync']);
    expect(
      api.requests.filter(({ kind, query }) => kind === 'list' && query.get('limit') === '1'),
    ).toHaveLength(1);
  });

  it('lists anew when a silent watch followed a resourceVersion from the future', async () => {
    api.resourceVersion = '900';
    start();
    await synced();
    api.resourceVersion = '7';
    await clock.advance(60_000);
    api.endWatches();
    await so(() => told.length === 2);
    expect(told).toEqual(['sync', 'sync']);
    expect(api.requests.at(-1)!.query.get('resourceVersion')).toBe('7');
  });

  it.each([
    ['not JSON', '{"type":"ADD', 'the watch sent a line that is no event: {"type":"ADD'],
    ['not an event', '[]', 'the watch sent a line that is no event: []'],
    ['of an unknown type', '{"type":"NEWS","object":{}}', 'the watch sent an event of unknown type "NEWS"'],
    [
      'an error of the server',
      '{"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcdserver: leader changed"}}',
      'the server ended the watch: 500 etcdserver: leader changed',
    ],
  ])('starts anew after a line that is %s', async (_, line, reason) => {
    start();
    await synced();
    api.send(line);
    await so(() => watch.state.phase === 'backoff');
    expect(watch.state.reason).toBe(reason);
    await until(clock, () => watch.state.phase === 'synced');
  });

  it('reads the kubeconfig again after a refusal', async () => {
    api.override = ({ headers }, response) => {
      if (headers.authorization === 'Bearer rotated') return false;
      response.writeHead(401).end();
      return true;
    };
    start();
    await so(() => watch.state.phase === 'backoff');
    api.writeKubeconfig('rotated');
    await until(clock, () => watch.state.phase === 'synced');
  });

  it('names a kubeconfig that cannot be read', async () => {
    start({ kubeconfigFile: '/nowhere/kubeconfig' });
    await so(() => watch.state.phase === 'backoff');
    expect(watch.state.reason).toContain('Cannot read /nowhere/kubeconfig: ENOENT');
  });

  it('says what to do where there is neither a kubeconfig nor a service account', async () => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
    start({ kubeconfigFile: undefined });
    await so(() => watch.state.phase === 'backoff');
    expect(watch.state.reason).toBe(
      'Cannot use service account of this pod: there is none where this runs; set kubeconfig_file',
    );
  });

  const recorded = recordedWatch('karmada-apiserver', 'clusters.jsonl.gz');
  it.skipIf(!recorded)('follows the recorded Clusters of a federation through its outages', async () => {
    const events = recorded!.map(({ event }) => event).filter(({ type }) => type !== 'BOOKMARK');
    for (const event of events.slice(0, 3)) api.change(event);
    start();
    await synced();
    for (const event of events.slice(3)) api.change(event);
    await so(() => told.length === events.length - 2);
    expect(told[0]).toBe('sync prod-ap-1 prod-eu-1 prod-us-1');
    expect(told.slice(1)).toEqual(
      events.slice(3).map(({ type, object }) => `${type} ${object.metadata.name}`),
    );
  });
});
