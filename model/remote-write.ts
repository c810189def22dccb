/**
 * Prometheus remote write 1 (`prometheus.WriteRequest`), both directions in one file so that they agree.
 *
 *   WriteRequest   1: TimeSeries…   3: MetricMetadata…
 *   TimeSeries     1: Label…   2: Sample…   3: Exemplar…   4: Histogram…
 *   Label          1: name   2: value
 *   Sample         1: value (double)   2: timestamp (int64, milliseconds)
 *   MetricMetadata 1: type   2: metric family   4: help   5: unit
 *
 * The hub reads a request without making a string for a series it knows: a kernel walks the body, looks the
 * bytes of each series' label fields up as they are in a `WriteSeriesTable`, and copies the bits of values.
 * Specification: prometheus.io/docs/specs/prw/remote_write_spec.
 */
import { atLeast, kernel, kernelBytes, NO_REGION } from './kernel/kernel.ts';
import type { Label, Labels } from './labels.ts';
import type { MetricMetadata, MetricType } from './metadata.ts';
import { malformed, ProtoReader, ProtoWriter, varintSizeBytes, WIRE_LENGTH } from './protobuf.ts';
import type { SampleColumns } from './sample.ts';
import type { WriteSeriesTable } from './write-series-table.ts';

/** Samples of one request. Senders batch 2,000 to 50,000; a tiny body can claim 16 million empty ones. */
export const REQUEST_SAMPLES_MAX = 1_000_000;
/** Metadata entries of one request, for the same reason. Prometheus sends 2,000. */
export const REQUEST_METADATA_MAX = 100_000;

/** Tags of one byte: field number times 8 plus wire type. */
const TAG_SERIES = 0x0a;
const TAG_SAMPLE = 0x12;
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

/** What the kernel says of a body; `assembly/remote-write.ts` has the same numbers. */
const PROBLEMS: readonly ((first: number, second: number) => string)[] = [
  () => '',
  (length, left) => `a field claims ${length} bytes, ${left} are left`,
  () => 'a varint does not end',
  () => 'the value of a sample is cut short',
  () => '0 is no field number',
  () => 'the number of a field is too large',
  (field, wireType) => `field ${field} has wire type ${wireType}, which is unknown`,
  (field) => `field ${field} is cut short`,
  () => `there are more than ${REQUEST_SAMPLES_MAX} samples; send less at once`,
  () => `there are more than ${REQUEST_METADATA_MAX} metadata entries; send less at once`,
];

/** The header that host and kernel share, in words; `assembly/remote-write.ts` draws it. */
const HEADER_BYTES = 128;
const OUT_SAMPLES = 9;
const OUT_SERIES = 10;
const OUT_NEW_SERIES = 11;
const OUT_METADATA = 12;
const OUT_EXEMPLARS = 13;
const OUT_HISTOGRAMS = 14;
const OUT_PROBLEM_AT = 15;
const OUT_PROBLEM_FIRST = 16;
const OUT_PROBLEM_SECOND = 17;

/** A timestamp, a value, a series and the place of a new series. */
const COLUMN_BYTES_PER_SAMPLE = 8 + 8 + 4 + 24;
const NEW_SERIES_WORDS = 6;
const METADATA_BYTES = 8;

/** The labels of a series that the table did not know, and the samples [firstSample, endSample) it came with. */
interface NewSeries {
  readonly labels: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly firstSample: number;
  readonly endSample: number;
}

const REFUSED = 0xffffffff;

/** Reads requests one after the other; keep one per thread, because its columns are used again. */
export class WriteRequestDecoder {
  #header = NO_REGION;
  #columns = NO_REGION;
  #metadataList = NO_REGION;
  /** For a body, and for labels, that are not in the kernels' memory yet. */
  #bodyCopy = NO_REGION;
  #labelsCopy = NO_REGION;
  #capacity = 0;
  #series: Uint32Array = new Uint32Array(0);
  #timestamps: Float64Array = new Float64Array(0);
  #values: Float64Array = new Float64Array(0);
  #newSeries: Uint32Array = new Uint32Array(0);
  #words: Uint32Array = new Uint32Array(0);

  /**
   * `table` is the sender's own, because the same bytes of two senders are two series. A body that `uncompress`
   * gave is read where it lies. Throws a SyntaxError when the body is malformed; then no series was resolved.
   * The columns are valid until the next call.
   */
  decode(body: Uint8Array, table: WriteSeriesTable, resolve: ResolveSeries): DecodedWrite {
    const address = this.#place(body);
    this.#walk(address, body.length, table);
    const words = this.#words;
    const length = words[OUT_SAMPLES]!;
    const metadata = this.#readMetadata(body, words[OUT_METADATA]!);
    const found = this.#readNewSeries(body, words[OUT_NEW_SERIES]!);
    const refusedSamples = this.#resolve(body, address, found, table, resolve);
    return {
      series: this.#series,
      timestamps: this.#timestamps,
      values: this.#values,
      length: refusedSamples > 0 ? this.#dropRefused(length) : length,
      seriesCount: words[OUT_SERIES]!,
      metadata,
      refusedSamples,
      exemplars: words[OUT_EXEMPLARS]!,
      histograms: words[OUT_HISTOGRAMS]!,
    };
  }

