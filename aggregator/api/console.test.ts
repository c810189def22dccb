import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import express from 'express';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildConsole } from '../../dashboards/console/build.ts';
import type { Assets } from '../../dashboards/console/document.ts';
import type { FleetView } from '../../dashboards/console/fleet-view.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { type HttpServer, listen } from '../../runtime/http-server.ts';
import { createLogger } from '../../runtime/logger.ts';
import { allWell, hostile, regionDown } from '../../test/console-views.ts';
import { type ConsoleOptions, consoleRouter } from './console.ts';

let assetsDir: string;
let clock: ManualClock;
let view: FleetView;
let servers: HttpServer[];

beforeAll(async () => {
  assetsDir = await mkdtemp(join(tmpdir(), 'karmascope-console-'));
  await buildConsole(assetsDir);
});
afterAll(() => rm(assetsDir, { recursive: true, force: true }));
beforeEach(async () => {
  clock = new ManualClock();
  view = await allWell();
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
});

async function serve(options: Partial<ConsoleOptions> = {}): Promise<string> {
  const app = express();
  app.use(consoleRouter({ fleet: () => view, clock, logger: createLogger('silent'), assetsDir, ...options }));
  const server = await listen('127.0.0.1:0', app);
  servers.push(server);
  return server.url;
}

describe('GET /', () => {
  test('is a whole page that holds no script and no style of its own', async () => {
    view = await hostile();
    const response = await fetch(await serve());
    const text = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'self';(?!.*unsafe)/);
    expect(text).not.toMatch(/<[a-z][^>]*\s(?:style|on\w+)=/i);
    expect(text).not.toContain('<style');
    expect(text).not.toContain('<img');
    const scripts = [...text.matchAll(/<script([^>]*)>([^<]*)/g)].map(([, attributes, content]) => [
      attributes,
      content !== '',
    ]);
    expect(scripts).toEqual([
      [expect.stringMatching(/^ type="module" src="\/assets\/fleet-[0-9a-f]{10}\.js"$/), false],
      [' type="application/json" id="view"', true],
    ]);
  });

  test('carries the view for the script to go on from', async () => {
    view = await hostile();
    const text = await (await fetch(await serve())).text();
    const json = /<script type="application\/json" id="view">(.*?)<\/script>/s.exec(text)![1]!;
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(view)));
  });

  test('takes filter and layout from the address, and colours from the cookie', async () => {
    const url = await serve();
    const text = await (await fetch(`${url}/?q=region%3Deu-*&view=table&other=1`)).text();
    expect([...text.matchAll(/<th scope="row"><a [^>]*>([^<]+)/g)].map(([, name]) => name)).toEqual([
      'prod-eu-1',
      'prod-eu-2',
      'karmada-host',
    ]);
    const dark = await fetch(url, { headers: { cookie: 'a=b; karmascope_theme=dark' } });
    expect(await dark.text()).toContain('<html lang="en" data-theme="dark">');
    const odd = await fetch(url, { headers: { cookie: 'karmascope_theme="><script>' } });
    expect(await odd.text()).toContain('<html lang="en">');
  });

  test('says what to do where the console was never built', async () => {
    const response = await fetch(await serve({ assetsDir: join(assetsDir, 'none') }));
    expect(response.status).toBe(503);
    expect(await response.text()).toBe(
      'Cannot show the console: it is not built; run npm run build:console\n',
    );
  });
});

test('assets are cached for ever under names that hold their hash', async () => {
  const url = await serve();
  const assets = JSON.parse(await readFile(join(assetsDir, 'manifest.json'), 'utf8')) as Assets;
  for (const [address, type] of [
    [assets.script, 'text/javascript'],
    [assets.style, 'text/css'],
    [assets.icon, 'image/svg+xml'],
  ] as const) {
    const response = await fetch(url + address);
    expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await response.text()).length).toBeGreaterThan(100);
  }
  expect((await fetch(`${url}/assets/..%2fmanifest.json`)).status).toBe(404);
  expect((await fetch(`${url}/assets/manifest.json`)).status).toBe(404);
});

test('GET /api/v1/federation/fleet is the view as JSON', async () => {
  const response = await fetch(`${await serve()}/api/v1/federation/fleet`);
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(await response.json()).toEqual(JSON.parse(JSON.stringify(view)));
});

