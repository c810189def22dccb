import { describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { isStale, type SampleColumns } from '../../model/sample.ts';
import { type Clock, ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { type Fetch, ScrapeLoop } from './loop.ts';
import { reportLabels } from './sample-labels.ts';
import { TargetSeries } from './target-series.ts';

const INTERVAL_MS = 15_000;
const TIMEOUT_MS = 9_000;

describe('ScrapeLoop', () => {
  test('scrapes on its slots of the time grid, and stamps the slot', async () => {
    const { clock, loop, batches } = loopOf(pages('a 1\n', 'a 2\n'), { nowMs: 100_000, offsetMs: 3_000 });
    loop.start();
    await clock.advance(7_999);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(batches).toEqual([
      ['a 1 @108', 'up 1 @108', 'duration 0 @108', 'scraped 1 @108', 'kept 1 @108', 'added 1 @108'],
    ]);
    await clock.advance(INTERVAL_MS);
    expect(batches[1]).toEqual([
      'a 2 @123',
      'up 1 @123',
      'duration 0 @123',
      'scraped 1 @123',
      'kept 1 @123',
      'added 0 @123',
    ]);
    await loop.stop();
  });

  test('stamps the slot for a scrape that starts a little late, the real time for one that is very late', async () => {
    const clock = new LateClock();
    const { loop, batches } = loopOf(pages('a 1\n', 'a 2\n', 'a 3\n'), { clock });
    loop.start();
    for (const lateMs of [0, 40, 4_000]) await clock.runNext(lateMs);
    expect(batches.map((batch) => batch[0])).toEqual(['a 1 @0', 'a 2 @15', 'a 3 @34']);
    await loop.stop();
  });

  test('leaves out the slots that passed while the process was paused', async () => {
    const clock = new LateClock();
    const { loop, batches } = loopOf(pages('a 1\n', 'a 2\n', 'a 3\n'), { clock });
    loop.start();
    for (const lateMs of [0, 40_000, 0]) await clock.runNext(lateMs);
    expect(batches.map((batch) => batch[0])).toEqual(['a 1 @0', 'a 2 @55', 'a 3 @60']);
    await loop.stop();
  });

  test('takes a failed scrape for an empty one: stale markers, up 0, and the reason in its status', async () => {
    const { clock, loop, batches } = loopOf(
      pages('a 1\n', new Error('server returned HTTP status 500'), 'a 3\n'),
    );
    loop.start();
    await clock.advance(2 * INTERVAL_MS);
    expect(batches[1]).toEqual([
      'a stale @15',
      'up 0 @15',
      'duration 0 @15',
      'scraped 0 @15',
      'kept 0 @15',
      'added 0 @15',
    ]);
    expect(loop.status.lastError).toBe('');
    expect(batches[2]!.slice(0, 2)).toEqual(['a 3 @30', 'up 1 @30']);
    await loop.stop();
  });

  test('ends a scrape that gets no answer at its timeout', async () => {
    const never: Fetch = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const { clock, loop, batches } = loopOf(never);
    loop.start();
    await clock.advance(8_999);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(batches).toEqual([['up 0 @0', 'duration 9 @0', 'scraped 0 @0', 'kept 0 @0', 'added 0 @0']]);
    expect(loop.status).toMatchObject({
      health: 'down',
      lastError: 'no complete answer within the scrape timeout of 9 s',
    });
    await loop.stop();
  });

  test('shows the line and the text of a page that is broken', async () => {
    const { clock, loop } = loopOf(pages('a 1\nb\n'));
    loop.start();
    await clock.advance(0);
    expect(loop.status).toMatchObject({
      health: 'down',
      lastError: 'line 2: expected value after metric, got "\\n" ("INVALID") while parsing: "b\\n"',
    });
    await loop.stop();
  });

  test('writes nothing when it is stopped, and all markers when it is finished', async () => {
    const { clock, loop, batches } = loopOf(pages('a 1\n', 'a 2\n'));
    loop.start();
    await clock.advance(1_000);
    await loop.stop();
    await clock.advance(60_000);
    expect(batches.length).toBe(1);
    loop.finish();
    expect(batches[1]).toEqual([
      'a stale @15',
      'up stale @15',
      'duration stale @15',
      'scraped stale @15',
      'kept stale @15',
      'added stale @15',
    ]);
  });
});

/** A clock whose timers fire late by what the test says; those of a deadline never fire. */
class LateClock implements Clock {
  #nowMs = 0;
  #next: { atMs: number; run: () => void } | undefined;

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    if (delayMs !== TIMEOUT_MS) this.#next = { atMs: this.#nowMs + delayMs, run };
    return () => {};
  }

  async runNext(lateMs: number): Promise<void> {
    const { atMs, run } = this.#next!;
    this.#nowMs = atMs + lateMs;
    run();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function pages(...contents: (string | Error)[]): Fetch {
  return async () => {
    const content = contents.shift();
    if (content instanceof Error) throw content;
    return Buffer.from(content ?? '\n');
  };
}

function loopOf(
  fetch: Fetch,
  {
    nowMs = 0,
    offsetMs = 0,
    clock = new ManualClock(nowMs),
  }: { nowMs?: number; offsetMs?: number; clock?: Clock } = {},
) {
  const batches: string[][] = [];
  const loop = new ScrapeLoop({
    targetLabels: Labels.empty,
    reports: reportLabels(Labels.empty),
    intervalMs: INTERVAL_MS,
    timeoutMs: TIMEOUT_MS,
    offsetMs,
    fetch,
    series: new TargetSeries({
      targetLabels: Labels.empty,
      reports: [],
      honorLabels: false,
      honorTimestamps: true,
      trackTimestampsStaleness: false,
      rules: [],
      sampleLimit: 0,
      onRejected: () => {},
    }),
    sink: { tryPush: (batch) => batches.push(shown(batch)) > 0 },
    clock,
    logger: createLogger('silent'),
  });
  return { clock: clock as ManualClock, loop, batches };
}

const SHORT: Readonly<Record<string, string>> = {
  scrape_duration_seconds: 'duration',
  scrape_samples_scraped: 'scraped',
  scrape_samples_post_metric_relabeling: 'kept',
  scrape_series_added: 'added',
};

/** `name value @seconds` */
function shown({ series, values, timestamps, length }: SampleColumns<Labels>): string[] {
  return Array.from({ length }, (_, i) => {
    const name = series[i]!.metricName;
    return `${SHORT[name] ?? name} ${isStale(values, i) ? 'stale' : values[i]} @${Math.floor(timestamps[i]! / 1000)}`;
  });
}
