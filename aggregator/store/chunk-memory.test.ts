import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChunkMemory, REGION_BYTES_MAX } from './chunk-memory.ts';

const SIZE_BYTES_MAX = 4 << 20;

describe('ChunkMemory', () => {
  test('hands out zeroed regions that never overlap, in any order of use', () => {
    const operations = fc.array(
      fc.record({
        free: fc.boolean(),
        which: fc.nat(1000),
        sizeBytes: fc.integer({ min: 1, max: REGION_BYTES_MAX }),
      }),
      { maxLength: 300, size: 'max' },
    );
    fc.assert(
      fc.property(operations, (steps) => {
        const memory = new ChunkMemory();
        const regions: { at: number; sizeBytes: number; mark: number }[] = [];
        const wordsOf = ({ at, sizeBytes }: { at: number; sizeBytes: number }) =>
          memory.words.subarray(2 * at, 2 * at + sizeBytes / 4);
        let usedBytes = 0;
        steps.forEach(({ free, which, sizeBytes }, i) => {
          if (free && regions.length > 0) {
            const [region] = regions.splice(which % regions.length, 1);
            expect(wordsOf(region!).every((word) => word === region!.mark)).toBe(true);
            memory.free(region!.at, region!.sizeBytes);
            usedBytes -= region!.sizeBytes;
            return;
          }
          const region = { at: memory.allocate(sizeBytes), sizeBytes: (sizeBytes + 63) & ~63, mark: i + 1 };
          expect(region.at % 8).toBe(0);
          expect(wordsOf(region).every((word) => word === 0)).toBe(true);
          wordsOf(region).fill(region.mark);
          regions.push(region);
          usedBytes += region.sizeBytes;
        });
        for (const region of regions)
          expect(wordsOf(region).every((word) => word === region.mark)).toBe(true);
        expect(memory.usedBytes).toBe(usedBytes);
      }),
      { numRuns: 50 },
    );
  });

  test('splits larger free regions when everything was handed out once', () => {
    const memory = new ChunkMemory(SIZE_BYTES_MAX);
    const large: number[] = [];
    // The first line is "none", the last word is for readers of bits: one region less than fits.
    for (let i = 0; i < SIZE_BYTES_MAX / REGION_BYTES_MAX - 1; i++)
      large.push(memory.allocate(REGION_BYTES_MAX));
    for (const at of large) memory.free(at, REGION_BYTES_MAX);
    const small = new Set<number>();
    const count = (large.length * REGION_BYTES_MAX) / 64;
    for (let i = 0; i < count; i++) small.add(memory.allocate(64));
    expect(small.size).toBe(count);
    expect(memory.usedBytes).toBe(count * 64);
  });

  test('says that it is used up rather than handing out what is not there', () => {
    const memory = new ChunkMemory(SIZE_BYTES_MAX);
    expect(() => {
      for (let i = 0; i <= SIZE_BYTES_MAX / REGION_BYTES_MAX; i++) memory.allocate(REGION_BYTES_MAX);
    }).toThrow('the chunk memory is used up');
  });
});
