import { describe, expect, test } from 'vitest';
import { formatTime, MAX_TIME_MS, MIN_TIME_MS, parseDurationMs, parseTimeMs } from './time-parameters.ts';

describe('parseTimeMs()', () => {
  test.each([
    ['1435781451.781', 1_435_781_451_781],
    ['1435781451.7815', 1_435_781_451_782],
    ['-0.5', -500],
    ['1e9', 1e12],
    ['1_000', 1_000_000],
    ['.5', 500],
    ['1435781451781', 1_435_781_451_781_000],
    ['2015-07-01T20:10:51Z', 1_435_781_451_000],
    ['2015-07-01T20:10:51.7819Z', 1_435_781_451_781],
    ['2015-07-01T21:10:51.781+01:00', 1_435_781_451_781],
    ['2016-02-29T00:00:00-23:59', 1_456_790_340_000],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
    ['-292273086-05-16T16:47:06Z', MIN_TIME_MS],
    ['292277025-08-18T07:12:54.999999999Z', MAX_TIME_MS],
    ['1e300', MAX_TIME_MS],
  ])('%s', (text, ms) => {
    expect(parseTimeMs(text)).toBe(ms);
  });

  test.each([
    '',
    'now',
    '1e',
    '1e400',
    '0x10',
    'NaN',
    '1__0',
    '2015-07-01',
    '2015-07-01T20:10:51',
    '2015-02-29T00:00:00Z',
    '2015-07-01T24:00:00Z',
    '2015-07-01T20:10:60Z',
    '2015-07-01t20:10:51z',
  ])('refuses %j', (text) => {
    expect(() => parseTimeMs(text)).toThrow(`cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  });
});

describe('parseDurationMs()', () => {
  test.each([
    ['15', 15_000],
    ['0.5', 500],
    ['-1', -1000],
    ['1e-3', 1],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['0', 0],
  ])('%s', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  test.each([
    ['', 'cannot parse "" to a valid duration'],
    ['1.5s', 'cannot parse "1.5s" to a valid duration'],
    ['5m1h', 'cannot parse "5m1h" to a valid duration'],
    ['1e10', 'cannot parse "1e10" to a valid duration. It overflows int64'],
    ['+Inf', 'cannot parse "+Inf" to a valid duration. It overflows int64'],
  ])('refuses %j', (text, message) => {
    expect(() => parseDurationMs(text)).toThrow(message);
  });
});

describe('formatTime()', () => {
  test.each([
    [0, '0001-01-01T00:00:00Z'],
    [1_435_781_451_781, '2015-07-01T20:10:51.781Z'],
    [1_435_781_451_780, '2015-07-01T20:10:51.78Z'],
    [1_435_781_450_000, '2015-07-01T20:10:50Z'],
    [1_435_780_800_000, '2015-07-01T20:00:00Z'],
  ])('%d', (ms, text) => {
    expect(formatTime(ms)).toBe(text);
  });
});
