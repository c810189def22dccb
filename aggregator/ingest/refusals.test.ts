import { expect, test } from 'vitest';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { createRegistry } from '../../runtime/metrics.ts';
import {
  REQUEST_REFUSALS,
  RefusalLog,
  RefusedRequest,
  type RequestRefusal,
  retryAfterSeconds,
} from './refusals.ts';

test('RefusalLog counts every refusal and logs one of its kind in half a minute', async () => {
  const clock = new ManualClock(0);
  const metrics = createRegistry('karmascope_aggregator');
  const lines: string[] = [];
  const logger = createLogger('warn', { write: (line) => lines.push(JSON.parse(line).detail) });
  const refusals = new RefusalLog({ clock, logger, metrics });
  refusals.note('eu', 'malformed_body', 'first');
  refusals.note('eu', 'malformed_body', 'second');
  refusals.note('us', 'malformed_body', 'of another cluster');
  refusals.note('eu', 'too_old', 'of another kind', 3);
  refusals.note('eu', 'too_old', 'nothing', 0);
  await clock.advance(30_000);
  refusals.note('eu', 'malformed_body', 'later');
  expect(lines).toEqual(['first', 'of another cluster', 'of another kind', 'later']);
  const page = await metrics.metrics();
  expect(page.match(/^karmascope_aggregator_ingest_refused_total.*$/gm)).toEqual([
    'karmascope_aggregator_ingest_refused_total{cluster="eu",reason="malformed_body"} 3',
    'karmascope_aggregator_ingest_refused_total{cluster="us",reason="malformed_body"} 1',
    'karmascope_aggregator_ingest_refused_total{cluster="eu",reason="too_old"} 3',
  ]);
});

test('a refusal that time can heal is a 5xx, so that senders keep what they have', () => {
  const transient: RequestRefusal[] = ['overload', 'storage_unavailable', 'internal_error'];
  for (const reason of Object.keys(REQUEST_REFUSALS) as RequestRefusal[])
    expect(new RefusedRequest(reason, '').status >= 500).toBe(transient.includes(reason));
});

test('retryAfterSeconds() spreads senders over seconds, and gives a full disk more time', () => {
  const spread = (reason: RequestRefusal) => Array.from({ length: 200 }, () => retryAfterSeconds(reason));
  expect(new Set(spread('overload'))).toEqual(new Set([1, 2, 3, 4, 5]));
  expect(Math.min(...spread('storage_unavailable'))).toBeGreaterThanOrEqual(5);
});
