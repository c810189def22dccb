/**
 * The protobuf wire format, read and written by hand: the few messages of this service need no schema
 * compiler, and its largest, remote write, is walked in place by `remote-write.ts`.
 * Specification: protobuf.dev/programming-guides/encoding.
 */
export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_LENGTH = 2;
export const WIRE_FIXED32 = 5;

/** A varint carries 7 bits a byte, so 64 bits take at most ten. */
const VARINT_BYTES_MAX = 10;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/**
 * Reads the fields of one message in order: `while (reader.next()) switch (reader.field) …`, where each case
 * reads the value or calls `skip`. Anything that does not fit is a `SyntaxError` with its offset.
 */
export class ProtoReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #position: number;
  /** Number and wire type of the field `next` stopped at. */
  field = 0;
  wireType = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#end = end;
  }

  /** Moves to the next field; false at the message's end. */
  next(): boolean {
    if (this.#position >= this.#end) return false;
    const at = this.#position;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    if (this.field === 0 || this.field > 0x1fffffff) throw malformed(at, `${this.field} is no field number`);
    return true;
  }

  /** A `uint64`, `uint32`, `bool` or enum. Above 2^53 it is rounded. */
  unsigned(): number {
    this.#expect(WIRE_VARINT);
    return this.#varint();
  }

  /** An `int64` or `int32` in two's complement: exact within ±2^53, rounded beyond. */
  signed(): number {
    this.#expect(WIRE_VARINT);
    const bytes = this.#bytes;
    const start = this.#position;
    let low = 0;
    let high = 0;
    for (let i = start, shift = 0; i < this.#end && shift < 7 * VARINT_BYTES_MAX; i++, shift += 7) {
      const byte = bytes[i]!;
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

  double(): number {
    return this.#view.getFloat64(this.#fixed(WIRE_FIXED64, 8), true);
  }

  fixed64(): bigint {
    return this.#view.getBigUint64(this.#fixed(WIRE_FIXED64, 8), true);
  }

  /** A view into the message: valid as long as the body is. */
  bytes(): Uint8Array {
    const start = this.#lengthDelimited();
    return this.#bytes.subarray(start, this.#position);
  }

  string(): string {
    const start = this.#lengthDelimited();
    try {
      return utf8.decode(this.#bytes.subarray(start, this.#position));
    } catch (cause) {
      throw malformed(start, `field ${this.field} is not valid UTF-8`, cause);
    }
  }

  message(): ProtoReader {
    const start = this.#lengthDelimited();
    return new ProtoReader(this.#bytes, start, this.#position);
  }

  /** Passes over a field of no interest, still checking that it ends inside the message. */
  skip(): void {
    if (this.wireType === WIRE_VARINT) this.#varint();
    else if (this.wireType === WIRE_FIXED64) this.#fixed(WIRE_FIXED64, 8);
    else if (this.wireType === WIRE_LENGTH) this.#lengthDelimited();
    else if (this.wireType === WIRE_FIXED32) this.#fixed(WIRE_FIXED32, 4);
    else
      throw malformed(this.#position, `field ${this.field} has wire type ${this.wireType}, which is unknown`);
  }

  #expect(wireType: number): void {
    if (this.wireType === wireType) return;
    throw malformed(
      this.#position,
      `field ${this.field} has wire type ${this.wireType}, expected ${wireType}`,
    );
  }

  #fixed(wireType: number, sizeBytes: number): number {
    this.#expect(wireType);
    const start = this.#position;
    if (sizeBytes > this.#end - start) throw malformed(start, `field ${this.field} is cut short`);
    this.#position = start + sizeBytes;
    return start;
  }

  /** Moves past the field and returns where its content starts. */
  #lengthDelimited(): number {
    this.#expect(WIRE_LENGTH);
    const at = this.#position;
    const length = this.#varint();
    if (length > this.#end - this.#position) {
      const left = this.#end - this.#position;
      throw malformed(at, `field ${this.field} claims ${length} bytes, ${left} are left`);
    }
    const start = this.#position;
    this.#position = start + length;
    return start;
  }

  #varint(): number {
    const bytes = this.#bytes;
    const start = this.#position;
    let value = 0;
    let scale = 1;
    for (let i = start; i < this.#end && i < start + VARINT_BYTES_MAX; i++) {
      const byte = bytes[i]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.#position = i + 1;
        return value;
      }
      scale *= 128;
    }
    throw malformed(start, 'a varint does not end');
  }
}

/** One wording for every broken message. */
export function malformed(offset: number, problem: string, cause?: unknown): SyntaxError {
  return new SyntaxError(`Cannot decode protobuf: at byte ${offset} ${problem}`, { cause });
}

/** Writes fields into a buffer that grows. Nested messages are written by their own writer and then copied. */
export class ProtoWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacityBytes = 1024) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written: a view, valid until the next write. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Starts anew in the same buffer. */
  reset(): void {
    this.#length = 0;
  }

  tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  /** An int64 in two's complement, exact within ±2^53. */
  varint(value: number): void {
    this.#reserve(VARINT_BYTES_MAX);
    const bytes = this.#bytes;
    let position = this.#length;
    if (value >= 0) {
      for (; value >= 128; value = Math.floor(value / 128)) bytes[position++] = (value % 128) | 0x80;
      bytes[position++] = value;
    } else {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest >= 128n; rest >>= 7n) bytes[position++] = Number(rest & 0x7fn) | 0x80;
      bytes[position++] = Number(rest);
    }
    this.#length = position;
  }

  /** A fixed64 or a double from its two halves, so that the bits of a NaN stay as they are. */
  fixed64(low: number, high: number): void {
    this.#reserve(8);
    this.#view.setUint32(this.#length, low, true);
    this.#view.setUint32(this.#length + 4, high, true);
    this.#length += 8;
  }

  /** Bytes as they are, for a field that was encoded before. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  bytesField(field: number, bytes: Uint8Array): void {
    this.tag(field, WIRE_LENGTH);
    this.varint(bytes.length);
    this.raw(bytes);
  }

  stringField(field: number, text: string): void {
    this.tag(field, WIRE_LENGTH);
    if (!this.#ascii(text)) {
      const bytes = utf8Encoder.encode(text);
      this.varint(bytes.length);
      this.raw(bytes);
    }
  }

  varintField(field: number, value: number): void {
    this.tag(field, WIRE_VARINT);
    this.varint(value);
  }

  /** Length and text when all of it is ASCII, as nearly every label is; false, with nothing written, else. */
  #ascii(text: string): boolean {
    const before = this.#length;
    this.varint(text.length);
    this.#reserve(text.length);
    const bytes = this.#bytes;
    let position = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        this.#length = before;
        return false;
      }
      bytes[position++] = code;
    }
    this.#length = position;
    return true;
  }

  #reserve(sizeBytes: number): void {
    if (this.#length + sizeBytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + sizeBytes));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Bytes a non-negative varint takes. */
export function varintSizeBytes(value: number): number {
  let size = 1;
  for (; value >= 128; value = Math.floor(value / 128)) size++;
  return size;
}
