import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHUNK_SAMPLES_MAX, closeChunk, createChunk, freeChunk, growChunk } from './chunk.ts';
import { readChunk } from './chunk-decode.ts';
import { tryAppend } from './chunk-encode.ts';
import { ChunkMemory } from './chunk-memory.ts';

type Sample = [timestampMs: number, high: number, low: number];

/** Where the chunk is after a sample was added, or 0 when it is full. */
function append(memory: ChunkMemory, at: number, timestampMs: number, low: number, high: number): number {
  if (tryAppend(memory, at, timestampMs, low, high)) return at;
  const grown = growChunk(memory, at);
  if (grown !== 0) expect(tryAppend(memory, grown, timestampMs, low, high)).toBe(true);
  return grown;
}

/** Encodes samples into as many chunks as they need and decodes them all. */
function roundTrip(samples: readonly Sample[], memory = new ChunkMemory()): Sample[] {
  const chunks: number[] = [];
  let open = 0;
  for (const [timestampMs, high, low] of samples) {
    const appended = open === 0 ? 0 : append(memory, open, timestampMs, low, high);
    if (appended !== 0) open = appended;
    else {
      if (open !== 0) chunks.push(closeChunk(memory, open));
      open = createChunk(memory, timestampMs, low, high);
    }
  }
  if (open !== 0) chunks.push(open);
  const timestamps = new Float64Array(samples.length + CHUNK_SAMPLES_MAX);
  const values = new Uint32Array(2 * timestamps.length);
  let count = 0;
  for (const chunk of chunks) {
    count = readChunk(memory, chunk, -Infinity, Infinity, timestamps, values, count);
    freeChunk(memory, chunk);
  }
  return Array.from({ length: count }, (_, i) => [timestamps[i]!, values[2 * i + 1]!, values[2 * i]!]);
}

function bitsOf(value: number): [high: number, low: number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return [view.getUint32(0), view.getUint32(4)];
}

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const bits = fc.oneof(
  fc.double().map(bitsOf),
  fc.integer({ min: -1000, max: 1000 }).map(bitsOf),
  fc.constantFrom<[number, number]>(
    [0x7ff00000, 2], // the stale marker
    [0x7ff80000, 0], // the usual NaN
    [0xfff00000, 1], // a signalling NaN
    [0x80000000, 0], // -0
    [0, 1], // the least subnormal
    [0x7ff00000, 0], // infinity
  ),
  fc.tuple(uint32, uint32),
);
const step = fc.oneof(
  fc.constant(15_000),
  fc.integer({ min: 14_997, max: 15_003 }),
  fc.integer({ min: 1, max: 2_000_000 }),
  fc.integer({ min: 1, max: 2 ** 40 }),
);

describe('chunk', () => {
  test('keeps every bit of any samples', () => {
    const samples = fc.array(fc.tuple(step, bits), { maxLength: 600 }).map((steps) => {
      let timestampMs = 1_700_000_000_000;
      return steps.map(([delta, [high, low]]): Sample => [(timestampMs += delta), high, low]);
    });
    const memory = new ChunkMemory();
    fc.assert(
      fc.property(samples, (input) => {
        expect(roundTrip(input, memory)).toEqual(input);
        expect(memory.usedBytes).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('keeps every place and width of changed bits', () => {
    const samples: Sample[] = [];
    let timestampMs = 0;
    for (let first = 0; first < 64; first++)
      for (let last = first; last < 64; last++) {
        let mask = 0n;
        for (let bit = first; bit <= last; bit++) mask |= 1n << BigInt(63 - bit);
        samples.push([(timestampMs += 1000), 0, 0]);
        samples.push([(timestampMs += 1000), Number(mask >> 32n), Number(mask & 0xffffffffn)]);
      }
    expect(roundTrip(samples)).toEqual(samples);
  });

  test('readChunk() gives the samples of a range, both ends included', () => {
    const memory = new ChunkMemory();
    let chunk = createChunk(memory, 1000, 1, 0);
    for (let i = 2; i <= 100; i++) {
      chunk = append(memory, chunk, 1000 * i, i, 0);
    }
    const timestamps = new Float64Array(100);
    const values = new Uint32Array(200);
    const count = readChunk(memory, chunk, 10_000, 12_000, timestamps, values, 0);
    expect([...timestamps.subarray(0, count)]).toEqual([10_000, 11_000, 12_000]);
    expect([values[0], values[2], values[4]]).toEqual([10, 11, 12]);
  });

  test('a constant series at an even pace costs 2 bits a sample', () => {
    const memory = new ChunkMemory();
    const [high, low] = bitsOf(42);
    let chunk = createChunk(memory, 0, low, high);
    for (let i = 1; i < CHUNK_SAMPLES_MAX; i++) {
      chunk = append(memory, chunk, 15_000 * i, low, high);
    }
    expect(append(memory, chunk, 15_000 * CHUNK_SAMPLES_MAX, low, high)).toBe(0);
    closeChunk(memory, chunk);
    expect(memory.usedBytes).toBeLessThanOrEqual(160);
  });
});
