import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Label, Labels } from './labels.ts';
import { ProtoWriter } from './protobuf.ts';
import {
  type DecodedWrite,
  decodeLabels,
  encodeLabels,
  encodeWriteRequest,
  WriteRequestDecoder,
  WriteRequestEncoder,
  type WriteSeries,
} from './remote-write.ts';
import { isStale, setStale } from './sample.ts';
import { WriteSeriesTable } from './write-series-table.ts';

const up = Labels.fromObject({ __name__: 'up', job: 'node' });
const load = Labels.fromObject({ __name__: 'node_load1', job: 'node' });

function columns(timestampMs: number, ...values: number[]) {
  return { timestamps: values.map((_, i) => timestampMs + i), values: Float64Array.from(values) };
}

/** A receiver that numbers series in order of first sight. */
class Receiver {
  readonly decoder = new WriteRequestDecoder();
  readonly table = new WriteSeriesTable();
  readonly labels: Label[][] = [];

  decode(body: Uint8Array, accept = (_: Label[]) => true): DecodedWrite {
    return this.decoder.decode(body, this.table, (bytes, start, end) => {
      const labels = decodeLabels(bytes, start, end);
      return accept(labels) ? this.labels.push(labels) - 1 : -1;
    });
  }

  /** `name value@time` for each sample. */
  lines(body: Uint8Array, accept?: (labels: Label[]) => boolean): string[] {
    const { length, series, timestamps, values } = this.decode(body, accept);
    return Array.from({ length }, (_, i) => {
      const name = this.labels[series[i]!]!.find(([label]) => label === '__name__')?.[1];
      return `${name} ${isStale(values, i) ? 'stale' : values[i]}@${timestamps[i]}`;
    });
  }
}

describe('encodeWriteRequest()', () => {
  // Bytes as Prometheus' own marshaller writes them: field order and the shortest varints.
  it('writes the bytes of the protocol', () => {
    const body = encodeWriteRequest([{ labels: [['a', 'b']], ...columns(1000, 1.5) }]);
    expect(Buffer.from(body).toString('hex')).toBe(
      ['0a16', '0a06', '0a0161', '120162', '120c', '09000000000000f83f', '10e807'].join(''),
    );
  });
});

