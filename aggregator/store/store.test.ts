import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { Matcher } from '../../model/matcher.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import type { AppendOutcome } from '../engine/engine.ts';
import { diskFiles, type Files } from './files.ts';
import { MemoryFiles } from './memory-files.ts';
import { Store, type StoreLimits } from './store.ts';

const START_MS = Date.UTC(2026, 0, 1);
const RETENTION_MS = 3_600_000;
const directories: string[] = [];

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'karmascope-store-'));
  directories.push(directory);
  return directory;
}

function open(
  directory: string,
  clock: ManualClock,
  limits: Partial<StoreLimits> = {},
  { files = diskFiles, registry = new Registry() }: { files?: Files; registry?: Registry } = {},
): Promise<Store> {
  return Store.open({
    directory,
    clock,
    files,
    logger: createLogger('silent'),
    registry,
    limits: { retentionMs: RETENTION_MS, ...limits },
  });
}

type Point = readonly [series: number, timestampMs: number, bits: bigint];

const SERIES = Array.from({ length: 12 }, (_, i) =>
  Labels.fromObject({
    __name__: `metric_${i % 3}`,
    cluster: `c${i % 2}`,
    pod: i % 4 === 0 ? undefined : `p${i}`,
  }),
);

function append(store: Store, points: readonly Point[]): Promise<AppendOutcome> {
  const values = new BigUint64Array(points.map(([, , bits]) => bits));
  return store.append({
    series: points.map(([series]) => store.ref(SERIES[series]!)),
    timestamps: Float64Array.from(points, ([, timestampMs]) => timestampMs),
    values: new Float64Array(values.buffer),
    length: points.length,
  });
}

/** The store as it should be: a map of maps. */
class Model {
  readonly samples = new Map<number, Map<number, bigint>>();

  append(points: readonly Point[], nowMs: number): number {
    let appended = 0;
    for (const [series, timestampMs, bits] of points) {
      if (timestampMs > nowMs + 600_000 || timestampMs < nowMs - RETENTION_MS) continue;
      const column = this.samples.get(series) ?? new Map<number, bigint>();
      this.samples.set(series, column);
      if ((column.get(timestampMs) ?? bits) !== bits) continue;
      column.set(timestampMs, bits);
      appended++;
    }
    return appended;
  }

  /** Labels → samples of a range, as text. */
  read(test: (labels: Labels) => boolean, startMs: number, endMs: number): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const [series, column] of this.samples) {
      const labels = SERIES[series]!;
      if (!test(labels)) continue;
      const points = [...column]
        .filter(([timestampMs]) => timestampMs >= startMs && timestampMs <= endMs)
        .sort(([a], [b]) => a - b);
      if (points.length > 0)
        found[labels.toString()] = points.map(([timestampMs, bits]) => `${timestampMs} ${bits.toString(16)}`);
    }
    return found;
  }
}

async function read(store: Store, matchers: Matcher[], startMs: number, endMs: number) {
  const found: Record<string, string[]> = {};
  for (const { labels, timestamps, values } of await store.select(matchers, { startMs, endMs })) {
    const bits = new BigUint64Array(values.buffer, values.byteOffset, values.length);
    found[labels.toString()] = Array.from(
      timestamps,
      (timestampMs, i) => `${timestampMs} ${bits[i]!.toString(16)}`,
    );
  }
  return found;
}

const bits = fc.oneof(
  { weight: 5, arbitrary: fc.bigInt({ min: 0n, max: 3n }) },
  fc.constantFrom(0x7ff0000000000002n, 0x7ff8000000000000n, 0x8000000000000000n, 0x7ff0000000000000n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const offset = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 20 }).map((n) => -n * 15_000) },
  fc.integer({ min: -RETENTION_MS - 100_000, max: 700_000 }),
);
const point = fc.tuple(fc.integer({ min: 0, max: SERIES.length - 1 }), offset, bits);
const operation = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .array(fc.array(point, { maxLength: 30 }), { maxLength: 4 })
      .map((batches) => ({ do: 'append' as const, batches })),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('run' as const),
      series: point.map(([series]) => series),
      count: fc.integer({ min: 1, max: 300 }),
      step: fc.integer({ min: 1, max: 20_000 }),
      bits,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 1, max: 900_000 }).map((ms) => ({ do: 'advance' as const, ms })),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('select' as const),
      matcher: fc.integer({ min: 0, max: 6 }),
      start: offset,
      end: offset,
    }),
  },
);

