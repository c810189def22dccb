import { afterEach, expect, test } from 'vitest';
import { ManualClock } from '../../runtime/clock.ts';
import { type HttpServer, listen } from '../../runtime/http-server.ts';
import { MEMBER_RESOURCES } from './api-resources.ts';
import { createKubernetesApi } from './kubernetes-api.ts';
import { type KubernetesObject, ObjectStore } from './object-store.ts';

const pod = (name: string, namespace = 'shop', app = name): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, uid: name, creationTimestamp: '2026-11-22T10:16:36Z', labels: { app } },
  spec: { nodeName: `node-of-${name}` },
});

let server: HttpServer | undefined;
const aborts: AbortController[] = [];

afterEach(async () => {
  for (const abort of aborts.splice(0)) abort.abort();
  await server?.close();
});

async function serve(token?: string) {
  const store = new ObjectStore();
  const clock = new ManualClock(1_000_000);
  server = await listen(
    '127.0.0.1:0',
    createKubernetesApi({
      store,
      resources: MEMBER_RESOURCES,
      clock,
      ...(token !== undefined && { token }),
      metrics: () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
    }),
  );
  const { url } = server;
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(url + path, init);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { store, clock, url, get };
}

/** Reads a watch line by line; `next()` resolves with `TYPE name`, or `end`. */
async function watch(url: string) {
  const abort = new AbortController();
  aborts.push(abort);
  const response = await fetch(url, { signal: abort.signal });
  expect(response.status).toBe(200);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  const nextLine = async (): Promise<Record<string, unknown> | undefined> => {
    for (;;) {
      const end = rest.indexOf('\n');
      if (end >= 0) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 1);
        return JSON.parse(line) as Record<string, unknown>;
      }
      const { value, done } = await reader.read();
      if (done) return undefined;
      rest += value;
    }
  };
  const next = async () => {
    const event = (await nextLine()) as { type: string; object: KubernetesObject } | undefined;
    return event
      ? `${event.type} ${event.object.metadata.name ?? event.object.metadata.resourceVersion}`
      : 'end';
  };
  return { next, nextLine };
}

test('a list holds items without kind and apiVersion, and the version to watch from', async () => {
  const { store, get } = await serve();
  store.put('pods', pod('b'));
  store.put('pods', pod('a'));
  const { status, body } = await get('/api/v1/pods');
  expect(status).toBe(200);
  expect(body).toMatchObject({ kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '3' } });
  const items = body['items'] as KubernetesObject[];
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  expect(items[0]).not.toHaveProperty('kind');
});

test.each([
  ['/api/v1/namespaces/shop/pods', ['cart', 'web']],
  ['/api/v1/pods?labelSelector=app%3Dweb', ['web']],
  ['/api/v1/pods?labelSelector=app%21%3Dweb', ['api', 'cart']],
  ['/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-of-cart', ['cart']],
  ['/api/v1/pods?fieldSelector=metadata.namespace%3Dmedia,metadata.name%3Dapi', ['api']],
])('%s selects', async (path, names) => {
  const { store, get } = await serve();
  for (const object of [pod('web'), pod('cart'), pod('api', 'media')]) store.put('pods', object);
  const { body } = await get(path);
  expect((body['items'] as KubernetesObject[]).map(({ metadata }) => metadata.name)).toEqual(names);
});

test('a watch from a list goes on where the list ended', async () => {
  const { store, get, url } = await serve();
  store.put('pods', pod('a'));
  const { body } = await get('/api/v1/pods');
  const from = (body['metadata'] as { resourceVersion: string }).resourceVersion;
  store.put('pods', pod('between'));
  const { next } = await watch(`${url}/api/v1/pods?watch=1&resourceVersion=${from}`);
  expect(await next()).toBe('ADDED between');
  store.put('pods', pod('a'));
  expect(await next()).toBe('MODIFIED a');
  store.remove('pods', 'shop', 'a');
  expect(await next()).toBe('DELETED a');
});

test('a watch without a version gives what exists, then the bookmark that ends it', async () => {
  const { store, url } = await serve();
  store.put('pods', pod('a'));
  const { next, nextLine } = await watch(`${url}/api/v1/pods?watch=true&allowWatchBookmarks=true`);
  expect(await next()).toBe('ADDED a');
  expect(await nextLine()).toEqual({
    type: 'BOOKMARK',
    object: {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { resourceVersion: '2', annotations: { 'k8s.io/initial-events-end': 'true' } },
    },
  });
});

test('a watch gets a bookmark a minute and ends, without a word, after its timeout', async () => {
  const { store, clock, url } = await serve();
  store.put('pods', pod('a'));
  const { next } = await watch(
    `${url}/api/v1/pods?watch=1&allowWatchBookmarks=1&resourceVersion=2&timeoutSeconds=90`,
  );
  await clock.advance(60_000);
  expect(await next()).toBe('BOOKMARK 2');
  await clock.advance(30_000);
  expect(await next()).toBe('end');
});

test('a version whose changes are forgotten is a 410 inside a 200', async () => {
  const { store, url } = await serve();
  for (let i = 0; i < 1_030; i++) store.put('pods', pod('a'));
  const { nextLine } = await watch(`${url}/api/v1/pods?watch=1&resourceVersion=2`);
  expect(await nextLine()).toEqual({
    type: 'ERROR',
    object: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'too old resource version: 2 (7)',
      reason: 'Expired',
      code: 410,
    },
  });
  expect(await nextLine()).toBeUndefined();
});

test('after a restart every older version is too old', async () => {
  const { store, url } = await serve();
  store.put('pods', pod('a'));
  store.put('pods', pod('a'));
  store.forgetHistory();
  const old = await watch(`${url}/api/v1/pods?watch=1&resourceVersion=2`);
  expect(await old.nextLine()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
  const fresh = await watch(`${url}/api/v1/pods?watch=1&resourceVersion=3`);
  store.put('pods', pod('b'));
  expect(await fresh.next()).toBe('ADDED b');
});

test('a version from the future gives not one line', async () => {
  const { store, clock, url } = await serve();
  store.put('pods', pod('a'));
  const { next } = await watch(
    `${url}/api/v1/pods?watch=1&resourceVersion=99&timeoutSeconds=5&allowWatchBookmarks=1`,
  );
  store.put('pods', pod('b'));
  await clock.advance(5_000);
  expect(await next()).toBe('end');
});

test.each([
  ['without a token', {}, 403, 'Forbidden'],
  ['with a wrong token', { headers: { authorization: 'Bearer wrong' } }, 401, 'Unauthorized'],
])('%s nothing is shown', async (_, init, code, reason) => {
  const { get, url } = await serve('right');
  for (const path of ['/api/v1/pods', '/metrics', '/version']) {
    expect((await get(path, init)).body).toMatchObject({ kind: 'Status', status: 'Failure', code, reason });
  }
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect((await get('/api/v1/pods', { headers: { authorization: 'Bearer right' } })).status).toBe(200);
});

test.each([
  ['GET', '/api/v1/secrets', 404, 'NotFound'],
  ['GET', '/apis/apps/v1/namespaces/shop/deployments/none', 404, 'NotFound'],
  ['GET', '/api/v1/namespaces/shop/nodes', 404, 'NotFound'],
  ['POST', '/api/v1/pods', 405, 'MethodNotAllowed'],
  ['GET', '/api/v1/pods?labelSelector=app%20in%20(a,b)', 400, 'BadRequest'],
])('%s %s is answered %d %s', async (method, path, code, reason) => {
  const { get } = await serve();
  expect(await get(path, { method })).toMatchObject({ status: code, body: { kind: 'Status', code, reason } });
});
