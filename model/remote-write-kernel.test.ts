import fc from 'fast-check';
import { compressSync } from 'snappy';
import { expect, test } from 'vitest';
import { kernel, kernelBytes, reserve } from './kernel/kernel.ts';
import { malformed } from './protobuf.ts';
import { WriteRequestDecoder } from './remote-write.ts';
import { uncompress } from './snappy.ts';
import { WriteSeriesTable } from './write-series-table.ts';

/** What a request comes to. Values are bits, label runs are text of one character a byte. */
interface Outcome {
  readonly samples: readonly (readonly [series: number, timestampMs: number, bits: bigint])[];
  readonly asked: readonly string[];
  readonly counts: readonly number[];
}

type Numbering = (labels: string) => number;

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/** The kernel's plain twin, for a table that is a Map. Of metadata it counts the entries. */
class Oracle {
  readonly #numbers = new Map<string, number>();
  #body: Uint8Array = new Uint8Array(0);
  #at = 0;

  decode(body: Uint8Array, numbering: Numbering): Outcome {
    this.#body = body;
    this.#at = 0;
    const series: { labels: string; samples: [number, bigint][] }[] = [];
    const seen = { metadata: 0, exemplars: 0, histograms: 0 };
    while (this.#at < body.length) {
      const tag = body[this.#at];
      if (tag === 0x0a) {
        const one = this.#series(this.#enter(body.length), seen);
        if (one.samples.length > 0) series.push(one);
      } else if (tag === 0x1a) {
        this.#at = this.#enter(body.length);
        seen.metadata++;
      } else this.#skip(body.length);
    }
    const asked: string[] = [];
    let refused = 0;
    const samples = series.flatMap(({ labels, samples }) => {
      let number = this.#numbers.get(labels);
      if (number === undefined) {
        asked.push(labels);
        number = numbering(labels);
        if (number >= 0) this.#numbers.set(labels, number);
        else refused += samples.length;
      }
      return number < 0 ? [] : samples.map(([time, bits]) => [number, time, bits] as const);
    });
    return {
      samples,
      asked,
      counts: [series.length, seen.metadata, seen.exemplars, seen.histograms, refused],
    };
  }

  #series(end: number, seen: { exemplars: number; histograms: number }) {
    const labels: Uint8Array[] = [];
    const samples: [number, bigint][] = [];
    while (this.#at < end) {
      const tag = this.#body[this.#at];
      const start = this.#at;
      if (tag === 0x0a) {
        this.#at = this.#enter(end);
        labels.push(this.#body.subarray(start, this.#at));
      } else if (tag === 0x12) samples.push(this.#sample(this.#enter(end)));
      else {
        if (tag === 0x1a) seen.exemplars++;
        else if (tag === 0x22) seen.histograms++;
        this.#skip(end);
      }
    }
    return { labels: latin1(Buffer.concat(labels)), samples };
  }

  #sample(end: number): [number, bigint] {
    let timestamp = 0n;
    let bits = 0n;
    while (this.#at < end) {
      const tag = this.#body[this.#at];
      if (tag === 0x09) {
        const at = ++this.#at;
        if (end - at < 8) throw malformed(at, 'the value of a sample is cut short');
        bits = Buffer.from(this.#body).readBigUInt64LE(at);
        this.#at += 8;
      } else if (tag === 0x10) {
        this.#at++;
        timestamp = BigInt.asIntN(64, this.#varint(end));
      } else this.#skip(end);
    }
    return [Number(timestamp), bits];
  }

  #enter(end: number): number {
    const at = ++this.#at;
    const length = Number(this.#varint(end));
    const left = end - this.#at;
    if (length > left)
      throw malformed(at, `a field claims ${Math.min(length, 0xffffffff)} bytes, ${left} are left`);
    return this.#at + length;
  }

  #skip(end: number): void {
    const at = this.#at;
    const tag = Number(this.#varint(end));
    if (tag > 0xffffffff) throw malformed(at, 'the number of a field is too large');
    const field = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (field === 0) throw malformed(at, '0 is no field number');
    if (wireType === 0) this.#varint(end);
    else if (wireType === 1) this.#at += 8;
    else if (wireType === 2) {
      const length = Number(this.#varint(end));
      this.#at += length;
    } else if (wireType === 5) this.#at += 4;
    else throw malformed(at, `field ${field} has wire type ${wireType}, which is unknown`);
    if (this.#at > end) throw malformed(at, `field ${field} is cut short`);
  }

  #varint(end: number): bigint {
    let value = 0n;
    for (let i = 0; i < 10 && this.#at + i < end; i++) {
      const byte = this.#body[this.#at + i]!;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) {
        this.#at += i + 1;
        return value;
      }
    }
    throw malformed(this.#at, 'a varint does not end');
  }
}

/** The decoder, asked as the oracle is. */
class Subject {
  readonly table = new WriteSeriesTable();

  decode(body: Uint8Array, numbering: Numbering): Outcome {
    const asked: string[] = [];
    const decoded = decoder.decode(body, this.table, (bytes, start, end) => {
      const labels = latin1(bytes.subarray(start, end));
      asked.push(labels);
      return numbering(labels);
    });
    const { values, series, timestamps, length, seriesCount, metadata } = decoded;
    const bits = new BigUint64Array(values.buffer, values.byteOffset, length);
    return {
      samples: Array.from({ length }, (_, i) => [series[i]!, timestamps[i]!, bits[i]!]),
      asked,
      counts: [seriesCount, metadata.length, decoded.exemplars, decoded.histograms, decoded.refusedSamples],
    };
  }
}

const decoder = new WriteRequestDecoder();

/** Refuses one series in seven, and uses the largest numbers, too. */
function numbering(): Numbering {
  let next = 0;
  return () => (++next % 7 === 0 ? -1 : next % 2 === 0 ? next : 0xffffffff - next);
}

function outcomeOf(decode: () => Outcome): Outcome | string {
  try {
    return decode();
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return (error as Error).message;
  }
}

const field = (tag: number, content: Uint8Array) => {
  const length =
    content.length < 128 ? [content.length] : [(content.length & 0x7f) | 0x80, content.length >> 7];
  return Uint8Array.of(tag, ...length, ...content);
};
const concat = (parts: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

const varint = fc.oneof(
  fc.nat(127).map((byte) => Uint8Array.of(byte)),
  // Of up to eleven bytes, which is one too many, and with bits beyond the 64th.
  fc
    .tuple(fc.uint8Array({ maxLength: 10 }), fc.nat(127))
    .map(([bytes, last]) => Uint8Array.of(...bytes.map((byte) => byte | 0x80), last)),
);
const unknownField = fc.oneof(
  fc.tuple(fc.constantFrom(0x28, 0x48), varint).map(([tag, number]) => Uint8Array.of(tag, ...number)),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Uint8Array.of(0x41, ...bytes)),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Uint8Array.of(0x45, ...bytes)),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => field(0x7a, bytes)),
);
// Few, so that series come again; of many lengths, so that bytes are compared in every way.
const label = fc
  .tuple(fc.constantFrom('a', 'job', 'instance'), fc.constantFrom(0, 1, 5, 11, 12, 27, 60, 130))
  .map(([name, length]) =>
    field(0x0a, concat([field(0x0a, Buffer.from(name)), field(0x12, Buffer.alloc(length, 'v'))])),
  );
const sample = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bits) => Uint8Array.of(9, ...bits)),
      },
      { weight: 3, arbitrary: varint.map((time) => Uint8Array.of(0x10, ...time)) },
      { weight: 1, arbitrary: unknownField },
    ),
    { maxLength: 3 },
  )
  .map((parts) => field(0x12, concat(parts)));
