import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../runtime/clock.ts';
import { type HttpServer, listen } from '../../runtime/http-server.ts';
import { demoControl } from './control.ts';

let server: HttpServer;

beforeEach(async () => {
  server = await listen(
    '127.0.0.1:0',
    demoControl({
      scenarios: { recovery: () => ({ recovering: [] }) },
      state: () => ({ lost: [] }),
      clock: new ManualClock(Date.UTC(2026, 10, 22, 10, 22, 32)),
      source: 'No Alertmanager is installed: this is what would be sent',
    }),
  );
});
afterEach(() => server.close());

const post = (path: string, body: string) => fetch(server.url + path, { method: 'POST', body });

const alert = {
  labels: { alertname: 'KarmadaRegionDown', federation: 'demo', region: 'us-east-1' },
  annotations: { summary: 'No cluster of a region is ready.' },
  startsAt: '2026-11-22T10:22:32Z',
  endsAt: '2026-11-22T10:26:32Z',
  generatorURL: 'http://127.0.0.1:9390/',
};

test('stands in for an Alertmanager: an alert that is posted is on the page of pages', async () => {
  expect((await post('/api/v2/alerts', JSON.stringify([alert]))).status).toBe(200);
  const html = await (await fetch(`${server.url}/pages`)).text();
  expect(html).toContain('10:22:32');
  expect(html).toContain('KarmadaRegionDown');
  expect(html).toContain('us-east-1');
  expect(html).toContain('No Alertmanager is installed');
});

test('takes the webhook of a real one, and shows it to programs as JSON', async () => {
  const message = { version: '4', status: 'firing', alerts: [{ status: 'firing', ...alert }] };
  expect((await post('/webhook', JSON.stringify(message))).status).toBe(200);
  const response = await fetch(`${server.url}/pages`, { headers: { accept: 'application/json' } });
  expect(await response.json()).toMatchObject([{ status: 'firing', labels: alert.labels }]);
});

test.each([
  ['/api/v2/alerts', 'no json', 400],
  ['/webhook', '{}', 400],
  ['/webhook', JSON.stringify({ alerts: 'x'.repeat(5 * 1024 * 1024) }), 413],
])('POST %s with what it cannot read is refused and changes nothing', async (path, body, status) => {
  const response = await post(path, body);
  expect(response.status).toBe(status);
  expect(await response.json()).toHaveProperty('error');
  expect(await (await fetch(`${server.url}/pages`)).text()).toContain('None so far.');
});

test('scenarios are played here, too', async () => {
  expect(await (await fetch(`${server.url}/scenario`)).json()).toEqual({ lost: [] });
  expect(await (await post('/scenario/recovery', '{}')).json()).toEqual({ recovering: [] });
  expect((await post('/scenario/constructor', '{}')).status).toBe(404);
  expect((await post('/scenario/recovery', '[broken')).status).toBe(400);
});
