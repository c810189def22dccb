import { afterEach, describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { Matcher } from '../../model/matcher.ts';
import { isStale, setStale } from '../../model/sample.ts';
import type { ManualClock } from '../../runtime/clock.ts';
import type { AppendOutcome, Engine, SeriesData } from './engine.ts';

export interface OpenedEngine {
  readonly engine: Engine;
  readonly clock: ManualClock;
  /** Closes the engine and opens it again on the same data. */
  reopen(): Promise<Engine>;
  /** Closes and removes everything. */
  dispose(): Promise<void>;
}

const MINUTE_MS = 60_000;
const everything = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };

/**
 * What any engine does, whatever keeps the data: run it against every implementation. `open` gives an empty
 * engine; its clock may stand anywhere.
 */
export function engineSuite(name: string, open: () => Promise<OpenedEngine>): void {
  let opened: OpenedEngine | undefined;
  afterEach(async () => {
    await opened?.dispose();
    opened = undefined;
  });

  async function start() {
    opened = await open();
    return { engine: opened.engine, nowMs: opened.clock.now(), reopen: opened.reopen };
  }

  describe(`${name} as an engine`, () => {
    test('append() makes samples visible, with both ends of a range included', async () => {
      const { engine, nowMs } = await start();
      const outcome = await append(engine, nowMs, 'up{job="a"} 1@-3m 2@-2m 3@-1m 4@0m');
      expect(outcome).toMatchObject({ appended: 4, firstRejection: undefined });
      const range = { startMs: nowMs - 2 * MINUTE_MS, endMs: nowMs - MINUTE_MS };
      expect(show(await engine.select([new Matcher('job', '=', 'a')], range), nowMs)).toEqual([
        '{__name__="up", job="a"} 2@-2m 3@-1m',
      ]);
    });

    test('append() lets its caller use the columns again at once', async () => {
      const { engine, nowMs } = await start();
      const series = [engine.ref(Labels.fromObject({ __name__: 'x' }))];
      const timestamps = Float64Array.of(nowMs);
      const values = Float64Array.of(42);
      const appended = engine.append({ series, timestamps, values, length: 1 });
      timestamps[0] = 0;
      values[0] = 0;
      await appended;
      expect(show(await engine.select([new Matcher('__name__', '=', 'x')], everything), nowMs)).toEqual([
        '{__name__="x"} 42@0m',
      ]);
    });

    test('append() takes late samples, and the same sample again', async () => {
      const { engine, nowMs } = await start();
      await append(engine, nowMs, 'x 3@-1m 4@0m');
      expect((await append(engine, nowMs, 'x 1@-3m 2@-2m')).appended).toBe(2);
      expect((await append(engine, nowMs, 'x 4@0m 1@-3m')).appended).toBe(2);
      expect(show(await engine.select([new Matcher('__name__', '=', 'x')], everything), nowMs)).toEqual([
        '{__name__="x"} 1@-3m 2@-2m 3@-1m 4@0m',
      ]);
    });

    test('append() refuses what cannot be kept, says why, and keeps the rest', async () => {
      const { engine, nowMs } = await start();
      await append(engine, nowMs, 'x 1@-1m');
      const outcome = await append(engine, nowMs, 'x 2@-1m 5@0m 7@11m 8@-1000000m');
      expect(outcome.appended).toBe(1);
      expect(outcome.rejected).toEqual({ duplicate_timestamp: 1, too_far_in_future: 1, too_old: 1 });
      expect(outcome.firstRejection?.labels.toString()).toBe('{__name__="x"}');
      expect(show(await engine.select([new Matcher('__name__', '=', 'x')], everything), nowMs)).toEqual([
        '{__name__="x"} 1@-1m 5@0m',
      ]);
    });

    test('values keep their bits: stale markers, NaNs with a payload, -0', async () => {
      const { engine, nowMs, reopen } = await start();
      const values = new Float64Array(3);
      setStale(values, 0);
      new BigUint64Array(values.buffer)[1] = 0xfff0_0000_dead_beefn;
      values[2] = -0;
      const ref = engine.ref(Labels.fromObject({ __name__: 'x' }));
      const timestamps = Float64Array.of(nowMs - 2, nowMs - 1, nowMs);
      await engine.append({ series: [ref, ref, ref], timestamps, values, length: 3 });
      for (const current of [engine, await reopen()]) {
        const [found] = await current.select([new Matcher('__name__', '=', 'x')], everything);
        expect(isStale(found!.values, 0)).toBe(true);
        expect(new BigUint64Array(found!.values.slice().buffer)).toEqual(new BigUint64Array(values.buffer));
      }
    });

    test('matchers: an absent label is an empty value', async () => {
      const { engine, nowMs } = await start();
      await append(engine, nowMs, 'x{a="1"} 1@0m', 'x{a="2",b="y"} 2@0m', 'x{b="z"} 3@0m', 'y{a="1"} 4@0m');
      const select = async (...matchers: Matcher[]) => {
        const found = await engine.select([new Matcher('__name__', '=', 'x'), ...matchers], everything);
        return found.map(({ values }) => values[0]);
      };
      expect(await select()).toEqual([1, 2, 3]);
      expect(await select(new Matcher('a', '=', '1'))).toEqual([1]);
      expect(await select(new Matcher('a', '!=', '1'))).toEqual([2, 3]);
      expect(await select(new Matcher('a', '=', ''))).toEqual([3]);
      expect(await select(new Matcher('a', '!=', ''))).toEqual([1, 2]);
      expect(await select(new Matcher('b', '=~', 'y|'))).toEqual([1, 2]);
      expect(await select(new Matcher('b', '!~', 'y|'))).toEqual([3]);
      expect(await select(new Matcher('b', '=~', '.+'))).toEqual([2, 3]);
      expect(await select(new Matcher('b', '=~', '.*'), new Matcher('a', '!~', '[13]'))).toEqual([2, 3]);
      expect(await select(new Matcher('c', '=', ''))).toEqual([1, 2, 3]);
      expect(await select(new Matcher('c', '!=', ''))).toEqual([]);
    });

    test('series, names and values are those with samples in the range', async () => {
      const { engine, nowMs } = await start();
      await append(engine, nowMs, 'x{a="1"} 1@-10m', 'x{b="2"} 2@0m', 'y{a="3"} 3@0m');
      const recent = { startMs: nowMs - MINUTE_MS, endMs: nowMs };
      const x = [new Matcher('__name__', '=', 'x')];
      const y = [new Matcher('__name__', '=', 'y')];
      expect((await engine.series([x], everything)).map(String)).toEqual([
        '{__name__="x", a="1"}',
        '{__name__="x", b="2"}',
      ]);
      expect((await engine.series([x, y, x], recent)).map(String)).toEqual([
        '{__name__="x", b="2"}',
        '{__name__="y", a="3"}',
      ]);
      expect(await engine.series([], recent)).toHaveLength(2);
      expect(await engine.labelNames([], everything)).toEqual(['__name__', 'a', 'b']);
      expect(await engine.labelNames([x], recent)).toEqual(['__name__', 'b']);
      expect(await engine.labelValues('a', [], everything)).toEqual(['1', '3']);
      expect(await engine.labelValues('a', [], recent)).toEqual(['3']);
      expect(await engine.labelValues('a', [x], everything)).toEqual(['1']);
      expect(await engine.labelValues('absent', [], everything)).toEqual([]);
    });

    test('metadata: the last word of each cluster wins', async () => {
      const { engine } = await start();
      engine.setMetadata('a', 'x_total', { type: 'unknown', help: '', unit: '' });
      engine.setMetadata('a', 'x_total', { type: 'counter', help: 'Things.', unit: '' });
      engine.setMetadata('b', 'x_total', { type: 'counter', help: 'Things.', unit: '' });
      engine.setMetadata('b', 'y', { type: 'gauge', help: 'Y of b.', unit: 'bytes' });
      const metadata = await engine.metadata();
      expect(metadata.get('x_total')).toEqual([{ type: 'counter', help: 'Things.', unit: '' }]);
      expect(metadata.get('y')).toEqual([{ type: 'gauge', help: 'Y of b.', unit: 'bytes' }]);
    });

    test('what was acknowledged is there after it is opened again', async () => {
      const { engine, nowMs, reopen } = await start();
      engine.setMetadata('a', 'x', { type: 'gauge', help: 'X.', unit: '' });
      await append(engine, nowMs, 'x{a="1"} 1@-1m 2@0m', 'x{a="2"} 3@0m');
      const again = await reopen();
      expect(show(await again.select([new Matcher('__name__', '=', 'x')], everything), nowMs)).toEqual([
        '{__name__="x", a="1"} 1@-1m 2@0m',
        '{__name__="x", a="2"} 3@0m',
      ]);
      expect((await again.metadata()).get('x')).toEqual([{ type: 'gauge', help: 'X.', unit: '' }]);
      expect((await append(again, nowMs, 'x{a="1"} 9@0m')).rejected.duplicate_timestamp).toBe(1);
    });

    test('query() and queryRange() answer PromQL over what was appended', async () => {
      const { engine, nowMs } = await start();
      await append(engine, nowMs, 'x_total{a="1"} 0@-2m 60@-1m 120@0m', 'x_total{a="2"} 5@0m');
      const { signal } = new AbortController();
      const instant = await engine.query({ query: 'sum(x_total)', timeMs: nowMs }, signal);
      expect(instant.value).toMatchObject({ type: 'vector', samples: [{ timestampMs: nowMs, value: 125 }] });
      const range = await engine.queryRange(
        { query: 'x_total{a="1"} + 1', startMs: nowMs - 2 * MINUTE_MS, endMs: nowMs, stepMs: MINUTE_MS },
        signal,
      );
      if (range.value.type !== 'matrix') return expect.unreachable(range.value.type);
      expect(show(range.value.series, nowMs)).toEqual(['{a="1"} 1@-2m 61@-1m 121@0m']);
      await expect(engine.query({ query: 'sum(', timeMs: nowMs }, signal)).rejects.toMatchObject({
        type: 'bad_data',
      });
    });
  });
}