const ignored = fc
  .tuple(fc.constantFrom(0x1a, 0x22), fc.uint8Array({ maxLength: 5 }))
  .map(([tag, content]) => field(tag, content));
const series = fc
  .tuple(
    fc.array(label, { maxLength: 3 }),
    fc.array(
      fc.oneof(
        { weight: 8, arbitrary: sample },
        { weight: 1, arbitrary: ignored },
        { weight: 1, arbitrary: unknownField },
        { weight: 1, arbitrary: label },
      ),
      { maxLength: 4 },
    ),
  )
  .map(([labels, rest]) => field(0x0a, concat([...labels, ...rest])));
const metadata = fc.constantFrom(
  field(0x1a, Uint8Array.of()),
  field(0x1a, Uint8Array.of(8, 1, 0x12, 1, 0x61)),
);
/** As a sender would write it, but for some of the varints. */
const structured = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: series },
      { weight: 1, arbitrary: metadata },
      { weight: 1, arbitrary: unknownField },
    ),
    { maxLength: 8 },
  )
  .map(concat);
const mutated = fc
  .tuple(
    structured,
    fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'drop', 'insert', 'cut')), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([body, mutations]) => {
    const bytes = [...body];
    for (const [where, value, kind] of mutations) {
      const at = where % (bytes.length + 1);
      if (kind === 'cut') bytes.splice(Math.max(at, bytes.length - 4));
      else bytes.splice(at, kind === 'insert' ? 0 : 1, ...(kind === 'drop' ? [] : [value]));
    }
    return Uint8Array.from(bytes);
  });
// Tags and short lengths are likelier than chance would make them, so that nesting is reached.
const byte = fc.oneof(fc.constantFrom(0x0a, 0x12, 0x1a, 0x22, 0x09, 0x10, 0xff), fc.nat(12), fc.nat(255));
const anyBytes = fc.array(byte, { maxLength: 60 }).map((bytes) => Uint8Array.from(bytes));
/** Metadata that is damaged is the host's to judge: its verdict is not the kernel's. */
const isKernels = (body: Uint8Array) => !body.includes(0x1a);
const hostile = fc.oneof(structured, mutated.filter(isKernels), anyBytes.filter(isKernels));

