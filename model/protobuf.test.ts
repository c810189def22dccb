import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtoReader, ProtoWriter, varintSizeBytes } from './protobuf.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** The first field of a message, read by one of the reader's methods. */
function first<T>(hex: string, read: (reader: ProtoReader) => T): T {
  const reader = new ProtoReader(bytes(hex));
  expect(reader.next()).toBe(true);
  return read(reader);
}

describe('ProtoReader', () => {
  it('reads the examples of the specification', () => {
    expect(first('08 96 01', (reader) => reader.unsigned())).toBe(150);
    expect(first('12 07 74 65 73 74 69 6e 67', (reader) => reader.string())).toBe('testing');
    expect(first('08 fe ff ff ff ff ff ff ff ff 01', (reader) => reader.signed())).toBe(-2);
  });

  it.each([
    ['a varint that does not end', '08 ff ff', 'at byte 1 a varint does not end'],
    ['a varint of eleven bytes', `08 ${'ff '.repeat(10)} 01`, 'at byte 1 a varint does not end'],
    ['a length past the end', '12 09 74 65', 'at byte 1 field 2 claims 9 bytes, 2 are left'],
    ['a length near 2^64', '12 ff ff ff ff ff ff ff ff ff 01', 'bytes, 0 are left'],
    ['a fixed64 cut short', '09 00 00', 'at byte 1 field 1 is cut short'],
    ['a group', '0b 0c', 'field 1 has wire type 3, which is unknown'],
    ['field number 0', '00 00', '0 is no field number'],
  ])('refuses %s', (_, hex, problem) => {
    const read = () => {
      const reader = new ProtoReader(bytes(hex));
      while (reader.next()) reader.skip();
    };
    expect(read).toThrow(SyntaxError);
    expect(read).toThrow(problem);
  });

  it('refuses text that is not UTF-8, and a value of another wire type', () => {
    expect(() => first('12 02 c3 28', (reader) => reader.string())).toThrow('field 2 is not valid UTF-8');
    expect(() => first('0d 00 00 00 00', (reader) => reader.double())).toThrow(
      'field 1 has wire type 5, expected 1',
    );
  });
});

describe('ProtoWriter', () => {
  it('writes what ProtoReader reads', () => {
    const integer = fc.oneof(fc.maxSafeInteger(), fc.integer());
    fc.assert(
      fc.property(fc.array(fc.tuple(integer, fc.string({ unit: 'binary' }))), (fields) => {
        const writer = new ProtoWriter(1);
        for (const [number, text] of fields) {
          writer.varintField(1, number);
          writer.stringField(2, text);
        }
        const reader = new ProtoReader(writer.finish());
        for (const [number, text] of fields) {
          expect(reader.next() && reader.field).toBe(1);
          expect(reader.signed()).toBe(number + 0);
          expect(reader.next() && reader.field).toBe(2);
          expect(reader.string()).toBe(text);
        }
        expect(reader.next()).toBe(false);
      }),
    );
  });

  it('varintSizeBytes() is what varint() takes', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const writer = new ProtoWriter();
        writer.varint(value);
        expect(varintSizeBytes(value)).toBe(writer.length);
      }),
    );
  });
});