describe('the stream', () => {
  async function open(url: string) {
    const abort = new AbortController();
    const response = await fetch(`${url}/api/v1/federation/fleet/stream`, { signal: abort.signal });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    return { response, next: async () => (await reader.read()).value!, close: () => abort.abort() };
  }

  test('sends the view at once, then only the time until something changes', async () => {
    const { response, next, close } = await open(await serve());
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await next()).toBe(`data: ${JSON.stringify(view)}\n\n`);
    view = { ...view, timeMs: view.timeMs + 2_000 };
    await clock.advance(2_000);
    expect(await next()).toBe(`event: tick\ndata: ${view.timeMs}\n\n`);
    view = { ...(await regionDown()), timeMs: view.timeMs + 2_000 };
    await clock.advance(2_000);
    expect(await next()).toBe(`data: ${JSON.stringify(view)}\n\n`);
    close();
  });

  test('computes nothing while nobody reads', async () => {
    let asked = 0;
    const countingFleet = () => {
      asked++;
      return view;
    };
    const { next, close } = await open(await serve({ fleet: countingFleet }));
    await next();
    close();
    await expect
      .poll(async () => {
        const before = asked;
        await clock.advance(10_000);
        return asked - before;
      })
      .toBe(0);
  });

  test('goes on after a view could not be computed', async () => {
    let fails = true;
    const fleet = () => {
      if (fails) throw new Error('the store is away');
      return view;
    };
    const { next, close } = await open(await serve({ fleet }));
    fails = false;
    await clock.advance(2_000);
    expect(await next()).toContain('data: {"federation":"demo"');
    close();
  });
});

describe('runbooks', () => {
  test('are pages, listed, each from its Markdown', async () => {
    const url = await serve();
    expect(await (await fetch(`${url}/runbooks`)).text()).toContain(
      '<a href="/runbooks/KarmadaRegionDown">KarmadaRegionDown</a>',
    );
    const page = await (await fetch(`${url}/runbooks/KarmadaRegionDown`)).text();
    expect(page).toContain('<h1>KarmadaRegionDown</h1>');
    expect(page).toContain('<title>KarmadaRegionDown · Karmascope</title>');
  });

  test.each(['Nothing', '..%2f..%2fpackage', '%3Cscript%3E', '__proto__'])('%s is not one', async (name) => {
    const response = await fetch(`${await serve()}/runbooks/${name}`);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain('<script>');
  });
});

describe('the scenarios of the demo', () => {
  /** A simulator that remembers what it was asked. */
  async function simulator(status = 200) {
    const asked: string[] = [];
    const server = createServer(async (request, response) => {
      const body = await text(request);
      asked.push(`${request.method} ${request.url} ${body}`);
      response.writeHead(status).end('{"error":"no such region"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push({ url: '', close: async () => void server.close() });
    return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }
  const press = (url: string, scenario: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/demo/play/${scenario}`, {
      method: 'POST',
      body: new URLSearchParams({ region: 'us-east-1' }),
      redirect: 'manual',
      headers,
    });

  test('a form without script is played and leads back to the page', async () => {
    const { asked, url } = await simulator();
    const response = await press(await serve({ demoControlUrl: () => url }), 'region-lost', {
      accept: 'text/html',
    });
    expect([response.status, response.headers.get('location')]).toEqual([303, '/']);
    expect(asked).toEqual(['POST /scenario/region-lost {"region":"us-east-1"}']);
  });

  test('with script the answer is a message', async () => {
    const { url } = await simulator();
    const response = await press(await serve({ demoControlUrl: () => url }), 'recovery', {
      accept: 'application/json',
    });
    expect(await response.json()).toEqual({ message: 'The scenario runs; the page follows' });
  });

  test.each([
    ['refused by the simulator', 400, 'region-lost', {}, 502],
    ['unknown', 200, 'format-disk', {}, 404],
    ['pressed by another site', 200, 'region-lost', { 'sec-fetch-site': 'cross-site' }, 403],
  ])('one that is %s says so', async (_what, answers, scenario, headers, status) => {
    const { url } = await simulator(answers);
    const response = await press(await serve({ demoControlUrl: () => url }), scenario, headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      message: expect.stringMatching(/^(Cannot|The simulator refuses)/),
    });
  });

  test('there is none outside the demo', async () => {
    expect((await press(await serve(), 'region-lost')).status).toBe(404);
  });
});
