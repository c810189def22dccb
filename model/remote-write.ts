/**
 * Prometheus remote write 1 (`prometheus.WriteRequest`), both directions in one file so that they agree.
 *
 *   WriteRequest   1: TimeSeries…   3: MetricMetadata…
 *   TimeSeries     1: Label…   2: Sample…   3: Exemplar…   4: Histogram…
 *   Label          1: name   2: value
 *   Sample         1: value (double)   2: timestamp (int64, milliseconds)
 *   MetricMetadata 1: type   2: metric family   4: help   5: unit
 *
 * The hub reads a request without making a string for a series it knows: the bytes of a series' label
 * fields are looked up as they are in a `RawSeriesTable`. Bits of values are copied as two 32-bit words,
 * because a NaN that passes through a number may lose its payload, and with it the stale marker.
 * Specification: prometheus.io/docs/specs/prw/remote_write_spec.
 */
import type { Label, Labels } from './labels.ts';
import type { MetricMetadata, MetricType } from './metadata.ts';
import { malformed, ProtoReader, ProtoWriter, varintSizeBytes, WIRE_LENGTH } from './protobuf.ts';
import type { RawSeriesTable } from './raw-series-table.ts';
import type { SampleColumns } from './sample.ts';

/** Samples of one request. Senders batch 2,000 to 50,000; a tiny body can claim 16 million empty ones. */
export const REQUEST_SAMPLES_MAX = 1_000_000;
/** Metadata entries of one request, for the same reason. Prometheus sends 2,000. */
export const REQUEST_METADATA_MAX = 100_000;

/** Tags of one byte: field number times 8 plus wire type. */
const TAG_SERIES = 0x0a;
const TAG_METADATA = 0x1a;
const TAG_LABEL = 0x0a;
const TAG_SAMPLE = 0x12;
const TAG_EXEMPLAR = 0x1a;
const TAG_HISTOGRAM = 0x22;
const TAG_VALUE = 0x09;
const TAG_TIMESTAMP = 0x10;

/** In the order of the protocol's enum. */
const METRIC_TYPES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

/** What a sender says of one metric family. */
export interface FamilyMetadata extends MetricMetadata {
  readonly family: string;
}

/** A request that was read: samples as columns, and what else it held. */
export interface DecodedWrite extends SampleColumns<number> {
  /** The caller's number for each sample's series. */
  readonly series: Uint32Array;
  /** TimeSeries messages that had samples. */
  readonly seriesCount: number;
  readonly metadata: readonly FamilyMetadata[];
  /** Samples of series the caller refused. */
  readonly refusedSamples: number;
  /** Seen and left out: nothing here can keep them. */
  readonly exemplars: number;
  readonly histograms: number;
}

/**
 * Called once for each run of label bytes that the table does not know, after the whole request was found
 * well-formed: `decodeLabels(body, start, end)` gives the labels. Returns the series' number (0 to 2^32 - 2)
 * or -1 to refuse the series; a refusal is not remembered. What it throws ends the request, with nothing
 * decoded.
 */
export type ResolveSeries = (body: Uint8Array, start: number, end: number) => number;

interface PendingSeries {
  readonly body: Uint8Array;
  readonly labelsStart: number;
  readonly labelsEnd: number;
  readonly firstSample: number;
  readonly endSample: number;
}

const REFUSED = 0xffffffff;

/** Reads requests one after the other; keep one per thread, because its columns are used again. */
export class WriteRequestDecoder {
  #series = new Uint32Array(0);
  #timestamps = new Float64Array(0);
  #values = new Float64Array(0);
  #valueWords = new Uint32Array(0);
  #length = 0;
  #body: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #position = 0;
  #pending: PendingSeries[] = [];
  #metadata: FamilyMetadata[] = [];
  #seriesCount = 0;
  #exemplars = 0;
  #histograms = 0;

