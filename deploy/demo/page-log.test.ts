import { expect, test } from 'vitest';
import { PageLog, renderPages } from './page-log.ts';

const down = { labels: { alertname: 'KarmadaRegionDown', region: 'us-east-1' } };
const lines = (log: PageLog) => log.pages.map(({ status, labels }) => `${status} ${labels['alertname']}`);

test('alerts() pages once for an alert that is sent again and again, and once when it has ended', () => {
  const log = new PageLog();
  const later = new Date(60_000).toISOString();
  for (let i = 0; i < 3; i++) log.alerts([{ ...down, endsAt: later }], 1_000 + i);
  expect(lines(log)).toEqual(['firing KarmadaRegionDown']);
  for (let i = 0; i < 3; i++) log.alerts([{ ...down, endsAt: new Date(2_000).toISOString() }], 3_000);
  expect(lines(log)).toEqual(['resolved KarmadaRegionDown', 'firing KarmadaRegionDown']);
});

test('alerts() tells nothing of an alert that had ended before it came', () => {
  const log = new PageLog();
  log.alerts([{ ...down, endsAt: new Date(500).toISOString() }], 1_000);
  expect(log.pages).toEqual([]);
});

test('webhook() takes what Alertmanager says as it says it', () => {
  const log = new PageLog();
  log.webhook(
    { alerts: [{ status: 'firing', ...down, annotations: { summary: 'No cluster of a region is ready.' } }] },
    5,
  );
  log.webhook({ alerts: [{ status: 'resolved', ...down, annotations: {} }] }, 6);
  expect(lines(log)).toEqual(['resolved KarmadaRegionDown', 'firing KarmadaRegionDown']);
});

test('the page shows nothing as markup that came from outside', () => {
  const log = new PageLog();
  log.webhook(
    { alerts: [{ status: 'firing', labels: { alertname: '<img>' }, annotations: { summary: '"&"' } }] },
    0,
  );
  const html = renderPages(log.pages, 'Sent by <me>');
  expect(html).toContain('&#60;img&#62;');
  expect(html).toContain('&#34;&#38;&#34;');
  expect(html).toContain('Sent by &#60;me&#62;');
  expect(html).not.toContain('<img>');
});

test('only the newest pages are kept', () => {
  const log = new PageLog();
  for (let i = 0; i < 250; i++) {
    log.webhook({ alerts: [{ status: 'firing', labels: { alertname: `A${i}` }, annotations: {} }] }, i);
  }
  expect(log.pages.length).toBe(200);
  expect(log.pages[0]!.labels['alertname']).toBe('A249');
});