const MATCHERS: readonly [Matcher[], (labels: Labels) => boolean][] = [
  [[new Matcher('cluster', '=', 'c0')], (labels) => labels.get('cluster') === 'c0'],
  [
    [new Matcher('__name__', '=', 'metric_1'), new Matcher('pod', '=', '')],
    (labels) => labels.metricName === 'metric_1' && !labels.has('pod'),
  ],
  [[new Matcher('pod', '=~', 'p[1-7]')], (labels) => /^p[1-7]$/.test(labels.get('pod'))],
  [
    [new Matcher('cluster', '!=', ''), new Matcher('pod', '!~', 'p1.*')],
    (labels) => !/^p1/.test(labels.get('pod')),
  ],
  [
    [new Matcher('__name__', '=~', 'metric_0|metric_2'), new Matcher('pod', '!=', 'p2')],
    (labels) => labels.metricName !== 'metric_1' && labels.get('pod') !== 'p2',
  ],
  [[new Matcher('pod', '=~', '.+')], (labels) => labels.has('pod')],
  [[new Matcher('cluster', '=', 'none')], () => false],
];

describe('Store', () => {
  test.each([
    { where: 'in memory', newFiles: () => new MemoryFiles(), numRuns: 200 },
    { where: 'on disk', newFiles: () => diskFiles, numRuns: 10 },
  ])(
    'does what a map of maps does, under any operations, $where',
    { timeout: 120_000 },
    async ({ newFiles, numRuns }) => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 40, size: 'max' }), async (operations) => {
          const directory = await newDirectory();
          const clock = new ManualClock(START_MS);
          const limits = { segmentBytes: 20_000 };
          const files = newFiles();
          let store = await open(directory, clock, limits, { files });
          const model = new Model();
          for (const op of operations) {
            const nowMs = clock.now();
            if (op.do === 'append') {
              const batches = op.batches.map((batch) =>
                batch.map(([series, ago, value]): Point => [series, nowMs + ago, value]),
              );
              const outcomes = batches.map((batch) => append(store, batch));
              const expected = batches.map((batch) => model.append(batch, nowMs));
              expect((await Promise.all(outcomes)).map(({ appended }) => appended)).toEqual(expected);
            } else if (op.do === 'run') {
              const points = Array.from(
                { length: op.count },
                (_, i): Point => [
                  op.series,
                  nowMs - i * op.step,
                  op.bits + BigInt(i % 2) * (op.bits === 0n ? 1n : 0n),
                ],
              ).reverse();
              expect((await append(store, points)).appended).toBe(model.append(points, nowMs));
            } else if (op.do === 'advance') {
              await clock.advance(op.ms);
            } else if (op.do === 'restart') {
              await store.close();
              store = await open(directory, clock, limits, { files });
            } else {
              const [matchers, passes] = MATCHERS[op.matcher]!;
              const startMs = nowMs + Math.min(op.start, op.end);
              const endMs = nowMs + Math.max(op.start, op.end);
              const expected = model.read(passes, Math.max(startMs, nowMs - RETENTION_MS), endMs);
              expect(await read(store, matchers, startMs, endMs)).toEqual(expected);
              const range = { startMs, endMs };
              const names = (await store.series([matchers], range)).map((labels) => labels.toString());
              expect(names.sort()).toEqual(Object.keys(expected).sort());
            }
          }
          const everything = [new Matcher('cluster', '!=', '')];
          const floorMs = clock.now() - RETENTION_MS;
          expect(await read(store, everything, 0, Number.MAX_SAFE_INTEGER)).toEqual(
            model.read(() => true, floorMs, Infinity),
          );
          await store.close();
        }),
        { numRuns },
      );
    },
  );

  test('keeps a second process off its directory, until it is closed', async () => {
    const directory = await newDirectory();
    const clock = new ManualClock(START_MS);
    const store = await open(directory, clock);
    await expect(open(directory, clock)).rejects.toThrow(/another process has it open.*--storage.path/);
    await store.close();
    await (await open(directory, clock)).close();
  });

  test('series without samples in the retention leave memory, index and disk, and come back with a sample', async () => {
    const directory = await newDirectory();
    const clock = new ManualClock(START_MS);
    const registry = new Registry();
    const store = await open(
      directory,
      clock,
      { segmentBytes: 1_000 },
      { files: new MemoryFiles(), registry },
    );
    for (let i = 0; i < 100; i++)
      await append(store, [
        [1, START_MS - i * 1000, 7n],
        [2, START_MS - i * 1000, 7n],
      ]);
    const before = await metrics(registry);
    expect(before['series']).toBe(2);
    expect(before['wal_segments']).toBeGreaterThan(5);
    await clock.advance(RETENTION_MS + 120_000);
    await store.prune();
    const after = await metrics(registry);
    expect(after).toMatchObject({ series: 0, chunks: 0, head_bytes: 0, wal_segments: 1 });
    expect(await store.labelNames([], everything)).toEqual([]);
    await append(store, [[1, clock.now(), 8n]]);
    expect(await store.labelValues('pod', [], everything)).toEqual(['p1']);
    expect((await metrics(registry))['series']).toBe(1);
    await store.close();
  });

  test('drops the oldest samples when memory is used up, and refuses when the last hour does not fit', async () => {
    const directory = await newDirectory();
    const clock = new ManualClock(START_MS);
    const limits = { retentionMs: 48 * 3_600_000, headBytes: 100_000 };
    const store = await open(directory, clock, limits, { files: new MemoryFiles() });
    const noise = (i: number) => (BigInt(i) * 0x9e37_79b9_7f4a_7c15n) & 0xffff_ffff_ffff_ffffn;
    const all = [new Matcher('cluster', '!=', '')];
    const fill = async (hours: number) => {
      for (let minute = 0; minute < hours * 60; minute++) {
        await clock.advance(60_000);
        await append(
          store,
          SERIES.map((_, i): Point => [i, clock.now(), noise(minute * 100 + i)]),
        );
      }
    };
    await fill(20);
    await store.prune();
    const kept = await store.select(all, everything);
    const oldestMs = Math.min(...kept.map(({ timestamps }) => timestamps[0]!));
    expect(oldestMs).toBeGreaterThan(START_MS + 3_600_000);
    expect(oldestMs).toBeLessThanOrEqual(clock.now() - 3_600_000);
    const outcome = await append(store, [[0, START_MS + 1, 1n]]);
    expect(outcome.rejected.too_old).toBe(1);

    const burst = Array.from(
      { length: 20_000 },
      (_, i): Point => [i % 12, clock.now() - 3_000_000 + i, noise(i)],
    );
    await append(store, burst);
    await expect(append(store, [[0, clock.now(), 1n]])).rejects.toThrow(
      /last hour is being dropped; send again later/,
    );
    await clock.advance(3 * 3_600_000);
    await store.prune();
    expect((await append(store, [[0, clock.now(), 1n]])).appended).toBe(1);
    await store.close();
  });

  test('says at start what it brought back, and counts what it refuses', async () => {
    const directory = await newDirectory();
    const clock = new ManualClock(START_MS);
    const store = await open(directory, clock);
    await append(store, [
      [0, START_MS, 1n],
      [1, START_MS, 1n],
    ]);
    await store.close();
    const lines: string[] = [];
    const registry = new Registry();
    const logger = createLogger('info', { write: (line: string) => void lines.push(line) });
    const again = await Store.open({ directory, clock, logger, registry });
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({
      msg: 'Opened the store',
      series: 2,
      samples: 2,
      tornTails: 0,
    });
    await append(again, [
      [0, START_MS, 2n],
      [0, START_MS + 1, 2n],
      [0, START_MS + 3_600_000, 2n],
    ]);
    expect(await registry.metrics()).toMatch(/samples_rejected_total\{reason="duplicate_timestamp"\} 1/);
    expect(await registry.metrics()).toMatch(/samples_rejected_total\{reason="too_far_in_future"\} 1/);
    expect(await metrics(registry)).toMatchObject({ samples_appended_total: 1 });
    await again.close();
  });

  test('a number that was never given out is refused, not guessed', async () => {
    const store = await open(await newDirectory(), new ManualClock(START_MS));
    const columns = { timestamps: Float64Array.of(START_MS), values: Float64Array.of(1), length: 1 };
    await expect(store.append({ series: [99], ...columns })).rejects.toThrow(/series 99 is not known/);
    await store.close();
  });
});

const everything = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };

/** Values of `karmascope_storage_*` metrics without labels. */
async function metrics(registry: Registry): Promise<Record<string, number>> {
  const lines = (await registry.metrics()).matchAll(/^karmascope_storage_(\w+) (.*)$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]));
}