  /**
   * `table` is the sender's own, because the same bytes of two senders are two series. Throws a SyntaxError
   * when the body is malformed; then no series was resolved. The columns are valid until the next call.
   */
  decode(body: Uint8Array, table: RawSeriesTable, resolve: ResolveSeries): DecodedWrite {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.#position = 0;
    this.#length = 0;
    this.#pending = [];
    this.#metadata = [];
    this.#seriesCount = 0;
    this.#exemplars = 0;
    this.#histograms = 0;
    const end = body.length;
    while (this.#position < end) {
      const tag = body[this.#position]!;
      if (tag === TAG_SERIES) this.#readSeries(this.#enter(end), table);
      else if (tag === TAG_METADATA) this.#readMetadata(this.#enter(end));
      else this.#skipField(end);
    }
    const refusedSamples = this.#resolvePending(table, resolve);
    return {
      series: this.#series,
      timestamps: this.#timestamps,
      values: this.#values,
      length: this.#length,
      seriesCount: this.#seriesCount,
      metadata: this.#metadata,
      refusedSamples,
      exemplars: this.#exemplars,
      histograms: this.#histograms,
    };
  }

  #readSeries(end: number, table: RawSeriesTable): void {
    const body = this.#body;
    const start = this.#position;
    while (this.#position < end && body[this.#position] === TAG_LABEL) this.#position = this.#enter(end);
    const labelsEnd = this.#position;
    const firstSample = this.#length;
    let labelsApart = false;
    while (this.#position < end) {
      const tag = body[this.#position]!;
      if (tag === TAG_SAMPLE) this.#readSample(this.#enter(end));
      else if (tag === TAG_LABEL) {
        labelsApart = true;
        this.#position = this.#enter(end);
      } else {
        if (tag === TAG_EXEMPLAR) this.#exemplars++;
        else if (tag === TAG_HISTOGRAM) this.#histograms++;
        this.#skipField(end);
      }
    }
    if (this.#length === firstSample) return;
    this.#seriesCount++;
    const samples = { firstSample, endSample: this.#length };
    if (labelsApart) {
      const labels = gatherLabels(body, start, end);
      this.#pending.push({ body: labels, labelsStart: 0, labelsEnd: labels.length, ...samples });
      return;
    }
    const number = table.find(this.#view, start, labelsEnd);
    if (number < 0) this.#pending.push({ body, labelsStart: start, labelsEnd, ...samples });
    else this.#series.fill(number, firstSample, this.#length);
  }

  /** The two fields in any order, either absent (then it is 0), unknown ones passed over. */
  #readSample(end: number): void {
    const index = this.#length;
    if (index === this.#series.length) this.#growColumns();
    let low = 0;
    let high = 0;
    let timestampMs = 0;
    while (this.#position < end) {
      const tag = this.#body[this.#position]!;
      if (tag === TAG_VALUE) {
        const at = this.#position + 1;
        if (end - at < 8) throw malformed(at, 'the value of a sample is cut short');
        low = this.#view.getUint32(at, true);
        high = this.#view.getUint32(at + 4, true);
        this.#position = at + 8;
      } else if (tag === TAG_TIMESTAMP) {
        this.#position++;
        timestampMs = this.#int64(end);
      } else this.#skipField(end);
    }
    this.#valueWords[2 * index] = low;
    this.#valueWords[2 * index + 1] = high;
    this.#timestamps[index] = timestampMs;
    this.#length = index + 1;
  }

  #readMetadata(end: number): void {
    const start = this.#position;
    if (this.#metadata.length === REQUEST_METADATA_MAX)
      throw malformed(
        start,
        `there are more than ${REQUEST_METADATA_MAX} metadata entries; send less at once`,
      );
    const reader = new ProtoReader(this.#body, start, end);
    let type: MetricType = 'unknown';
    let family = '';
    let help = '';
    let unit = '';
    while (reader.next()) {
      if (reader.field === 1) type = METRIC_TYPES[reader.unsigned()] ?? 'unknown';
      else if (reader.field === 2) family = reader.string();
      else if (reader.field === 4) help = reader.string();
      else if (reader.field === 5) unit = reader.string();
      else reader.skip();
    }
    this.#metadata.push({ family, type, help, unit });
    this.#position = end;
  }

  /** Only now, with the whole request read, are new series made known to the caller. */
  #resolvePending(table: RawSeriesTable, resolve: ResolveSeries): number {
    let refused = 0;
    for (const { body, labelsStart, labelsEnd, firstSample, endSample } of this.#pending) {
      const view = body === this.#body ? this.#view : new DataView(body.buffer);
      // A series that comes twice in one request was resolved the first time.
      let number = table.find(view, labelsStart, labelsEnd);
      if (number < 0) {
        number = resolve(body, labelsStart, labelsEnd);
        if (number >= 0) table.add(view, labelsStart, labelsEnd, number);
        else refused += endSample - firstSample;
      }
      this.#series.fill(number < 0 ? REFUSED : number, firstSample, endSample);
    }
    if (refused > 0) this.#dropRefused();
    return refused;
  }

  #dropRefused(): void {
    let kept = 0;
    for (let i = 0; i < this.#length; i++) {
      if (this.#series[i] === REFUSED) continue;
      this.#series[kept] = this.#series[i]!;
      this.#timestamps[kept] = this.#timestamps[i]!;
      this.#valueWords[2 * kept] = this.#valueWords[2 * i]!;
      this.#valueWords[2 * kept + 1] = this.#valueWords[2 * i + 1]!;
      kept++;
    }
    this.#length = kept;
  }

  #growColumns(): void {
    const length = this.#length;
    if (length >= REQUEST_SAMPLES_MAX)
      throw malformed(
        this.#position,
        `there are more than ${REQUEST_SAMPLES_MAX} samples; send less at once`,
      );
    const capacity = Math.min(REQUEST_SAMPLES_MAX, Math.max(2048, 2 * length));
    const series = new Uint32Array(capacity);
    series.set(this.#series);
    const timestamps = new Float64Array(capacity);
    timestamps.set(this.#timestamps);
    const valueWords = new Uint32Array(2 * capacity);
    valueWords.set(this.#valueWords);
    this.#series = series;
    this.#timestamps = timestamps;
    this.#valueWords = valueWords;
    this.#values = new Float64Array(valueWords.buffer);
  }

  /** From a length-delimited field's tag to its content; returns the content's end. */
  #enter(end: number): number {
    const at = ++this.#position;
    const body = this.#body;
    let length = at < end ? body[at]! : 0x80;
    if (length < 0x80) this.#position = at + 1;
    else length = this.#varint(end);
    if (length > end - this.#position)
      throw malformed(at, `a field claims ${length} bytes, ${end - this.#position} are left`);
    return this.#position + length;
  }

  /** Any field, known or not, of this message or a later version of it. */
  #skipField(end: number): void {
    const at = this.#position;
    const tag = this.#varint(end);
    const wireType = tag % 8;
    if (tag < 8) throw malformed(at, '0 is no field number');
    if (wireType === 0) this.#varint(end);
    else if (wireType === 1) this.#position += 8;
    else if (wireType === 2) {
      const length = this.#varint(end);
      this.#position += length;
    } else if (wireType === 5) this.#position += 4;
    else throw malformed(at, `field ${Math.floor(tag / 8)} has wire type ${wireType}, which is unknown`);
    if (this.#position > end) throw malformed(at, `field ${Math.floor(tag / 8)} is cut short`);
  }

  #varint(end: number): number {
    const start = this.#position;
    let value = 0;
    let scale = 1;
    for (let i = start; i < end && i < start + 10; i++) {
      const byte = this.#body[i]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.#position = i + 1;
        return value;
      }
      scale *= 128;
    }
    throw malformed(start, 'a varint does not end');
  }

  /** Two's complement through two 32-bit halves: exact within ±2^53 ms, which is beyond every calendar. */
  #int64(end: number): number {
    const start = this.#position;
    let low = 0;
    let high = 0;
    for (let i = start, shift = 0; i < end && shift < 70; i++, shift += 7) {
      const byte = this.#body[i]!;
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high |= bits >> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#position = i + 1;
        return high * 2 ** 32 + (low >>> 0);
      }
    }
    throw malformed(start, 'a varint does not end');
  }
}

/** The label fields of a series that mixes them with other fields, put together. */
function gatherLabels(body: Uint8Array, start: number, end: number): Uint8Array {
  const gathered = new ProtoWriter(end - start);
  const reader = new ProtoReader(body, start, end);
  while (reader.next()) {
    if (reader.field === 1) gathered.bytesField(1, reader.bytes());
    else reader.skip();
  }
  return gathered.finish();
}

/** Names and values as the sender wrote them: not sorted, perhaps repeated or empty. */
export function decodeLabels(body: Uint8Array, start: number, end: number): Label[] {
  const labels: Label[] = [];
  const reader = new ProtoReader(body, start, end);
  while (reader.next()) {
    const label = reader.message();
    let name = '';
    let value = '';
    while (label.next()) {
      if (label.field === 1) name = label.string();
      else if (label.field === 2) value = label.string();
      else label.skip();
    }
    labels.push([name, value]);
  }
  return labels;
}

export interface WriteSeries {
  readonly labels: Iterable<Label>;
  readonly timestamps: ArrayLike<number>;
  readonly values: Float64Array;
}

/** A request of whole series, each with its samples in order of time. */
export function encodeWriteRequest(
  series: Iterable<WriteSeries>,
  metadata: Iterable<FamilyMetadata> = [],
): Uint8Array {
  const writer = new ProtoWriter(64 * 1024);
  for (const { labels, timestamps, values } of series)
    writeSeries(writer, encodeLabels(labels), timestamps, values, 0, values.length);
  writeMetadata(writer, metadata);
  return writer.finish();
}

/** A run of a batch: the samples [start, end). */
export interface SampleSlice {
  readonly batch: SampleColumns<Labels>;
  readonly start: number;
  readonly end: number;
}

/** Makes requests of samples in columns. Label bytes are made once for each `Labels` that lives. */
export class WriteRequestEncoder {
  readonly #labelBytes = new WeakMap<Labels, Uint8Array>();

  /** Neighbours of the same `Labels` share one TimeSeries. */
  encode(slices: Iterable<SampleSlice>, metadata: Iterable<FamilyMetadata> = []): Uint8Array {
    const writer = new ProtoWriter(64 * 1024);
    for (const { batch, start, end } of slices) {
      for (let first = start; first < end; ) {
        const labels = batch.series[first]!;
        let after = first + 1;
        while (after < end && batch.series[after] === labels) after++;
        writeSeries(writer, this.#bytesOf(labels), batch.timestamps, batch.values, first, after);
        first = after;
      }
    }
    writeMetadata(writer, metadata);
    return writer.finish();
  }

  #bytesOf(labels: Labels): Uint8Array {
    let bytes = this.#labelBytes.get(labels);
    if (!bytes) this.#labelBytes.set(labels, (bytes = encodeLabels(labels)));
    return bytes;
  }
}

/** The run of label fields of a TimeSeries. */
export function encodeLabels(labels: Iterable<Label>): Uint8Array {
  const run = new ProtoWriter(256);
  const label = new ProtoWriter(128);
  for (const [name, value] of labels) {
    label.reset();
    label.stringField(1, name);
    label.stringField(2, value);
    run.bytesField(1, label.finish());
  }
  return run.finish().slice();
}

function writeSeries(
  writer: ProtoWriter,
  labels: Uint8Array,
  timestamps: ArrayLike<number>,
  values: Float64Array,
  start: number,
  end: number,
): void {
  let size = labels.length;
  for (let i = start; i < end; i++) size += 2 + sampleSizeBytes(timestamps[i]!);
  writer.varint(TAG_SERIES);
  writer.varint(size);
  writer.raw(labels);
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  for (let i = start; i < end; i++) {
    writer.varint(TAG_SAMPLE);
    writer.varint(sampleSizeBytes(timestamps[i]!));
    writer.varint(TAG_VALUE);
    writer.fixed64(words[2 * i]!, words[2 * i + 1]!);
    writer.varint(TAG_TIMESTAMP);
    writer.varint(timestamps[i]!);
  }
}

/** The value's tag and 8 bytes, the timestamp's tag and varint: 17 bytes in this century, never over 20. */
function sampleSizeBytes(timestampMs: number): number {
  return 10 + (timestampMs < 0 ? 10 : varintSizeBytes(timestampMs));
}

function writeMetadata(writer: ProtoWriter, metadata: Iterable<FamilyMetadata>): void {
  const entry = new ProtoWriter(512);
  for (const { family, type, help, unit } of metadata) {
    entry.reset();
    entry.varintField(1, METRIC_TYPES.indexOf(type));
    entry.stringField(2, family);
    entry.stringField(4, help);
    entry.stringField(5, unit);
    writer.tag(3, WIRE_LENGTH);
    writer.varint(entry.length);
    writer.raw(entry.finish());
  }
}
