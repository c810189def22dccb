import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { setStale } from '../../model/sample.ts';
import type { SeriesData } from '../engine/engine.ts';
import { budgetRemaining, burnAlarms, burnRate, burnWindowsMs, firingAlarm } from './burn-rate.ts';
import { exactTarget } from './openslo.ts';
import { combineSlices, type SliceState, sliceCounts } from './slice.ts';
import { SliceWindow } from './slice-window.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A counter with a sample every 15 s from `startMs` on; `_` is no sample, `s` a stale marker. */
function counter(labels: Record<string, string>, text: string, startMs = 0): SeriesData {
  const words = text.split(' ');
  const kept = words.flatMap((word, i) =>
    word === '_' ? [] : [{ word, timestampMs: startMs + i * 15_000 }],
  );
  const values = Float64Array.from(kept, ({ word }) => (word === 's' ? 0 : Number(word)));
  for (const [i, { word }] of kept.entries()) if (word === 's') setStale(values, i);
  return {
    labels: Labels.fromObject({ job: 'api', instance: 'a', ...labels }),
    timestamps: Float64Array.from(kept, ({ timestampMs }) => timestampMs),
    values,
  };
}

const range = (firstSlice: number, lastSlice: number) => ({ firstSlice, lastSlice, stepMs: MINUTE });

describe('sliceCounts()', () => {
  const counts = (series: SeriesData[], slices = range(0, 2)) => [...sliceCounts(series, slices).events];

  test.each([
    ['counts increases where the later sample lies', ['0 1 2 3 5 5 5 5 9'], [3, 2, 4]],
    ['takes a fall as a reset', ['10 12 3 4 5'], [6, 1, 0]],
    [
      'does not stretch to the edges: the first sample is where counting begins',
      ['_ _ 100 101 103'],
      [1, 2, 0],
    ],
    ['counts over a gap and a stale marker', ['1 s _ _ _ 6'], [0, 5, 0]],
    ['does not count a target that begins with a high counter', ['_ _ _ _ _ 1000 1001'], [0, 1, 0]],
  ])('%s', (_, texts, expected) => {
    expect(counts(texts.map((text) => counter({}, text)))).toEqual(expected);
  });

  test('counts the first error of a target that was there before', () => {
    expect(
      counts([counter({ code: '200' }, '5 6 7 8 9 10'), counter({ code: '500' }, '_ _ _ _ _ 2')]),
    ).toEqual([3, 4, 0]);
  });

  test('a new target is no first error of another', () => {
    expect(counts([counter({}, '5 6 7 8 9 10'), counter({ instance: 'b' }, '_ _ _ _ _ 20')])).toEqual([
      3, 2, 0,
    ]);
  });

  test('sums over slices are the counter, for random counters without resets', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 2, maxLength: 200 }), (steps) => {
        let value = 0;
        const values = steps.map((step) => (value += step));
        const total = counts([counter({}, values.join(' '))], range(0, 60)).reduce(
          (sum, events) => sum + events,
          0,
        );
        expect(total).toBe(values.at(-1)! - values[0]!);
      }),
    );
  });
});

test('combineSlices() tells measured, idle and absent apart and never has more good than there was', () => {
  const total = sliceCounts([counter({}, '0 1 2 3 3 3 3 3 _ _ _ _')], range(0, 2));
  const bad = sliceCounts([counter({}, '0 9 9 9')], range(0, 2));
  expect(combineSlices(total, bad, 'bad')).toMatchObject({
    good: Float64Array.of(0, 0, 0),
    states: ['measured', 'idle', 'absent'],
  });
});

