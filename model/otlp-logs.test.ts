import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttributeValue, decodeLogs, encodeLogs, logsFormat, type ResourceLogs } from './otlp-logs.ts';
import { ProtoWriter } from './protobuf.ts';

const json = (text: string) => decodeLogs(Buffer.from(text), 'json');

/** As an OpenTelemetry SDK writes a request, by the field numbers of opentelemetry-proto. */
function encodeProtobuf(resourceLogs: readonly ResourceLogs[]): Uint8Array {
  return message((request) => {
    for (const { resource, records } of resourceLogs)
      request.bytesField(
        1,
        message((logs) => {
          logs.bytesField(
            2,
            message((scopeLogs) => {
              scopeLogs.bytesField(
                1,
                message((scope) => scope.stringField(1, 'test')),
              );
              for (const record of records)
                scopeLogs.bytesField(
                  2,
                  message((fields) => {
                    fields.tag(1, 1);
                    const nanos = BigInt(record.timeMs) * 1_000_000n;
                    fields.fixed64(Number(nanos & 0xffffffffn), Number(nanos >> 32n));
                    fields.varintField(2, record.severityNumber);
                    fields.stringField(3, record.severityText);
                    fields.bytesField(5, anyValue(record.body));
                    for (const pair of record.attributes) fields.bytesField(6, keyValue(pair));
                    fields.tag(8, 5); // flags
                    fields.raw(Uint8Array.of(1, 0, 0, 0));
                  }),
                );
            }),
          );
          // After the records it belongs to, which is legal.
          logs.bytesField(
            1,
            message((fields) => {
              for (const pair of resource) fields.bytesField(1, keyValue(pair));
            }),
          );
        }),
      );
  });
}

function message(write: (writer: ProtoWriter) => void): Uint8Array {
  const writer = new ProtoWriter(16);
  write(writer);
  return writer.finish();
}

const keyValue = ([key, value]: readonly [string, AttributeValue]): Uint8Array =>
  message((pair) => {
    pair.stringField(1, key);
    pair.bytesField(2, anyValue(value));
  });

function anyValue(value: AttributeValue): Uint8Array {
  return message((any) => {
    if (typeof value === 'string') any.stringField(1, value);
    else if (typeof value === 'boolean') any.varintField(2, Number(value));
    else if (typeof value === 'number' && Number.isSafeInteger(value)) any.varintField(3, value);
    else if (typeof value === 'number') {
      any.tag(4, 1);
      const [low, high] = new Uint32Array(Float64Array.of(value).buffer);
      any.fixed64(low!, high!);
    } else if (Array.isArray(value)) {
      any.bytesField(
        5,
        message((items) => {
          for (const item of value) items.bytesField(1, anyValue(item));
        }),
      );
    } else if (value !== null)
      any.bytesField(
        6,
        message((pairs) => {
          for (const pair of Object.entries(value)) pairs.bytesField(1, keyValue(pair));
        }),
      );
  });
}

const number = fc
  .oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map((n) => n + 0);
