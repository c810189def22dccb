import { describe, expect, test } from 'vitest';
import { age, alertTitle, burn, bytesOf, clockTime, listOf, percent, significant } from './words.ts';

const spaced = (text: string) => text.replaceAll('\u202f', ' ');

test.each([
  [0, '0 s'],
  [999, '0 s'],
  [4_000, '4 s'],
  [59_999, '59 s'],
  [184_000, '3 min 4 s'],
  [180_000, '3 min'],
  [725_000, '12 min'],
  [7_500_000, '2 h 5 min'],
  [43_200_000, '12 h'],
  [259_200_000, '3 d'],
  [300_000_000, '3 d'],
  [-5_000, '0 s'],
])('age() of %i ms is %s', (ms, text) => {
  expect(spaced(age(ms))).toBe(text);
});

test('clockTime() names the day only when it is another one', () => {
  const now = Date.UTC(2026, 10, 22, 10, 25, 11);
  expect(clockTime(now - 180_000, now)).toBe('10:22:11');
  expect(clockTime(now - 86_400_000, now)).toBe('2026-11-21 10:25:11');
});

describe('numbers', () => {
  test.each([
    [0.712, '71.2 %'],
    [1, '100 %'],
    [0.99999, '99.9 %'],
    [0.05, '5.00 %'],
    [-0.123, '-12.3 %'],
  ])('percent(%d) is %s: never 100 unless whole', (fraction, text) => {
    expect(spaced(percent(fraction))).toBe(text);
  });

  test.each([
    [0, '0'],
    [0.02, '0.02'],
    [9.994, '9.99'],
    [18, '18.0'],
    [1234.4, '1234'],
    [Number.NaN, '?'],
    [Number.POSITIVE_INFINITY, '?'],
  ])('significant(%d) is %s', (value, text) => {
    expect(significant(value)).toBe(text);
  });

  test('burn() and bytesOf() carry their units', () => {
    expect([burn(6.2), burn(0.04), burn(144.2)]).toEqual(['6.2×', '0.0×', '144×']);
    expect(spaced(bytesOf(18 * 2 ** 30, 180 * 2 ** 30))).toBe('18.0 / 180 GiB');
    expect(spaced(bytesOf(0, 0))).toBe('0 / 0 B');
  });
});

test('listOf() names up to three', () => {
  expect(['a', 'a b', 'a b c', 'a b c d'].map((names) => listOf(names.split(' ')))).toEqual([
    'a',
    'a and b',
    'a, b and c',
    'a, b and 2 more',
  ]);
});

test.each([
  ['KarmadaRegionDown', 'Region down'],
  ['KarmascopePushQueueGrowing', 'Push queue growing'],
  ['ClusterNotReachable', 'Cluster not reachable'],
  ['Watchdog', 'Watchdog'],
  ['', ''],
])('alertTitle(%s) is "%s"', (name, title) => {
  expect(alertTitle(name)).toBe(title);
});
