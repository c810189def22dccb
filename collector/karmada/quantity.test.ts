import { expect, it } from 'vitest';
import { parseQuantity } from './quantity.ts';

it.each([
  ['62', 62],
  ['46500m', 46.5],
  ['2300m', 2.3],
  ['0', 0],
  ['180Gi', 193_273_528_320],
  ['26368Mi', 27_648_851_968],
  ['1.5Ki', 1536],
  ['.5', 0.5],
  ['100n', 1e-7],
  ['12k', 12_000],
  ['2E', 2e18],
  ['12e3', 12_000],
  ['1E2', 100],
  ['-1', -1],
  ['9223372036854775807', 2 ** 63],
  ['', Number.NaN],
  ['Gi', Number.NaN],
  ['1 Gi', Number.NaN],
  ['1GiB', Number.NaN],
  ['0x10', Number.NaN],
])('parseQuantity(%j) is %d', (text, value) => {
  expect(parseQuantity(text)).toBe(value);
});
