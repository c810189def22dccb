import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { compressSync } from 'snappy';
import { expect, test } from 'vitest';
import { kernel, kernelBytes, reserve } from './kernel/kernel.ts';
import { uncompress } from './snappy.ts';

const LIMIT = 1 << 20;

/** The plain twin of the kernel: the elements of a block, byte by byte. Undefined: it is no snappy. */
function oracle(elements: Uint8Array, length: number): Uint8Array | undefined {
  const out: number[] = [];
  let at = 0;
  const number = (bytes: number) => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += (elements[at + i] ?? 0) * 256 ** i;
    at += bytes;
    return value;
  };
  while (at < elements.length) {
    const tag = elements[at++]!;
    const kind = tag & 3;
    if (kind === 0) {
      let size = (tag >> 2) + 1;
      if (size > 60) size = number(size - 60) + 1;
      if (at + size > elements.length || out.length + size > length) return undefined;
      for (let i = 0; i < size; i++) out.push(elements[at++]!);
      continue;
    }
    const size = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const offset = kind === 1 ? ((tag & 0xe0) << 3) + number(1) : number(kind === 2 ? 2 : 4);
    if (at > elements.length || offset === 0 || offset > out.length || out.length + size > length)
      return undefined;
    for (let i = 0; i < size; i++) out.push(out[out.length - offset]!);
  }
  return out.length === length ? Uint8Array.from(out) : undefined;
}

/** Bytes with repeats in them, near and far, so that every kind of element comes up. */
const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 60 })), {
    maxLength: 30,
  })
  .map((parts) => Buffer.concat(parts.flatMap(([bytes, times]) => Array<Uint8Array>(times).fill(bytes))));

test('uncompress() gives back what a real encoder compressed', () => {
  fc.assert(
    fc.property(repetitive, (plain) => {
      expect(Buffer.from(uncompress(compressSync(plain), LIMIT)).equals(plain)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['an empty body', [], 'does not begin with a length'],
  ['a length that never ends', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 'does not begin with a length'],
  [
    'a length over the limit',
    [0xff, 0xff, 0xff, 0xff, 0x07],
    'the header claims 2147483647 bytes, the limit is 1048576',
  ],
  ['a literal that ends early', [3, 0x08, 1], 'it ends in the middle of an element'],
  ['a literal of 4 GiB', [3, 0xfc, 0xff, 0xff, 0xff, 0xff, 1, 2, 3], 'it ends in the middle of an element'],
  ['more than the header says', [1, 0x04, 1, 2], 'it is longer than its header says'],
  ['less than the header says', [4, 0x04, 1, 2], 'it is shorter than its header says'],
  ['a copy from before the start', [8, 0x00, 1, 0x09, 2], 'a copy points before the start'],
  ['a copy from nowhere', [8, 0x00, 1, 0x09, 0], 'a copy points before the start'],
])('uncompress() refuses %s', (_, body, problem) => {
  expect(() => uncompress(Uint8Array.from(body), LIMIT)).toThrow(problem);
});

test('the kernel agrees with the oracle on hostile input and writes nowhere but into its region', () => {
  const GUARD = 0xa5;
  const guardBytes = 64;
  const largest = 4096;
  const source = reserve(8192);
  const target = reserve(guardBytes + largest + guardBytes) + guardBytes;
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    // A valid block with bytes changed, dropped and put in.
    fc
      .tuple(
        repetitive,
        fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'drop', 'insert')), { maxLength: 5 }),
      )
      .map(([plain, mutations]) => {
        const bytes = [...compressSync(plain.subarray(0, largest)).subarray(plain.length < 128 ? 1 : 2)];
        for (const [at, value, kind] of mutations) {
          bytes.splice(
            at % (bytes.length + 1),
            kind === 'insert' ? 0 : 1,
            ...(kind === 'drop' ? [] : [value]),
          );
        }
        return Uint8Array.from(bytes.slice(0, 8192));
      }),
  );
  fc.assert(
    fc.property(hostile, fc.nat(largest), (elements, length) => {
      const memory = kernelBytes();
      memory.fill(GUARD, target - guardBytes, target + length + guardBytes);
      memory.set(elements, source);
      const verdict = kernel.snappyUncompress(source, elements.length, target, length);
      const expected = oracle(elements, length);
      expect(verdict === 0).toBe(expected !== undefined);
      if (expected) expect(Buffer.compare(memory.subarray(target, target + length), expected)).toBe(0);
      const guards = [
        memory.subarray(target - guardBytes, target),
        memory.subarray(target + length, target + length + guardBytes),
      ];
      expect(guards.every((guard) => guard.every((byte) => byte === GUARD))).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

test('threads have regions of their own in one memory', async () => {
  const mine = reserve(64);
  kernelBytes().fill(7, mine, mine + 64);
  const worker = new Worker(
    `import { workerData, parentPort } from 'node:worker_threads';
     const { kernelBytes, reserve } = await import(workerData.url);
     const theirs = reserve(64);
     parentPort.postMessage({ theirs, seen: kernelBytes()[workerData.mine] });`,
    { eval: true, workerData: { mine, url: new URL('./kernel/kernel.ts', import.meta.url).href } },
  );
  const { theirs, seen } = await new Promise<{ theirs: number; seen: number }>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
  expect(seen).toBe(7);
  expect(theirs).toBeGreaterThanOrEqual(mine + 64);
});