describe('SliceWindow', () => {
  test('equals a plain sum for random histories: gaps, amended slices, more than the window holds', () => {
    const step = fc.record({
      gap: fc.integer({ min: -4, max: 12 }),
      good: fc.array(fc.nat(9), { minLength: 1, maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 12 }), (steps, capacity) => {
        const window = new SliceWindow(capacity);
        const plain = new Map<number, number>();
        let last: number | undefined;
        for (const { gap, good } of steps) {
          const first = Math.max(0, (last ?? 100) + 1 + gap);
          const oldest = last === undefined ? first : Math.max(last - capacity, Math.min(...plain.keys()));
          window.set(
            first,
            good,
            good.map((value) => value * 2),
            good.map((): SliceState => 'measured'),
          );
          for (const [i, value] of good.entries()) if (first + i >= oldest) plain.set(first + i, value);
          last = Math.max(last ?? 0, first + good.length - 1);
          for (let count = 1; count <= capacity; count++) {
            let expected = { good: 0, total: 0, covered: 0 };
            for (let slice = last - count + 1; slice <= last; slice++) {
              const value = plain.get(slice);
              if (value !== undefined)
                expected = {
                  good: expected.good + value,
                  total: expected.total + 2 * value,
                  covered: expected.covered + 1,
                };
            }
            expect(window.sums(last, count)).toEqual(expected);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('burn rates', () => {
  test('targets are the decimals that were written', () => {
    expect(exactTarget(0.999, undefined)).toEqual({ target: 0.999, budget: 0.001 });
    expect(exactTarget(undefined, 99.9)).toEqual({ target: 0.999, budget: 0.001 });
    expect(exactTarget(undefined, 99.99)).toEqual({ target: 0.9999, budget: 0.0001 });
  });

  test.each([
    ['30d', 30 * DAY, [14.4, 6, 3, 1]],
    // 10 % in 3 of 28 days would be 0.933: inside the budget.
    ['28d', 28 * DAY, [13.44, 5.6, 2.8, 1]],
    ['7d', 7 * DAY, [3.36, 1.4, 1, 1]],
    ['90d', 90 * DAY, [43.2, 18, 9, 3]],
  ])('factors follow from a period of %s', (_, windowMs, factors) => {
    const rounded = burnAlarms(windowMs, 0.001).map(({ factor }) => Number(factor.toPrecision(6)));
    expect(rounded).toEqual(factors);
  });

  test('an alarm that could never go off is lowered until it can', () => {
    const [fast] = burnAlarms(30 * DAY, 0.1);
    expect(fast!.factor).toBeCloseTo(9);
  });

  test("a period shorter than an alarm's window goes without that alarm", () => {
    expect(burnAlarms(DAY, 0.001).map(({ longMs }) => longMs)).toEqual([HOUR, 6 * HOUR]);
    expect(burnWindowsMs(DAY)).toEqual([5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY]);
  });

  test('the budget is a share of events, not an average of ratios, and is never clamped', () => {
    // A full outage hour in the day (6,000 requests a minute) or at night (60): slo maths M2.
    const day = { good: 11 * 60 * 6000 + 12 * 60 * 60, total: 12 * 60 * 6000 + 12 * 60 * 60, covered: 1440 };
    const night = {
      good: 12 * 60 * 6000 + 11 * 60 * 60,
      total: 12 * 60 * 6000 + 12 * 60 * 60,
      covered: 1440,
    };
    expect(burnRate(day, 1)!.toPrecision(5)).toBe('0.082508');
    expect(burnRate(night, 1)!.toPrecision(6)).toBe('0.000825083');
    expect(budgetRemaining(day, 0.001, 1)!.toFixed(3)).toBe('-81.508');
    // A day of a month of such days: the rest is taken as good until it is seen.
    expect(budgetRemaining(day, 0.001, 1 / 30)!.toFixed(3)).toBe('-1.750');
    expect(burnRate({ good: 0, total: 0, covered: 60 }, 0.001)).toBeUndefined();
  });

  test('an alarm needs both of its windows; a page outranks a ticket', () => {
    const alarms = burnAlarms(28 * DAY, 0.001);
    const rates = (...entries: [number, number][]) =>
      new Map(entries.map(([windowMs, rate]) => [windowMs, { rate, coverage: 1 }]));
    expect(firingAlarm(alarms, rates([5 * MINUTE, 20], [HOUR, 14]))).toBe('page');
    expect(firingAlarm(alarms, rates([5 * MINUTE, 20], [HOUR, 13]))).toBeUndefined();
    expect(firingAlarm(alarms, rates([2 * HOUR, 3], [DAY, 3]))).toBe('ticket');
    // Five bad minutes after a start are not a bad hour.
    const young = new Map([...rates([5 * MINUTE, 20]), [HOUR, { rate: 20, coverage: 5 / 60 }] as const]);
    expect(firingAlarm(alarms, young)).toBeUndefined();
    expect(firingAlarm(alarms, rates([5 * MINUTE, 20], [HOUR, 14], [2 * HOUR, 3], [DAY, 3]))).toBe('page');
  });
});
