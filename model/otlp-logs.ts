/**
 * OTLP logs (`ExportLogsServiceRequest`) as JSON and protobuf. Only what this service reads is decoded; the
 * rest is passed over, as the protocol asks of a receiver. What the records say is in `otlp-records.ts`.
 * Specification: opentelemetry.io/docs/specs/otlp, opentelemetry-proto/logs/v1/logs.proto.
 */
import { ProtoReader } from './protobuf.ts';

export type AttributeValue =
  | string
  | number
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [name: string]: AttributeValue };

export type Attributes = ReadonlyMap<string, AttributeValue>;

export interface LogRecord {
  /** Attributes of the resource the record came from; shared by its records. */
  readonly resource: Attributes;
  /** When it happened, else when it was observed; 0 when the sender gave neither. */
  readonly timeMs: number;
  /** 1 to 24 as OpenTelemetry numbers them (9 is INFO, 13 is WARN); 0 is unset. */
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: AttributeValue;
  readonly attributes: Attributes;
}

/** Records of one resource, as the sender writes them. */
export interface ResourceLogs {
  readonly resource: Iterable<readonly [string, AttributeValue]>;
  readonly records: readonly NewLogRecord[];
}

export interface NewLogRecord extends Omit<LogRecord, 'resource' | 'attributes'> {
  readonly attributes: Iterable<readonly [string, AttributeValue]>;
}

export type LogsFormat = 'json' | 'protobuf';

/** How deep values may nest: deeper ones serve nobody and would exhaust the stack. */
const VALUE_DEPTH_MAX = 16;

/** The format a Content-Type names; undefined for one that OTLP does not know (415). */
export function logsFormat(contentType: string): LogsFormat | undefined {
  const mediaType = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (mediaType === 'application/json') return 'json';
  if (mediaType === 'application/x-protobuf') return 'protobuf';
  return undefined;
}

/** Throws a SyntaxError when the body is malformed. */
export function decodeLogs(body: Uint8Array, format: LogsFormat): LogRecord[] {
  return format === 'json' ? decodeJson(body) : decodeProtobuf(body);
}

export function encodeLogs(resourceLogs: Iterable<ResourceLogs>): string {
  return JSON.stringify({
    resourceLogs: Array.from(resourceLogs, ({ resource, records }) => ({
      resource: { attributes: jsonKeyValues(resource) },
      scopeLogs: [
        {
          scope: { name: 'karmascope' },
          logRecords: records.map((record) => ({
            timeUnixNano: `${Math.round(record.timeMs)}000000`,
            severityNumber: record.severityNumber,
            severityText: record.severityText,
            body: jsonValue(record.body),
            attributes: jsonKeyValues(record.attributes),
          })),
        },
      ],
    })),
  });
}

function jsonKeyValues(attributes: Iterable<readonly [string, AttributeValue]>): object[] {
  return Array.from(attributes, ([key, value]) => ({ key, value: jsonValue(value) }));
}

function jsonValue(value: AttributeValue): object {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (isList(value)) return { arrayValue: { values: value.map(jsonValue) } };
  return { kvlistValue: { values: jsonKeyValues(Object.entries(value)) } };
}

function isList(value: AttributeValue): value is readonly AttributeValue[] {
  return Array.isArray(value);
}

