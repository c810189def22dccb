import type { LogsFormat } from '../../model/otlp-logs.ts';
import { ProtoWriter } from '../../model/protobuf.ts';
import type { Answer } from './receiver.ts';

/** ExportLogsServiceResponse: 1 partial_success { 1 rejected_log_records, 2 error_message }. */
export function exportAnswer(format: LogsFormat, rejected: number, message: string): Answer {
  if (format === 'json') {
    const partialSuccess = { rejectedLogRecords: String(rejected), errorMessage: message };
    return {
      status: 200,
      text: JSON.stringify(rejected === 0 ? {} : { partialSuccess }),
      contentType: 'application/json',
    };
  }
  const response = new ProtoWriter();
  if (rejected > 0) {
    const partial = new ProtoWriter();
    partial.varintField(1, rejected);
    partial.stringField(2, message);
    response.bytesField(1, partial.finish());
  }
  return { status: 200, body: response.finish(), contentType: 'application/x-protobuf' };
}

/** google.rpc.Status { 1 code, 2 message }, with its codes INVALID_ARGUMENT and PERMISSION_DENIED. */
export function statusAnswer(format: LogsFormat, status: 400 | 403, message: string): Answer {
  const code = status === 403 ? 7 : 3;
  if (format === 'json')
    return { status, text: JSON.stringify({ code, message }), contentType: 'application/json' };
  const body = new ProtoWriter();
  body.varintField(1, code);
  body.stringField(2, message);
  return { status, body: body.finish(), contentType: 'application/x-protobuf' };
}
