import { Labels } from '../../model/labels.ts';
import type { MetricMetadata, MetricType } from '../../model/metadata.ts';
import type { SampleBlock } from './head.ts';
import type { Frame } from './segment.ts';
import type { SeriesRef } from './series-table.ts';

/**
 * Payloads of the log's frames, both directions side by side. FORMAT.md draws them.
 *
 * Samples are columns as memory has them: n values (8 bytes each), times, n series numbers (4 bytes each).
 * Times take the least of three forms, told by the frame's flags.
 */
const TIMES_EQUAL = 0; // one double
const TIMES_NEAR = 1; // one double, and n signed 32-bit distances from it behind the series numbers
const TIMES_FREE = 2; // n doubles

export interface SampleLayout {
  readonly flags: number;
  readonly payloadBytes: number;
}

export function sampleLayout(timestamps: Float64Array, length: number): SampleLayout {
  const firstMs = timestamps[0]!;
  let furthest = 0;
  for (let i = 1; i < length; i++) furthest = Math.max(furthest, Math.abs(timestamps[i]! - firstMs));
  if (furthest === 0) return { flags: TIMES_EQUAL, payloadBytes: 8 * length + 8 + 4 * length };
  if (furthest < 2 ** 31) return { flags: TIMES_NEAR, payloadBytes: 8 * length + 8 + 8 * length };
  return { flags: TIMES_FREE, payloadBytes: 20 * length };
}

/** Writes a samples payload at an offset that is a multiple of 8. */
export function writeSamples(
  bytes: Uint8Array<ArrayBuffer>,
  offset: number,
  block: SampleBlock,
  flags: number,
): void {
  const { length } = block;
  const values = new Uint32Array(bytes.buffer, offset, 2 * length);
  values.set(block.values.subarray(0, 2 * length));
  const times = new Float64Array(bytes.buffer, offset + 8 * length, flags === TIMES_FREE ? length : 1);
  const firstMs = block.timestamps[0]!;
  if (flags === TIMES_FREE) times.set(block.timestamps.subarray(0, length));
  else times[0] = firstMs;
  const refs = new Uint32Array(bytes.buffer, times.byteOffset + times.byteLength, length);
  refs.set(block.refs.subarray(0, length));
  if (flags !== TIMES_NEAR) return;
  const distances = new Int32Array(bytes.buffer, refs.byteOffset + refs.byteLength, length);
  for (let i = 0; i < length; i++) distances[i] = block.timestamps[i]! - firstMs;
}

/** The series numbers of a samples payload, in place. */
export function sampleRefs(payload: Uint8Array<ArrayBuffer>, length: number, flags: number): Uint32Array {
  const timesBytes = flags === TIMES_FREE ? 8 * length : 8;
  return new Uint32Array(payload.buffer, payload.byteOffset + 8 * length + timesBytes, length);
}

/** Reads a samples payload. The block's columns lie in the payload; `times` gets the timestamps when it is long enough. */
export function readSamples(
  payload: Uint8Array<ArrayBuffer>,
  length: number,
  flags: number,
  times?: Float64Array,
): SampleBlock {
  const { buffer, byteOffset } = payload;
  const values = new Uint32Array(buffer, byteOffset, 2 * length);
  const stored = new Float64Array(buffer, byteOffset + 8 * length, flags === TIMES_FREE ? length : 1);
  const refs = sampleRefs(payload, length, flags);
  if (flags === TIMES_FREE) return { refs, timestamps: stored, values, length };
  const timestamps = times !== undefined && times.length >= length ? times : new Float64Array(length);
  timestamps.fill(stored[0]!, 0, length);
  if (flags === TIMES_NEAR) {
    const distances = new Int32Array(buffer, refs.byteOffset + refs.byteLength, length);
    for (let i = 0; i < length; i++) timestamps[i]! += distances[i]!;
  }
  return { refs, timestamps, values, length };
}

/**
 * A series payload: first the strings that the segment does not hold yet (they are added to `numbers`, which
 * counts in order of first use), then each series as its number and pairs of string numbers.
 */
export function writeSeries(
  series: readonly (readonly [SeriesRef, Labels])[],
  numbers: Map<string, number>,
): Uint8Array {
  const body = new ByteWriter();
  const added: string[] = [];
  const firstNumber = numbers.size;
  const numberOf = (text: string) => {
    let number = numbers.get(text);
    if (number === undefined) {
      numbers.set(text, (number = numbers.size));
      added.push(text);
    }
    return number;
  };
  for (const [ref, labels] of series) {
    body.varint(ref);
    body.varint(labels.size);
    for (const [name, value] of labels) {
      body.varint(numberOf(name));
      body.varint(numberOf(value));
    }
  }
  const writer = new ByteWriter();
  writer.varint(firstNumber);
  writer.varint(added.length);
  for (const text of added) writer.text(text);
  writer.bytes(body.take());
  return writer.take();
}

/**
 * Reads a series payload and adds its strings to the segment's. A series whose strings were in a frame that
 * is lost comes without labels.
 */
export function readSeries(frame: Frame, strings: Map<number, string>): [SeriesRef, Labels | undefined][] {
  const reader = new ByteReader(frame.payload);
  const firstNumber = reader.varint();
  const added = reader.varint();
  for (let i = 0; i < added; i++) strings.set(firstNumber + i, reader.text());
  const series: [SeriesRef, Labels | undefined][] = [];
  for (let i = 0; i < frame.count; i++) {
    const ref = reader.varint();
    const size = reader.varint();
    const pairs: [string, string][] = [];
    for (let pair = 0; pair < size; pair++) {
      const name = strings.get(reader.varint());
      const value = strings.get(reader.varint());
      if (name !== undefined && value !== undefined) pairs.push([name, value]);
    }
    series.push([ref, pairs.length === size ? Labels.fromPairs(pairs) : undefined]);
  }
  return series;
}

/** What a target says of a metric family, as a record. */
export interface MetadataEntry {
  readonly cluster: string;
  readonly family: string;
  readonly metadata: MetricMetadata;
}

export function writeMetadata(entries: readonly MetadataEntry[]): Uint8Array {
  const writer = new ByteWriter();
  for (const { cluster, family, metadata } of entries) {
    for (const text of [cluster, family, metadata.type, metadata.help, metadata.unit]) writer.text(text);
  }
  return writer.take();
}

export function readMetadata(frame: Frame): MetadataEntry[] {
  const reader = new ByteReader(frame.payload);
  return Array.from({ length: frame.count }, () => ({
    cluster: reader.text(),
    family: reader.text(),
    metadata: { type: reader.text() as MetricType, help: reader.text(), unit: reader.text() },
  }));
}

class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  varint(value: number): void {
    this.#reserve(5);
    for (; value > 0x7f; value >>>= 7) this.#bytes[this.#length++] = (value & 0x7f) | 0x80;
    this.#bytes[this.#length++] = value;
  }

  text(text: string): void {
    this.#reserve(5 + 3 * text.length);
    const sizeBytes = Buffer.byteLength(text);
    this.varint(sizeBytes);
    encoder.encodeInto(text, this.#bytes.subarray(this.#length));
    this.#length += sizeBytes;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.byteLength;
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(sizeBytes: number): void {
    if (this.#length + sizeBytes <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.byteLength, this.#length + sizeBytes));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Over a payload whose checksum was right: a wrong length is a bug of the writer. */
class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined) throw new RangeError('BUG: a log record ends inside a number');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  text(): string {
    const end = this.varint() + this.#offset;
    const text = decoder.decode(this.#bytes.subarray(this.#offset, end));
    this.#offset = end;
    return text;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