function decodeJson(body: Uint8Array): LogRecord[] {
  const text = new TextDecoder().decode(body);
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot decode logs: the body is not JSON: ${(cause as Error).message}`, { cause });
  }
  const records: LogRecord[] = [];
  for (const resourceLogs of list(object(request, 'the body'), 'resourceLogs')) {
    const resourceFields = resourceLogs['resource'] ?? {};
    const resource = keyValues(object(resourceFields, 'resource'), 'attributes', 0);
    for (const scopeLogs of list(resourceLogs, 'scopeLogs'))
      for (const record of list(scopeLogs, 'logRecords')) records.push(jsonRecord(record, resource));
  }
  return records;
}

function jsonRecord(record: JsonObject, resource: Attributes): LogRecord {
  const timeMs = nanosToMs(record['timeUnixNano'], 'timeUnixNano');
  const body = record['body'] ?? {};
  return {
    resource,
    timeMs: timeMs || nanosToMs(record['observedTimeUnixNano'], 'observedTimeUnixNano'),
    severityNumber: finite(record['severityNumber'] ?? 0, 'severityNumber'),
    severityText: text(record['severityText'] ?? '', 'severityText'),
    body: value(object(body, 'body'), 0),
    attributes: keyValues(record, 'attributes', 0),
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

function keyValues(of: JsonObject, field: string, depth: number): Map<string, AttributeValue> {
  const pairs = new Map<string, AttributeValue>();
  for (const pair of list(of, field))
    pairs.set(text(pair['key'], 'key'), value(object(pair['value'] ?? {}, 'value'), depth));
  return pairs;
}

function value(any: JsonObject, depth: number): AttributeValue {
  checkDepth(depth);
  if (any['stringValue'] !== undefined) return text(any['stringValue'], 'stringValue');
  if (any['boolValue'] !== undefined) return any['boolValue'] === true;
  if (any['intValue'] !== undefined) return finite(any['intValue'], 'intValue');
  if (any['doubleValue'] !== undefined) return Number(any['doubleValue']);
  if (any['bytesValue'] !== undefined) return text(any['bytesValue'], 'bytesValue');
  if (any['arrayValue'] !== undefined)
    return list(object(any['arrayValue'], 'arrayValue'), 'values').map((item) => value(item, depth + 1));
  if (any['kvlistValue'] !== undefined)
    return Object.fromEntries(keyValues(object(any['kvlistValue'], 'kvlistValue'), 'values', depth + 1));
  return null;
}

function object(of: unknown, name: string): JsonObject {
  if (typeof of === 'object' && of !== null && !Array.isArray(of)) return of as JsonObject;
  throw new SyntaxError(`Cannot decode logs: ${name} is not an object`);
}

function list(of: JsonObject, field: string): JsonObject[] {
  const items = of[field] ?? [];
  if (!Array.isArray(items)) throw new SyntaxError(`Cannot decode logs: ${field} is not a list`);
  return items.map((item) => object(item, `an item of ${field}`));
}

function text(of: unknown, field: string): string {
  if (typeof of === 'string') return of;
  throw new SyntaxError(`Cannot decode logs: ${field} is not a string`);
}

/** Protobuf's JSON form writes 64-bit integers as strings. */
function finite(of: unknown, field: string): number {
  const number = typeof of === 'string' && of.trim() !== '' ? Number(of) : of;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  throw new SyntaxError(`Cannot decode logs: ${field} is not a number`);
}

/** Nanoseconds need 61 bits, so a string is divided as an integer; a number was rounded by its sender. */
function nanosToMs(of: unknown, field: string): number {
  if (typeof of === 'string' && /^\d{1,20}$/.test(of)) return Number(BigInt(of) / 1_000_000n);
  return Math.floor(Math.round(finite(of ?? 0, field) / 1e3) / 1e3);
}

function checkDepth(depth: number): void {
  if (depth > VALUE_DEPTH_MAX)
    throw new SyntaxError(`Cannot decode logs: a value nests deeper than ${VALUE_DEPTH_MAX} levels`);
}

function decodeProtobuf(body: Uint8Array): LogRecord[] {
  const records: LogRecord[] = [];
  const request = new ProtoReader(body);
  while (request.next()) {
    if (request.field === 1) readResourceLogs(request.message(), records);
    else request.skip();
  }
  return records;
}

function readResourceLogs(reader: ProtoReader, records: LogRecord[]): void {
  // Fields come in any order, and the records share the map: it may be filled after they were made.
  const resource = new Map<string, AttributeValue>();
  while (reader.next()) {
    if (reader.field === 1) readFields(reader.message(), (field) => readPair(field, 1, resource));
    else if (reader.field === 2)
      readFields(reader.message(), (field) => {
        if (field.field !== 2) return false;
        records.push(readRecord(field.message(), resource));
        return true;
      });
    else reader.skip();
  }
}

function readRecord(reader: ProtoReader, resource: Attributes): LogRecord {
  let timeMs = 0;
  let observedMs = 0;
  let severityNumber = 0;
  let severityText = '';
  let body: AttributeValue = null;
  const attributes = new Map<string, AttributeValue>();
  while (reader.next()) {
    if (reader.field === 1) timeMs = Number(reader.fixed64() / 1_000_000n);
    else if (reader.field === 2) severityNumber = reader.unsigned();
    else if (reader.field === 3) severityText = reader.string();
    else if (reader.field === 5) body = readValue(reader.message(), 0);
    else if (reader.field === 11) observedMs = Number(reader.fixed64() / 1_000_000n);
    else if (!readPair(reader, 6, attributes)) reader.skip();
  }
  return { resource, timeMs: timeMs || observedMs, severityNumber, severityText, body, attributes };
}

/** Passes over the fields that `take` leaves. */
function readFields(reader: ProtoReader, take: (reader: ProtoReader) => boolean): void {
  while (reader.next()) if (!take(reader)) reader.skip();
}

/** A KeyValue into `pairs`, when the field at hand is the one that holds them. */
function readPair(reader: ProtoReader, at: number, pairs: Map<string, AttributeValue>, depth = 0): boolean {
  if (reader.field !== at) return false;
  const pair = reader.message();
  let key = '';
  let value: AttributeValue = null;
  while (pair.next()) {
    if (pair.field === 1) key = pair.string();
    else if (pair.field === 2) value = readValue(pair.message(), depth);
    else pair.skip();
  }
  pairs.set(key, value);
  return true;
}

function readValue(reader: ProtoReader, depth: number): AttributeValue {
  checkDepth(depth);
  let value: AttributeValue = null;
  while (reader.next()) {
    if (reader.field === 1) value = reader.string();
    else if (reader.field === 2) value = reader.unsigned() !== 0;
    else if (reader.field === 3) value = reader.signed();
    else if (reader.field === 4) value = reader.double();
    else if (reader.field === 5) {
      const items: AttributeValue[] = [];
      readFields(reader.message(), (field) => {
        if (field.field !== 1) return false;
        items.push(readValue(field.message(), depth + 1));
        return true;
      });
      value = items;
    } else if (reader.field === 6) {
      const pairs = new Map<string, AttributeValue>();
      readFields(reader.message(), (field) => readPair(field, 1, pairs, depth + 1));
      value = Object.fromEntries(pairs);
    } else if (reader.field === 7) value = Buffer.from(reader.bytes()).toString('base64');
    else reader.skip();
  }
  return value;
}
