import { expect, test } from 'vitest';
import { contentTypeProblem } from './write.ts';

test.each([
  '',
  'application/x-protobuf',
  'Application/X-Protobuf',
  'application/x-protobuf;proto=prometheus.WriteRequest',
  'application/x-protobuf; proto=prometheus.WriteRequest',
  'application/x-protobuf; charset=utf-8',
])('contentTypeProblem() takes %j for remote write 1', (contentType) => {
  expect(contentTypeProblem(contentType)).toBeUndefined();
});

test.each([
  ['application/json', 'remote write is application/x-protobuf'],
  [
    'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'set the sender to prometheus.WriteRequest',
  ],
  ['application/x-protobuf;proto=other', 'the message is unknown'],
  ['application/x-protobuf;proto', 'parameter "proto" is malformed'],
  ['application/x-protobuf;proto=a=b', 'parameter "proto=a=b" is malformed'],
])('contentTypeProblem() says why %j is none', (contentType, problem) => {
  expect(contentTypeProblem(contentType)).toContain(problem);
});