test('the decoder agrees with the oracle, request after request, wherever the body lies', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(hostile, fc.boolean()), { minLength: 1, maxLength: 5 }), (requests) => {
      const oracle = new Oracle();
      const subject = new Subject();
      const [numbers, sameNumbers] = [numbering(), numbering()];
      for (const [body, isCompressed] of requests) {
        const placed = isCompressed ? uncompress(compressSync(body), 1 << 20) : body;
        expect(outcomeOf(() => subject.decode(placed, numbers))).toEqual(
          outcomeOf(() => oracle.decode(body, sameNumbers)),
        );
      }
    }),
    { numRuns: 2_000 },
  );
});

test('the walk writes nowhere but into its regions, and nothing behind the body changes its verdict', () => {
  const GUARD = 0xa5;
  const GUARD_BYTES = 64;
  const largest = 8192;
  const header = reserve(128);
  const body = reserve(largest + GUARD_BYTES);
  const columns = reserve(8192);
  const untouched = Buffer.alloc(8192, GUARD);
  const subject = new Subject();
  const walk = (bytes: Uint8Array, room: number, behind: number) => {
    const memory = kernelBytes();
    memory.fill(GUARD, columns, columns + 8192);
    memory.fill(behind, body, body + largest + GUARD_BYTES);
    memory.set(bytes, body);
    const regions = [4, 8, 8, 24, 8].map((bytes, i) => ({
      at: columns + GUARD_BYTES + 1024 * i,
      size: bytes * room,
    }));
    const [series, timestamps, values, newSeries, metadata] = regions.map(({ at }) => at);
    const words = new Uint32Array(memory.buffer, header, 32).fill(0);
    words.set([room, series!, timestamps!, values!, newSeries!, 20, room, metadata!, 20]);
    const verdict = kernel.writeRequestWalk(header, body, bytes.length, subject.table.address);
    for (const { at, size } of regions) memory.fill(GUARD, at, at + size);
    expect(Buffer.compare(memory.subarray(columns, columns + 8192), untouched)).toBe(0);
    expect(Buffer.compare(memory.subarray(body, body + bytes.length), bytes)).toBe(0);
    return [verdict, ...words.subarray(9, verdict === 0 ? 15 : 18)];
  };
  fc.assert(
    fc.property(structured, fc.oneof(structured, mutated, anyBytes), fc.nat(10), (before, bytes, room) => {
      // Some series are known, and some of them expected next.
      outcomeOf(() => subject.decode(before, () => 1));
      expect(walk(bytes, room, 0x00)).toEqual(walk(bytes, room, 0x0a));
      expect(walk(bytes, 0, 0xff)).toEqual(walk(bytes, room, 0x12));
    }),
    { numRuns: 1_500 },
  );
});

test('a request with more samples and metadata than any before is read whole', () => {
  const one = field(0x0a, field(0x12, Uint8Array.of(0x10, 1)));
  const body = concat([
    ...Array<Uint8Array>(5_000).fill(one),
    ...Array<Uint8Array>(9_000).fill(field(0x1a, Uint8Array.of())),
  ]);
  const { samples, counts } = new Subject().decode(body, () => 7);
  expect(samples).toEqual(Array(5_000).fill([7, 1, 0n]));
  expect(counts).toEqual([5_000, 9_000, 0, 0, 0]);
});

test('the labels that are expected next do not reach beyond the end of their series', () => {
  const label = field(0x0a, concat([field(0x0a, Buffer.from('job')), field(0x12, Buffer.alloc(40, 'v'))]));
  const body = field(0x0a, concat([label, field(0x12, Uint8Array.of(0x10, 1))]));
  const [subject, oracle] = [new Subject(), new Oracle()];
  for (const decode of [subject, oracle]) {
    decode.decode(concat([body, body]), () => 1);
    // The series ends inside its label, and behind it the bytes go on as if it did not.
    const cut = Uint8Array.from(body);
    cut[1] = 20;
    expect(outcomeOf(() => decode.decode(cut, () => 1))).toContain('a field claims 47 bytes, 18 are left');
  }
});

const bits65 = [...Array<number>(9).fill(0x80), 2];

test.each([
  ['a length of 65 bits', [0x0a, ...bits65], 'a field claims 4294967295 bytes, 0 are left'],
  ['a length of 65 bits in a field passed over', [0x7a, ...bits65], 'field 15 is cut short'],
  ['a length of 32 bits', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0], 'claims 4294967295 bytes, 1 are left'],
  ['a tag of 65 bits', [0x89, ...bits65.slice(1), 0], 'the number of a field is too large'],
  ['a tag of 33 bits', [0x80, 0x80, 0x80, 0x80, 0x10, 0], 'the number of a field is too large'],
])('%s is no short one', (_, body, problem) => {
  expect(outcomeOf(() => new Subject().decode(Uint8Array.from(body), () => 0))).toContain(problem);
  expect(outcomeOf(() => new Oracle().decode(Uint8Array.from(body), () => 0))).toContain(problem);
});
