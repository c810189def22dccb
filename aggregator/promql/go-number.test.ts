import { expect, test } from 'vitest';
import {
  formatFixed,
  formatOpenMetricsFloat,
  formatPlain,
  formatShortest,
  formatSignificant,
  formatValue,
  parseGoFloat,
} from './go-number.ts';

test.each([
  // value, in an answer, %f without limit, %g, %.2g
  [0, '0', '0', '0', '0'],
  [-0, '-0', '-0', '-0', '-0'],
  [1, '1', '1', '1', '1'],
  [10, '10', '10', '10', '10'],
  [100, '100', '100', '100', '1e+02'],
  [-123.456, '-123.456', '-123.456', '-123.456', '-1.2e+02'],
  [1e6, '1000000', '1000000', '1e+06', '1e+06'],
  [12345678.5, '12345678.5', '12345678.5', '1.23456785e+07', '1.2e+07'],
  [0.0001, '0.0001', '0.0001', '0.0001', '0.0001'],
  [0.00001, '0.00001', '0.00001', '1e-05', '1e-05'],
  [1e-7, '1e-07', '0.0000001', '1e-07', '1e-07'],
  [
    5.88233674792347e-10,
    '5.88233674792347e-10',
    '0.000000000588233674792347',
    '5.88233674792347e-10',
    '5.9e-10',
  ],
  [1e20, '100000000000000000000', '100000000000000000000', '1e+20', '1e+20'],
  [1e21, '1e+21', '1000000000000000000000', '1e+21', '1e+21'],
  [3.3e22, '3.3e+22', '33000000000000000000000', '3.3e+22', '3.3e+22'],
  [
    Number.MAX_VALUE,
    '1.7976931348623157e+308',
    `17976931348623157${'0'.repeat(292)}`,
    '1.7976931348623157e+308',
    '1.8e+308',
  ],
  [Number.NaN, 'NaN', 'NaN', 'NaN', 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf', '+Inf', '+Inf', '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf', '-Inf', '-Inf', '-Inf'],
])('%s is laid out as Go lays it out', (value, answer, plain, shortest, significant) => {
  expect(formatValue(value)).toBe(answer);
  expect(formatPlain(value)).toBe(plain);
  expect(formatShortest(value)).toBe(shortest);
  expect(formatSignificant(value, 2)).toBe(significant);
});

test('formatFixed() has six digits after the point', () => {
  expect([1.5, -0.1234567, 1e22].map(formatFixed)).toEqual([
    '1.500000',
    '-0.123457',
    '10000000000000000000000.000000',
  ]);
});

test('formatOpenMetricsFloat() shows that a number is a float', () => {
  expect([0, 1, 0.99, 10, 1e6].map(formatOpenMetricsFloat)).toEqual(['0.0', '1.0', '0.99', '10.0', '1e+06']);
});

test('parseGoFloat() takes what Go takes as a bucket bound', () => {
  expect(
    ['1', '0.5', '.5', '5.', '1e3', '+Inf', '-inf', 'Infinity', 'NaN', '0x1p-2'].map(parseGoFloat),
  ).toEqual([
    1,
    0.5,
    0.5,
    5,
    1000,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    0.25,
  ]);
  expect(['', 'fast', '1 ', '1e', '0x1', '1e999', '1_0'].map(parseGoFloat)).toEqual(
    new Array(7).fill(undefined),
  );
});
