import { expect, test } from 'vitest';
import { formatDurationMs, parseDurationMs } from './duration.ts';

test.each([
  ['0', 0, '0s'],
  ['15s', 15_000, '15s'],
  ['1h30m', 5_400_000, '1h30m'],
  ['36h', 129_600_000, '1d12h'],
  ['90d', 90 * 86_400_000, '90d'],
  ['28d', 28 * 86_400_000, '4w'],
  ['1y', 365 * 86_400_000, '1y'],
  ['1w1d', 8 * 86_400_000, '8d'],
  ['1s100ms', 1_100, '1s100ms'],
])('%s is %d ms and printed as %s', (text, ms, printed) => {
  expect(parseDurationMs(text)).toBe(ms);
  expect(formatDurationMs(ms)).toBe(printed);
});

test.each([
  ['', 'empty duration string'],
  ['5', 'not a valid duration string: "5"'],
  ['1m1h', 'not a valid duration string'],
  ['-5m', 'not a valid duration string'],
  ['1.5h', 'not a valid duration string'],
  ['300y', 'duration out of range'],
])('parseDurationMs() refuses "%s"', (text, problem) => {
  expect(() => parseDurationMs(text)).toThrow(problem);
});