const { value } = fc.letrec<{ value: AttributeValue; leaf: AttributeValue }>((tie) => ({
  leaf: fc.oneof(fc.string(), number, fc.boolean(), fc.constant(null)),
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 4 }), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const attributes = fc
  .dictionary(fc.string({ maxLength: 4 }), value, { maxKeys: 3 })
  .map(Object.entries<AttributeValue>);
const resourceLogs: fc.Arbitrary<ResourceLogs> = fc.record({
  resource: attributes,
  records: fc.array(
    fc.record({
      timeMs: fc.nat(4_102_444_800_000),
      severityNumber: fc.integer({ min: 0, max: 24 }),
      severityText: fc.string(),
      body: value,
      attributes,
    }),
    { maxLength: 3 },
  ),
});

const flat = (all: readonly ResourceLogs[]) =>
  all.flatMap(({ resource, records }) =>
    records.map((record) => ({
      ...record,
      resource: new Map(resource),
      attributes: new Map(record.attributes),
    })),
  );

describe('decodeLogs()', () => {
  it('reads JSON as encodeLogs() writes it', () => {
    fc.assert(
      fc.property(fc.array(resourceLogs, { maxLength: 3 }), (all) => {
        expect(json(encodeLogs(all))).toEqual(flat(all));
      }),
    );
  });

  it('reads protobuf to the same records', () => {
    fc.assert(
      fc.property(fc.array(resourceLogs, { maxLength: 3 }), (all) => {
        expect(decodeLogs(encodeProtobuf(all), 'protobuf')).toEqual(flat(all));
      }),
    );
  });

  // The example of opentelemetry-proto's repository, shortened.
  it('reads the JSON of other senders: numbers as strings, fields we do not keep, no time but the observed', () => {
    const [record] = json(`{"resourceLogs": [{
      "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my.service"}}]},
      "scopeLogs": [{
        "scope": {"name": "my.library", "version": "1.0.0", "attributes": []},
        "logRecords": [{
          "observedTimeUnixNano": "1544712660300000000", "severityNumber": 10, "severityText": "Information",
          "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174",
          "body": {"stringValue": "Example log record"},
          "attributes": [
            {"key": "int.attribute", "value": {"intValue": "10"}},
            {"key": "bytes", "value": {"bytesValue": "AQID"}},
            {"key": "__proto__", "value": {"kvlistValue": {"values": [{"key": "__proto__", "value": {"intValue": 1}}]}}}
          ]}]}]}]}`);
    expect(record).toMatchObject({
      timeMs: 1_544_712_660_300,
      severityNumber: 10,
      body: 'Example log record',
    });
    expect(record!.resource).toEqual(new Map([['service.name', 'my.service']]));
    expect([...record!.attributes.keys()]).toEqual(['int.attribute', 'bytes', '__proto__']);
    expect(record!.attributes.get('int.attribute')).toBe(10);
    expect(record!.attributes.get('bytes')).toBe('AQID');
    expect(Object.keys(record!.attributes.get('__proto__')!)).toEqual(['__proto__']);
  });

  it.each([
    ['[]', 'the body is not an object'],
    ['{', 'the body is not JSON'],
    ['{"resourceLogs": {}}', 'resourceLogs is not a list'],
    ['{"resourceLogs": [{"scopeLogs": [{"logRecords": [7]}]}]}', 'an item of logRecords is not an object'],
    [
      '{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "soon"}]}]}]}',
      'timeUnixNano is not a number',
    ],
  ])('refuses %s', (body, problem) => {
    expect(() => json(body)).toThrow(SyntaxError);
    expect(() => json(body)).toThrow(problem);
  });

  it('refuses values that nest without end, in either format', () => {
    let nested: AttributeValue = 'x';
    for (let i = 0; i < 20; i++) nested = [nested];
    const record = { timeMs: 0, severityNumber: 0, severityText: '', body: nested, attributes: [] };
    const logs = [{ resource: [], records: [record] }];
    expect(() => json(encodeLogs(logs))).toThrow('nests deeper than 16 levels');
    expect(() => decodeLogs(encodeProtobuf(logs), 'protobuf')).toThrow('nests deeper than 16 levels');
    expect(() => json('['.repeat(1_000_000))).toThrow(SyntaxError);
  });

  it('throws nothing but SyntaxError for a damaged body', () => {
    const record = {
      timeMs: 1,
      severityNumber: 9,
      severityText: 'Normal',
      body: 'b',
      attributes: [
        ['list', [1, 'two']],
        ['map', { three: 3.5 }],
      ] as [string, AttributeValue][],
    };
    const logs = [{ resource: [['k', 'v']] as [string, string][], records: [record, record] }];
    const bodies = { json: Buffer.from(encodeLogs(logs)), protobuf: encodeProtobuf(logs) };
    const damage = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom('json' as const, 'protobuf' as const), damage, (format, changes) => {
        const body = Uint8Array.from(bodies[format]);
        for (const [at, byte] of changes) body[at % body.length] = byte;
        try {
          decodeLogs(body, format);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('logsFormat()', () => {
  it.each([
    ['application/json', 'json'],
    ['Application/JSON; charset=utf-8', 'json'],
    ['application/x-protobuf', 'protobuf'],
    ['text/plain', undefined],
    ['', undefined],
  ])('%s is %s', (contentType, format) => {
    expect(logsFormat(contentType)).toBe(format);
  });
});
