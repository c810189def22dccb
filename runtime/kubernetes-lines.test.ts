import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineTooLong, readLines } from './kubernetes-lines.ts';

async function lines(chunks: readonly Uint8Array[], lineBytesMax = 100): Promise<string[]> {
  const read: string[] = [];
  for await (const line of readLines(Readable.from(chunks), lineBytesMax)) read.push(line);
  return read;
}

describe('readLines()', () => {
  it('finds the lines wherever the chunks are cut, also within a character', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ü', '\n', '😀') });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (text, size) => {
        const bytes = Buffer.from(text);
        const chunks = [];
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
        const expected = text.split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(await lines(chunks)).toEqual(expected);
      }),
    );
  });

  it('does not collect a line without end', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(40, 'x');
      })(),
    );
    await expect(readLines(endless, 100).next()).rejects.toThrow(LineTooLong);
    expect(endless.destroyed).toBe(true);
  });
});
