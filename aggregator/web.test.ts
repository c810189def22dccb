import type { IncomingMessage } from 'node:http';
import express from 'express';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HttpServer, listen } from '../runtime/http-server.ts';
import { createLogger } from '../runtime/logger.ts';
import { createRegistry } from '../runtime/metrics.ts';
import { answerUnready, createWeb } from './web.ts';

let web: HttpServer;
let simulator: HttpServer;
let demoControlUrl: string | undefined;
let reloadFails: string | undefined;
const played: string[] = [];

beforeEach(async () => {
  played.length = 0;
  reloadFails = undefined;
  simulator = await listen('127.0.0.1:0', async (request, response) => {
    played.push(`${request.method} ${request.url} ${await text(request)}`);
    response.writeHead(request.url === '/scenario/unknown' ? 404 : 200).end('{"lost":[]}');
  });
  demoControlUrl = simulator.url;
  const broken = express.Router();
  broken.get('/broken', () => {
    throw new Error('a secret');
  });
  const app = createWeb({
    metrics: createRegistry('karmascope_aggregator'),
    reload: async () => {
      if (reloadFails !== undefined) throw new Error(reloadFails);
    },
    demoControlUrl: () => demoControlUrl,
    routers: [broken],
    fetch,
    logger: createLogger('silent'),
  });
  web = await listen('127.0.0.1:0', app);
});
afterEach(async () => {
  await web.close();
  await simulator.close();
});

async function text(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

async function ask(method: string, path: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(web.url + path, { method, ...init });
  return `${response.status} ${(await response.text()).trim()}`;
}

test.each([
  ['GET', '/-/healthy', '200 The hub is healthy.'],
  ['GET', '/-/ready', '200 The hub is ready.'],
  ['POST', '/-/reload', '200 '],
  ['PUT', '/-/reload', '200 '],
  ['GET', '/-/reload', '405 Only POST or PUT requests allowed'],
  ['GET', '/broken', '500 Cannot handle the request: an internal error, see the log'],
])('%s %s', async (method, path, expected) => {
  expect(await ask(method, path)).toBe(expected);
});

test('/metrics is a page that Prometheus can scrape', async () => {
  const response = await fetch(`${web.url}/metrics`);
  expect(response.headers.get('content-type')).toContain('version=0.0.4');
  expect(await response.text()).toContain('karmascope_aggregator_build_info');
});

test('a reload that fails answers 500 with the reason', async () => {
  reloadFails = 'hub.yaml:3:1: federaton: unknown key';
  expect(await ask('POST', '/-/reload')).toBe(
    '500 failed to reload config: hub.yaml:3:1: federaton: unknown key',
  );
});

describe('/demo/scenario', () => {
  test('passes the state and the buttons on to the simulator, with its status', async () => {
    expect(await ask('GET', '/demo/scenario')).toBe('200 {"lost":[]}');
    expect(await ask('POST', '/demo/scenario/region-lost', { body: '{"region":"eu-west-1"}' })).toBe(
      '200 {"lost":[]}',
    );
    expect(await ask('POST', '/demo/scenario/unknown')).toBe('404 {"lost":[]}');
    expect(played).toEqual([
      'GET /scenario ',
      'POST /scenario/region-lost {"region":"eu-west-1"}',
      'POST /scenario/unknown ',
    ]);
  });

  test.each([
    ['another method', 'DELETE', '/demo/scenario/region-lost'],
    ['a path that leads elsewhere', 'GET', '/demo/scenario/%2e%2e/metrics'],
    ['a deeper path', 'POST', '/demo/scenario/a/b'],
  ])('answers 404 to %s', async (_, method, path) => {
    expect(await ask(method, path)).toMatch(/^404/);
    expect(played).toEqual([]);
  });

  test('is not there without a demo', async () => {
    demoControlUrl = undefined;
    expect(await ask('GET', '/demo/scenario')).toMatch(/^404/);
  });

  test("is not for other sites' pages", async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    expect(await ask('POST', '/demo/scenario/region-lost', { headers })).toMatch(/^403/);
    expect(played).toEqual([]);
  });

  test('answers 502 when the simulator is gone', async () => {
    await simulator.close();
    expect(await ask('GET', '/demo/scenario')).toMatch(/^502 .*Cannot reach the simulator/);
  });
});

test('answerUnready() is healthy, and has senders come again', async () => {
  const starting = await listen('127.0.0.1:0', answerUnready('it is starting'));
  const write = await fetch(`${starting.url}/api/v1/write`, { method: 'POST', body: 'x' });
  expect([write.status, write.headers.get('retry-after'), await write.text()]).toEqual([
    503,
    '1',
    'The hub is not ready: it is starting\n',
  ]);
  expect((await fetch(`${starting.url}/-/healthy`)).status).toBe(200);
  expect((await fetch(`${starting.url}/-/ready`)).status).toBe(503);
  await starting.close();
});