describe('WriteRequestDecoder', () => {
  it.each([9_805, 9_806, 20_001])('takes %d samples at once, the first time as well', (count) => {
    const timestamps = Array.from({ length: count }, (_, i) => i);
    const body = encodeWriteRequest([{ labels: up, timestamps, values: Float64Array.from(timestamps) }]);
    const { length, values } = new Receiver().decode(body);
    expect(length).toBe(count);
    expect(values[count - 1]).toBe(count - 1);
  });

  it('gives back what was written, and asks for a series once', () => {
    const receiver = new Receiver();
    const body = encodeWriteRequest([
      { labels: up, ...columns(1_795_343_320_790, 1, 0) },
      { labels: load, ...columns(-5, 0.25) },
    ]);
    const expected = ['up 1@1795343320790', 'up 0@1795343320791', 'node_load1 0.25@-5'];
    expect(receiver.lines(body)).toEqual(expected);
    expect(receiver.lines(body)).toEqual(expected);
    expect(receiver.labels).toEqual([
      [
        ['__name__', 'up'],
        ['job', 'node'],
      ],
      [
        ['__name__', 'node_load1'],
        ['job', 'node'],
      ],
    ]);
  });

  it('keeps the bits of the stale marker and of other values', () => {
    const values = Float64Array.of(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308);
    setStale(values, 0);
    const body = encodeWriteRequest([{ labels: up, timestamps: new Float64Array(values.length), values }]);
    const decoded = new Receiver().decode(body);
    const bits = (of: Float64Array) => [...new BigUint64Array(of.buffer, of.byteOffset, values.length)];
    expect(bits(decoded.values)).toEqual(bits(values));
    expect(isStale(decoded.values, 0)).toBe(true);
  });

  it('reads any labels and samples it can be sent', () => {
    const label = fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }));
    const series = fc.record({
      labels: fc.array(label, { maxLength: 5 }),
      samples: fc.array(fc.tuple(fc.maxSafeInteger(), fc.double()), { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(series), (all) => {
        const receiver = new Receiver();
        const body = encodeWriteRequest(
          all.map(({ labels, samples }) => ({
            labels,
            timestamps: samples.map(([timestamp]) => timestamp),
            values: Float64Array.from(samples, ([, value]) => value),
          })),
        );
        const decoded = receiver.decode(body);
        const expected = all.flatMap(({ labels, samples }) =>
          samples.map(([timestamp, value]) => [labels, timestamp + 0, value]),
        );
        const got = Array.from({ length: decoded.length }, (_, i) => [
          receiver.labels[decoded.series[i]!],
          decoded.timestamps[i],
          decoded.values[i],
        ]);
        expect(got).toEqual(expected);
        expect(decoded.seriesCount).toBe(all.length);
      }),
    );
  });

  it('leaves out the samples of a refused series, and asks again next time', () => {
    const receiver = new Receiver();
    const body = encodeWriteRequest([
      { labels: load, ...columns(0, 1, 2) },
      { labels: up, ...columns(0, 3) },
      { labels: load, ...columns(5, 4) },
    ]);
    const accept = (labels: Label[]) => labels[0]![1] !== 'node_load1';
    expect(receiver.lines(body, accept)).toEqual(['up 3@0']);
    expect(receiver.decode(body, accept).refusedSamples).toBe(3);
    expect(receiver.lines(body)).toHaveLength(4);
  });

  it('resolves a new series that comes twice in a request once', () => {
    const receiver = new Receiver();
    receiver.decode(encodeWriteRequest([up, load, up].map((labels) => ({ labels, ...columns(0, 1) }))));
    expect(receiver.labels).toHaveLength(2);
  });

  it('reads fields in any order, labels apart from each other, and passes over unknown ones', () => {
    const sample = new ProtoWriter();
    sample.varintField(2, 7);
    sample.varintField(3, 1); // start timestamp of a later protocol
    sample.tag(1, 1);
    sample.fixed64(0, 0x3ff00000);
    const pairs = [...up].map((pair) => encodeLabels([pair]));
    const series = new ProtoWriter();
    series.bytesField(2, sample.finish());
    series.raw(pairs[0]!);
    series.bytesField(15, Uint8Array.of(1, 2, 3));
    series.raw(pairs[1]!);
    const body = new ProtoWriter();
    body.varintField(9, 1);
    body.bytesField(1, series.finish());
    const receiver = new Receiver();
    expect(receiver.lines(body.finish())).toEqual(['up 1@7']);
    expect(receiver.lines(encodeWriteRequest([{ labels: up, ...columns(8, 1) }]))).toEqual(['up 1@8']);
    expect(receiver.labels).toEqual([[...up]]);
  });

  it('counts exemplars and histograms, and makes no series of them alone', () => {
    const series = new ProtoWriter();
    series.raw(encodeLabels(up));
    series.bytesField(3, Uint8Array.of());
    series.bytesField(4, Uint8Array.of());
    series.bytesField(4, Uint8Array.of());
    const body = new ProtoWriter();
    body.bytesField(1, series.finish());
    const receiver = new Receiver();
    expect(receiver.decode(body.finish())).toMatchObject({
      length: 0,
      seriesCount: 0,
      exemplars: 1,
      histograms: 2,
    });
    expect(receiver.labels).toEqual([]);
  });

  it('reads metadata', () => {
    const metadata = [
      { family: 'http_requests', type: 'counter', help: 'Requests, "all" of them.', unit: '' },
      { family: 'latency_seconds', type: 'histogram', help: '', unit: 'seconds' },
    ] as const;
    expect(new Receiver().decode(encodeWriteRequest([], metadata)).metadata).toEqual(metadata);
  });

  it('resolves nothing of a request that turns out malformed', () => {
    const receiver = new Receiver();
    const body = encodeWriteRequest([{ labels: up, ...columns(0, 1) }]);
    expect(() => receiver.decode(Uint8Array.of(...body, 0x0a, 0x05, 0x12))).toThrow(
      'a field claims 5 bytes, 1 are left',
    );
    expect(receiver.labels).toEqual([]);
    expect(receiver.table.size).toBe(0);
  });

  it('refuses more samples than a request may have', () => {
    const series = new ProtoWriter();
    for (let i = 0; i < 1_000_001; i++) series.bytesField(2, Uint8Array.of());
    const body = new ProtoWriter();
    body.bytesField(1, series.finish());
    expect(() => new Receiver().decode(body.finish())).toThrow(
      'more than 1000000 samples; send less at once',
    );
  });

  it('throws nothing but SyntaxError for a damaged request, and stays usable', () => {
    const valid = encodeWriteRequest(
      [
        { labels: up, ...columns(1_795_343_320_790, 1, 2) },
        { labels: load, ...columns(1_795_343_320_790, 1) },
      ],
      [{ family: 'up', type: 'gauge', help: 'h', unit: '' }],
    );
    const receiver = new Receiver();
    const damage = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(valid.length), (changes, length) => {
        const body = valid.slice(0, length);
        for (const [at, byte] of changes) if (at < length) body[at] = byte;
        try {
          receiver.decode(body);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
        expect(receiver.lines(valid)).toHaveLength(3);
      }),
      { numRuns: 2000 },
    );
  });

  it('throws nothing but SyntaxError for any bytes', () => {
    const receiver = new Receiver();
    // Tags and short lengths are likelier than chance would make them, so that nesting is reached.
    const byte = fc.oneof(fc.constantFrom(0x0a, 0x12, 0x1a, 0x22, 0x09, 0x10), fc.nat(12), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), (body) => {
        try {
          receiver.decode(Uint8Array.from(body));
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('WriteRequestEncoder', () => {
  it('writes ranges of columns as encodeWriteRequest() writes series', () => {
    const values = Float64Array.of(1, 2, 3, 4);
    setStale(values, 2);
    const batch = {
      series: [up, up, load, up],
      timestamps: Float64Array.of(10, 20, 10, 30),
      values,
      length: 4,
    };
    const one = (labels: Labels, start: number, end: number): WriteSeries => ({
      labels,
      timestamps: batch.timestamps.subarray(start, end),
      values: values.subarray(start, end),
    });
    const encoder = new WriteRequestEncoder();
    const whole = encodeWriteRequest([one(up, 0, 2), one(load, 2, 3), one(up, 3, 4)]);
    expect(encoder.encode([{ batch, start: 0, end: 4 }])).toEqual(whole);
    const parts = [
      { batch, start: 3, end: 4 },
      { batch, start: 1, end: 3 },
    ];
    expect(encoder.encode(parts)).toEqual(
      encodeWriteRequest([one(up, 3, 4), one(up, 1, 2), one(load, 2, 3)]),
    );
  });
});