/** Appends lines as `name{label="value"} value@±Nm …`, minutes from now; all in one batch. */
function append(engine: Engine, nowMs: number, ...lines: string[]): Promise<AppendOutcome> {
  const series: number[] = [];
  const timestamps: number[] = [];
  const values: number[] = [];
  for (const line of lines) {
    const [, name, labels = '', samples] = /^(\w+)(?:\{(.*)\})? (.*)$/.exec(line)!;
    const pairs = [...labels.matchAll(/(\w+)="(\w*)"/g)].map(([, label, value]) => [label!, value!] as const);
    const ref = engine.ref(Labels.fromPairs([['__name__', name!], ...pairs]));
    for (const sample of samples!.split(' ')) {
      const [value, minutes] = sample.split('@');
      series.push(ref);
      timestamps.push(nowMs + Number.parseFloat(minutes!) * MINUTE_MS);
      values.push(Number(value));
    }
  }
  const length = series.length;
  return engine.append({
    series,
    timestamps: Float64Array.from(timestamps),
    values: Float64Array.from(values),
    length,
  });
}

/** Series as `append` reads them. */
function show(series: readonly SeriesData[], nowMs: number): string[] {
  return series.map(({ labels, timestamps, values }) => {
    const samples = Array.from(timestamps, (time, i) => `${values[i]}@${(time - nowMs) / MINUTE_MS}m`);
    return `${labels} ${samples.join(' ')}`;
  });
}
