import { expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { ManualClock } from '../../runtime/clock.ts';
import type { SelectHints, SeriesData } from '../engine/engine.ts';
import { PromqlEngine, type PromqlEngineOptions } from './engine.ts';
import type { Selector } from './selection.ts';

const MINUTE_MS = 60_000;

/** A storage with some series of one sample a minute, which keeps what it was asked. */
class Recorded implements Selector {
  readonly asked: { matchers: string; startMs: number; endMs: number }[] = [];
  readonly #series: SeriesData[];

  constructor(seriesCount: number, samples: number) {
    const timestamps = Float64Array.from({ length: samples }, (_, i) => i * MINUTE_MS);
    this.#series = Array.from({ length: seriesCount }, (_, i) => ({
      labels: Labels.fromObject({ __name__: 'pods', node: `node-${i}` }),
      timestamps,
      values: new Float64Array(samples).fill(i),
    }));
  }

  async select(matchers: readonly { toString(): string }[], hints: SelectHints): Promise<SeriesData[]> {
    this.asked.push({ matchers: matchers.join(','), ...hints });
    return this.#series;
  }
}

function instant(storage: Selector, query: string, options: PromqlEngineOptions = {}, signal?: AbortSignal) {
  const engine = new PromqlEngine(storage, options);
  return engine.instant({ query, timeMs: 10 * MINUTE_MS }, signal ?? new AbortController().signal);
}

function range(storage: Selector, query: string, options: PromqlEngineOptions = {}, signal?: AbortSignal) {
  const engine = new PromqlEngine(storage, options);
  const times = { startMs: 0, endMs: 600 * MINUTE_MS, stepMs: MINUTE_MS };
  return engine.range({ query, ...times }, signal ?? new AbortController().signal);
}

test('selectors of the same matchers whose times overlap are fetched once', async () => {
  const storage = new Recorded(1, 20);
  await instant(storage, 'pods / (pods offset 2m) + sum_over_time(pods[7m]) + (pods offset 1w)');
  expect(storage.asked).toEqual([
    { matchers: '__name__="pods"', startMs: 3 * MINUTE_MS + 1, endMs: 10 * MINUTE_MS },
    {
      matchers: '__name__="pods"',
      startMs: (5 - 7 * 24 * 60) * MINUTE_MS + 1,
      endMs: (10 - 7 * 24 * 60) * MINUTE_MS,
    },
  ]);
});

test('a text that is no PromQL is refused with the words of the parser', async () => {
  await expect(instant(new Recorded(1, 1), 'sum(pods')).rejects.toMatchObject({
    type: 'bad_data',
    message: '1:9: parse error: unclosed left parenthesis',
  });
});

test('a range query has to be of an instant vector or a scalar', async () => {
  await expect(range(new Recorded(1, 1), 'pods[5m]')).rejects.toMatchObject({
    type: 'bad_data',
    message: 'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
  });
});

test('the flags of Prometheus are off', async () => {
  await expect(instant(new Recorded(1, 1), 'limitk(1, pods)')).rejects.toMatchObject({ type: 'bad_data' });
});

test('a query that would hold too many samples ends with the name of the limit', async () => {
  const options = { maxSamples: 1000 };
  await expect(range(new Recorded(10, 90), 'pods', options)).rejects.toMatchObject({
    type: 'execution',
    message: expect.stringMatching(
      /^query processing would load too many samples into memory in expression evaluation: the limit max_samples is 1000/,
    ),
  });
});

test('samples of a step that is over do not count', async () => {
  // Fetched 900, and at most two vectors of 900 at a time.
  const query = '-(-(-(-(-(-pods)))))';
  const { value } = await range(new Recorded(1, 601), query, { maxSamples: 3000 });
  expect(value.type).toBe('matrix');
});

test('what would take too much memory is refused before it takes it', async () => {
  const storage = new Recorded(1000, 5);
  const started = process.memoryUsage().arrayBuffers;
  for (const query of ['count_over_time(pods[30d:1s])', 'vector(1)[100y:1ms]', 'pods[10y:1s]'])
    await expect(instant(storage, query, { maxSamples: 5_000_000 })).rejects.toMatchObject({
      type: 'execution',
    });
  expect(process.memoryUsage().arrayBuffers - started).toBeLessThan(200e6);
});

test('a request can shorten its time but not lengthen it', async () => {
  const clock = new ManualClock();
  const storage = new Recorded(1, 20);
  const slow: Selector = {
    select: async (...args) => {
      await clock.advance(3000);
      return storage.select(...args);
    },
  };
  const engine = new PromqlEngine(slow, { clock, timeoutMs: 2000 });
  const request = { query: 'pods', timeMs: 0, timeoutMs: 60_000 };
  await expect(engine.instant(request, new AbortController().signal)).rejects.toMatchObject({
    type: 'timeout',
  });
});

test('a query whose time is over ends', async () => {
  const clock = new ManualClock();
  const storage = new Recorded(1, 20);
  const slow: Selector = {
    select: async (...args) => {
      await clock.advance(3000);
      return storage.select(...args);
    },
  };
  await expect(instant(slow, 'pods', { clock, timeoutMs: 2000 })).rejects.toMatchObject({
    type: 'timeout',
    message: expect.stringMatching(/^query timed out in expression evaluation: the limit timeout is 2000 ms/),
  });
});

test('a query that nobody waits for any more ends', async () => {
  const gone = new AbortController();
  const storage = new Recorded(1, 20);
  const leaving: Selector = {
    select: (...args) => {
      gone.abort();
      return storage.select(...args);
    },
  };
  await expect(instant(leaving, 'pods', {}, gone.signal)).rejects.toMatchObject({ type: 'canceled' });
});

test('a long evaluation lets others run in between', async () => {
  let now = 0;
  // Every look at the clock takes a millisecond.
  const clock = { now: () => now++, after: () => () => {} };
  let turns = 0;
  let over = false;
  const count = () => {
    turns++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  await range(new Recorded(2000, 10), 'sum(rate(pods[5m]))', { clock, timeoutMs: 1e9 });
  over = true;
  expect(turns).toBeGreaterThan(50);
});

test('limit cuts the answer and says so', async () => {
  const engine = new PromqlEngine(new Recorded(5, 20));
  const request = { query: 'pods', timeMs: 10 * MINUTE_MS, limit: 2 };
  const { value, warnings } = await engine.instant(request, new AbortController().signal);
  expect(value).toMatchObject({ type: 'vector', samples: { length: 2 } });
  expect(warnings).toEqual(['results truncated due to limit']);
});

test('lookback is of the request, else of the engine, else five minutes', async () => {
  const storage = new Recorded(1, 3);
  const engine = new PromqlEngine(storage, { lookbackMs: 9 * MINUTE_MS });
  const request = { query: 'pods', timeMs: 10 * MINUTE_MS };
  const { signal } = new AbortController();
  const found = async (result: ReturnType<typeof engine.instant>) => {
    const { value } = await result;
    return value.type === 'vector' && value.samples.length;
  };
  expect(await found(engine.instant(request, signal))).toBe(1);
  expect(await found(engine.instant({ ...request, lookbackMs: 7 * MINUTE_MS }, signal))).toBe(0);
  expect(await found(instant(storage, 'pods'))).toBe(0);
});
