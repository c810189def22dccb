import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RawSeriesTable } from './raw-series-table.ts';

/** Keys as text, placed at an odd offset of a larger body, as the label bytes of a request are. */
function place(key: string): [DataView, number, number] {
  const encoded = Buffer.from(`.${key}...`);
  return [new DataView(encoded.buffer, encoded.byteOffset, encoded.length), 1, encoded.length - 3];
}

describe('RawSeriesTable', () => {
  it('finds the number of each key in any order, as a Map does', () => {
    const operation = fc.tuple(fc.boolean(), fc.stringMatching(/^[ab]{0,9}$/));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
        const table = new RawSeriesTable();
        const oracle = new Map<string, number>();
        for (const [add, key] of operations) {
          expect(table.find(...place(key))).toBe(oracle.get(key) ?? -1);
          if (!add || oracle.has(key)) continue;
          const number = oracle.size;
          table.add(...place(key), number);
          oracle.set(key, number);
        }
        expect(table.size).toBe(oracle.size);
      }),
    );
  });

  it('keeps every key while it grows', () => {
    const table = new RawSeriesTable();
    for (let i = 0; i < 20_000; i++) table.add(...place(`series ${i}`), i);
    for (const i of [0, 19_999, 7, 10_000]) expect(table.find(...place(`series ${i}`))).toBe(i);
    expect(table.find(...place('series 20000'))).toBe(-1);
  });

  it('starts anew at its bound of series, and takes the largest number', () => {
    const table = new RawSeriesTable({ seriesMax: 3 });
    for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) table.add(...place(key), 2 ** 32 - 2 - i);
    expect([table.size, table.clears]).toEqual([1, 1]);
    expect(['a', 'b', 'c', 'd'].map((key) => table.find(...place(key)))).toEqual([-1, -1, -1, 2 ** 32 - 5]);
  });

  it('starts anew at its bound of bytes, and does not keep a key larger than all of it', () => {
    const table = new RawSeriesTable({ keyBytesMax: 10 });
    table.add(...place('123456'), 1);
    table.add(...place('abcdef'), 2);
    table.add(...place('longer than ten'), 3);
    expect(['123456', 'abcdef', 'longer than ten'].map((key) => table.find(...place(key)))).toEqual([
      -1, 2, -1,
    ]);
  });
});
