import { expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { labelsHash, xxHash64 } from './labels-hash.ts';

test.each([
  ['', 0xef46db3751d8e999n],
  ['a', 0xd24ec4f1a98c6e5bn],
  ['abc', 0x44bc2cf5ad770999n],
  ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
])('xxHash64(%j)', (text, hash) => {
  expect(xxHash64(Buffer.from(text))).toBe(hash);
});

test('labelsHash() covers names and values behind their lengths', () => {
  const labels = Labels.fromObject({ a: 'b', long: 'x'.repeat(300) });
  const bytes = Buffer.concat([
    Buffer.from('\x01a\x01b\x04long', 'latin1'),
    Buffer.from([255, 300 & 255, 300 >> 8, 0]),
    Buffer.from('x'.repeat(300)),
  ]);
  expect(labelsHash(labels)).toBe(xxHash64(bytes));
});
