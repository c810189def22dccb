import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { matchesAll } from '../../model/matcher.ts';
import { isStale } from '../../model/sample.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import type { Appender, Querier } from '../engine/engine.ts';
import { parseObjectives } from './openslo.ts';
import { SLICE_MS, SloEngine } from './slo-engine.ts';

const MINUTE = 60_000;
const START = 28_000_000 * SLICE_MS;

const [objective] = parseObjectives(
  'f.yaml',
  `
apiVersion: openslo/v1
kind: SLO
metadata: { name: api }
spec:
  service: api
  indicator:
    spec:
      ratioMetric:
        counter: true
        bad: { metricSource: { spec: { query: 'requests_total{code="500"}' } } }
        total: { metricSource: { spec: { query: requests_total } } }
  timeWindow: [{ duration: 1d, isRolling: true }]
  budgetingMethod: Occurrences
  objectives: [{ target: 0.99 }]
`,
);

let folder: string;
let database: RootDatabase;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'karmascope-slo-'));
  database = open({ path: join(folder, 'state.mdb') });
});
afterEach(async () => {
  await database.close();
  rmSync(folder, { recursive: true });
});

/** A store of counters that grow by so many a minute, from one minute to another (since START). */
function counters(
  ...specs: { cluster: string; region: string; code: string; perMinute: number; from: number; to: number }[]
): Pick<Querier, 'select'> {
  return {
    select: async (matchers, { startMs, endMs }) =>
      specs.flatMap(({ perMinute, from, to, ...labels }) => {
        const full = Labels.fromObject({
          __name__: 'requests_total',
          federation: 'f',
          job: 'api',
          instance: labels.cluster,
          ...labels,
        });
        if (!matchesAll(matchers, full)) return [];
        const times: number[] = [];
        for (let ms = START + from * MINUTE; ms < START + to * MINUTE; ms += 15_000)
          if (ms >= startMs && ms <= endMs) times.push(ms);
        if (times.length === 0) return [];
        return [
          {
            labels: full,
            timestamps: Float64Array.from(times),
            values: Float64Array.from(times, (ms) => ((ms - START) / MINUTE - from) * perMinute),
          },
        ];
      }),
  };
}

function fixture(querier: Pick<Querier, 'select'>) {
  const clock = new ManualClock(START);
  const names: Labels[] = [];
  const written = new Map<string, number | 'stale'>();
  const appender: Appender = {
    ref: (labels) => names.push(labels) - 1,
    append: async ({ series, values, length }) => {
      for (let i = 0; i < length; i++)
        written.set(names[series[i]!]!.toString(), isStale(values, i) ? 'stale' : values[i]!);
      return {
        appended: length,
        rejected: { duplicate_timestamp: 0, too_old: 0, too_far_in_future: 0 },
        firstRejection: undefined,
      };
    },
    setMetadata: () => {},
  };
  const engine = new SloEngine({
    querier,
    appender,
    database,
    clock,
    logger: createLogger('silent'),
    registry: new Registry(),
  });
  engine.load([objective!]);
  const at = (minute: number) => engine.closeSlices(START + minute * MINUTE + 20_000);
  const status = (level: string, where: string) =>
    engine
      .statuses()
      .find(({ labels, ...status }) => status.level === level && Object.values(labels).includes(where));
  const burn = (level: string, where: string, window: string) =>
    status(level, where)!.burnRates.find((rate) => rate.window === window)!.rate;
  return { engine, clock, written, at, status, burn };
}

const steady = [
  { cluster: 'a', region: 'r', code: '200', perMinute: 980, from: 0, to: 600 },
  { cluster: 'a', region: 'r', code: '500', perMinute: 20, from: 0, to: 600 },
  { cluster: 'b', region: 'r', code: '200', perMinute: 100, from: 0, to: 600 },
];

test('all levels come from the same slices: a region is its events, not the mean of its clusters', async () => {
  const it = fixture(counters(...steady));
  for (let minute = 1; minute <= 90; minute++) await it.at(minute);
  expect(it.burn('cluster', 'a', '1h')).toBeCloseTo(2, 10);
  expect(it.burn('cluster', 'b', '1h')).toBe(0);
  expect(it.burn('region', 'r', '1h')).toBeCloseTo(20 / 1100 / 0.01, 10);
  expect(it.burn('federation', 'f', '5m')).toBeCloseTo(20 / 1100 / 0.01, 10);
  expect(it.status('cluster', 'a')!.budgetRemaining).toBeCloseTo(1 - (2 * 90) / 1440, 3);
  expect(it.status('federation', 'f')!.coverage).toBeCloseTo(90 / 1440, 3);
  expect(
    it.written.get(
      '{__name__="slo:burn_rate:ratio", cluster="b", federation="f", level="cluster", region="r", service="api", slo="api", window="1h"}',
    ),
  ).toBe(0);
  expect(
    it.written.get(
      '{__name__="slo:objective:ratio", federation="f", level="federation", service="api", slo="api"}',
    ),
  ).toBe(0.99);
});

test('a cluster that is not seen adds nothing and lowers the coverage; without any event there is no figure', async () => {
  const it = fixture(counters({ ...steady[0]!, to: 30 }, { ...steady[2]!, perMinute: 0 }));
  for (let minute = 1; minute <= 100; minute++) await it.at(minute);
  expect(it.burn('cluster', 'a', '1h')).toBeUndefined();
  expect(it.status('cluster', 'a')!.coverage).toBeCloseTo(30 / 1440, 3);
  expect(it.status('cluster', 'b')).toMatchObject({ budgetRemaining: undefined, state: 'no data' });
  expect(
    it.written.get(
      '{__name__="slo:burn_rate:ratio", cluster="a", federation="f", level="cluster", region="r", service="api", slo="api", window="1h"}',
    ),
  ).toBe('stale');
});

test('a restart loses nothing, and what happened meanwhile is counted from the stored samples', async () => {
  const before = fixture(counters(...steady));
  for (let minute = 1; minute <= 50; minute++) await before.at(minute);
  const after = fixture(counters(...steady));
  after.clock.advance(80 * MINUTE);
  after.engine.load([objective!]);
  await after.at(80);
  const without = fixture(counters(...steady));
  for (let minute = 1; minute <= 80; minute++) await without.at(minute);
  expect(after.engine.statuses()).toEqual(without.engine.statuses());
});

test('a query that fails leaves the slices open; they are closed with the next round', async () => {
  let broken = false;
  const querier = counters(...steady);
  const it = fixture({
    select: (matchers, hints) => (broken ? Promise.reject(new Error('no')) : querier.select(matchers, hints)),
  });
  for (let minute = 1; minute <= 70; minute++) {
    broken = minute > 20 && minute < 65;
    await it.at(minute);
  }
  expect(it.burn('cluster', 'a', '1h')).toBeCloseTo(2, 10);
  expect(it.status('cluster', 'a')!.coverage).toBeCloseTo(70 / 1440, 3);
});