  /** The body's address, copied into the kernels' memory unless it is there. */
  #place(body: Uint8Array): number {
    if (body.buffer === kernelBytes().buffer) return body.byteOffset;
    this.#bodyCopy = atLeast(this.#bodyCopy, body.length);
    kernelBytes().set(body, this.#bodyCopy.address);
    return this.#bodyCopy.address;
  }

  /** A second walk is only needed for a request that has more samples than any before. */
  #walk(address: number, length: number, table: WriteSeriesTable): void {
    if (this.#capacity === 0) this.#makeRoom(2048, 0);
    const words = this.#words;
    for (;;) {
      const problem = kernel.writeRequestWalk(this.#header.address, address, length, table.address);
      if (problem !== 0) {
        const what = PROBLEMS[problem]!(words[OUT_PROBLEM_FIRST]!, words[OUT_PROBLEM_SECOND]!);
        throw malformed(words[OUT_PROBLEM_AT]!, what);
      }
      const samples = words[OUT_SAMPLES]!;
      const metadataBytes = METADATA_BYTES * words[OUT_METADATA]!;
      if (samples <= this.#capacity && metadataBytes <= this.#metadataList.sizeBytes) return;
      this.#makeRoom(samples, metadataBytes);
    }
  }

  /** Reserves what is missing, lays the columns into their region and tells the kernel where they are. */
  #makeRoom(samples: number, metadataBytes: number): void {
    this.#header = atLeast(this.#header, HEADER_BYTES);
    this.#columns = atLeast(this.#columns, (samples + 1) * COLUMN_BYTES_PER_SAMPLE);
    this.#metadataList = atLeast(this.#metadataList, metadataBytes);
    // Even, so that what lies behind a column of 4 bytes is aligned, too; hence the one sample more above.
    const capacity = Math.floor(this.#columns.sizeBytes / COLUMN_BYTES_PER_SAMPLE) & ~1;
    const timestamps = this.#columns.address;
    const values = timestamps + 8 * capacity;
    const series = values + 8 * capacity;
    const newSeries = series + 4 * capacity;
    const { buffer } = kernelBytes();
    this.#capacity = capacity;
    this.#timestamps = new Float64Array(buffer, timestamps, capacity);
    this.#values = new Float64Array(buffer, values, capacity);
    this.#series = new Uint32Array(buffer, series, capacity);
    this.#newSeries = new Uint32Array(buffer, newSeries, NEW_SERIES_WORDS * capacity);
    this.#words = new Uint32Array(buffer, this.#header.address, HEADER_BYTES / 4);
    const metadataCapacity = Math.floor(this.#metadataList.sizeBytes / METADATA_BYTES);
    this.#words.set([capacity, series, timestamps, values, newSeries, REQUEST_SAMPLES_MAX]);
    this.#words.set([metadataCapacity, this.#metadataList.address, REQUEST_METADATA_MAX], 6);
  }

  #readMetadata(body: Uint8Array, count: number): FamilyMetadata[] {
    const places = new Uint32Array(kernelBytes().buffer, this.#metadataList.address, 2 * count);
    return Array.from({ length: count }, (_, i) => decodeMetadata(body, places[2 * i]!, places[2 * i + 1]!));
  }

  #readNewSeries(body: Uint8Array, count: number): NewSeries[] {
    const words = this.#newSeries;
    return Array.from({ length: count }, (_, i) => {
      const at = NEW_SERIES_WORDS * i;
      const start = words[at]!;
      const samples = { firstSample: words[at + 3]!, endSample: words[at + 4]! };
      if (words[at + 5] === 0) return { labels: body, start, end: words[at + 1]!, ...samples };
      const labels = gatherLabels(body, start, words[at + 2]!);
      return { labels, start: 0, end: labels.length, ...samples };
    });
  }

  /** Only now, with the whole request read, are new series made known to the caller. */
  #resolve(
    body: Uint8Array,
    address: number,
    found: readonly NewSeries[],
    table: WriteSeriesTable,
    resolve: ResolveSeries,
  ): number {
    let refused = 0;
    for (const { labels, start, end, firstSample, endSample } of found) {
      const key = labels === body ? address + start : this.#placeLabels(labels);
      // A series that comes twice in one request was resolved the first time.
      let number = table.find(key, end - start);
      if (number < 0) {
        number = resolve(labels, start, end);
        if (number >= 0) table.add(key, end - start, number);
        else refused += endSample - firstSample;
      }
      this.#series.fill(number < 0 ? REFUSED : number, firstSample, endSample);
    }
    return refused;
  }

  #placeLabels(labels: Uint8Array): number {
    this.#labelsCopy = atLeast(this.#labelsCopy, labels.length);
    kernelBytes().set(labels, this.#labelsCopy.address);
    return this.#labelsCopy.address;
  }

  #dropRefused(length: number): number {
    // As integers: a NaN that passes through a number may lose its payload.
    const values = new BigUint64Array(this.#values.buffer, this.#values.byteOffset, this.#values.length);
    let kept = 0;
    for (let i = 0; i < length; i++) {
      if (this.#series[i] === REFUSED) continue;
      this.#series[kept] = this.#series[i]!;
      this.#timestamps[kept] = this.#timestamps[i]!;
      values[kept] = values[i]!;
      kept++;
    }
    return kept;
  }
}

function decodeMetadata(body: Uint8Array, start: number, end: number): FamilyMetadata {
  const reader = new ProtoReader(body, start, end);
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
  return { family, type, help, unit };
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
