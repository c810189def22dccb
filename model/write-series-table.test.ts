import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelBytes, reserve } from './kernel/kernel.ts';
import { WriteSeriesTable } from './write-series-table.ts';

const text = reserve(128 * 1024);

/** Keys as text, placed at an odd address, as the label bytes of a request are. */
function place(key: string): [number, number] {
  const encoded = Buffer.from(`.${key}...`);
  kernelBytes().set(encoded, text);
  return [text + 1, encoded.length - 4];
}

describe('WriteSeriesTable', () => {
  it('finds the number of each key in any order, as a Map does', () => {
    const key = fc.tuple(fc.stringMatching(/^[ab]{0,9}$/), fc.constantFrom(0, 7, 8, 16, 31, 32, 100));
    const operation = fc.tuple(fc.boolean(), key);
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
        const table = new WriteSeriesTable();
        const oracle = new Map<string, number>();
        for (const [add, [start, filled]] of operations) {
          const key = start + '-'.repeat(filled);
          expect(table.find(...place(key))).toBe(oracle.get(key) ?? -1);
          if (!add || oracle.has(key)) continue;
          table.add(...place(key), oracle.size);
          oracle.set(key, oracle.size);
        }
        expect(table.size).toBe(oracle.size);
      }),
    );
  });

  it('keeps every key while it grows', () => {
    const table = new WriteSeriesTable();
    for (let i = 0; i < 20_000; i++) table.add(...place(`series ${i}`), i);
    for (let i = 0; i < 20_000; i++) expect(table.find(...place(`series ${i}`))).toBe(i);
    expect(table.find(...place('series 20000'))).toBe(-1);
  });

  it('starts anew at its bound of series, and takes the largest number', () => {
    const table = new WriteSeriesTable({ seriesMax: 3 });
    for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) table.add(...place(key), 2 ** 32 - 2 - i);
    expect([table.size, table.clears]).toEqual([1, 1]);
    expect(['a', 'b', 'c', 'd'].map((key) => table.find(...place(key)))).toEqual([-1, -1, -1, 2 ** 32 - 5]);
  });

  it('starts anew at its bound of bytes, and does not keep a key larger than all of it', () => {
    const table = new WriteSeriesTable({ keyBytesMax: 10 });
    table.add(...place('123456'), 1);
    table.add(...place('abcdef'), 2);
    table.add(...place('longer than ten'), 3);
    expect(['123456', 'abcdef', 'longer than ten'].map((key) => table.find(...place(key)))).toEqual([
      -1, 2, -1,
    ]);
  });

  it('keeps a key that fills a block, and none that is longer', () => {
    const table = new WriteSeriesTable();
    table.add(...place('k'.repeat(65_536)), 1);
    table.add(...place('k'.repeat(65_537)), 2);
    table.add(...place('short'), 3);
    const keys = ['k'.repeat(65_536), 'k'.repeat(65_537), 'short'];
    expect(keys.map((key) => table.find(...place(key)))).toEqual([1, -1, 3]);
  });
});
