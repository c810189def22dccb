import { describe, expect, it } from 'vitest';
import type { ClusterState } from './cluster.ts';
import type { ClusterEvent } from './event.ts';
import { type AttributeValue, decodeLogs, encodeLogs } from './otlp-logs.ts';
import {
  type ClusterMessage,
  encodeClusters,
  encodeEvents,
  parseRecord,
  severityOf,
} from './otlp-records.ts';

const event: ClusterEvent = {
  uid: 'a2b9c0f4-6c32-4a0c-8a4e-3f5a6f1f9d10',
  resourceVersion: '15462',
  type: 'Warning',
  reason: 'SyncWorkFailed',
  message: 'work karmada-es-prod-us-1/checkout-7d9f is being deleted',
  count: 17,
  timeMs: Date.parse('2026-11-22T10:27:03Z'),
  firstTimeMs: Date.parse('2026-11-22T10:26:40Z'),
  object: {
    apiVersion: 'work.karmada.io/v1alpha2',
    kind: 'ResourceBinding',
    namespace: 'shop',
    name: 'checkout-deployment',
    uid: 'b0ed2f4e-8a6c-4c54-9a0b-6f0f6b8d6a11',
  },
  component: 'binding-controller',
};

const state: ClusterState = {
  name: 'prod-us-1',
  id: '44b39472-1dfc-42fb-9571-c9a7b629c10b',
  region: 'us-east-1',
  provider: 'gcp',
  zones: ['us-east-1a', 'us-east-1b'],
  syncMode: 'Push',
  kubernetesVersion: 'v1.36.2',
  createdMs: Date.parse('2026-11-22T10:16:44Z'),
  ready: {
    status: 'False',
    reason: 'ClusterNotReachable',
    message: 'cluster is not reachable',
    sinceMs: Date.parse('2026-11-22T10:22:32Z'),
  },
  taints: [{ key: 'cluster.karmada.io/not-ready', value: '', effect: 'NoSchedule' }],
  nodes: { total: 3, ready: 0 },
  allocatable: { cpuCores: 96, memoryBytes: 412_316_860_416, pods: 330 },
  allocated: { cpuCores: 3.5, memoryBytes: 4_294_967_296, pods: 83 },
};

const parse = (json: string) => decodeLogs(Buffer.from(json), 'json').map(parseRecord);

/** One record as another program might send it. */
function foreign(
  attributes: Record<string, AttributeValue>,
  body: AttributeValue = 'message',
  timeMs = 1000,
) {
  const record = {
    timeMs,
    severityNumber: 9,
    severityText: '',
    body,
    attributes: Object.entries(attributes),
  };
  return parse(encodeLogs([{ resource: [], records: [record] }]))[0];
}

describe('encodeEvents()', () => {
  it('is read back by parseRecord()', () => {
    const other = { ...event, uid: 'other', type: 'Normal', count: 1 };
    const events = [
      { event, cluster: 'karmada-host' },
      { event: other, cluster: 'prod-eu-1' },
    ];
    expect(parse(encodeEvents(events))).toEqual(events.map((each) => ({ kind: 'event', ...each })));
  });

  it("has the names of OpenTelemetry's k8s_events receiver", () => {
    const [record] = decodeLogs(Buffer.from(encodeEvents([{ event, cluster: 'karmada-host' }])), 'json');
    expect(Object.fromEntries([...record!.resource, ...record!.attributes])).toMatchObject({
      'k8s.cluster.name': 'karmada-host',
      'k8s.object.kind': 'ResourceBinding',
      'k8s.object.name': 'checkout-deployment',
      'k8s.object.api_version': 'work.karmada.io/v1alpha2',
      'k8s.namespace.name': 'shop',
      'k8s.event.reason': 'SyncWorkFailed',
      'k8s.event.uid': event.uid,
      'k8s.event.count': 17,
      'k8s.event.start_time': '2026-11-22T10:26:40.000Z',
    });
    expect(record).toMatchObject({ body: event.message, severityText: 'Warning', severityNumber: 13 });
  });
});

describe('parseRecord()', () => {
  it('reads what the receiver sends: Go times, no count where there is none', () => {
    expect(
      foreign({
        'k8s.event.reason': 'Scheduled',
        'k8s.event.uid': 'u',
        'k8s.event.start_time': '2026-11-22 10:16:52 +0000 UTC',
        'k8s.object.kind': 'Pod',
      }),
    ).toMatchObject({
      kind: 'event',
      event: { count: 1, type: 'Normal', timeMs: 1000, firstTimeMs: Date.parse('2026-11-22T10:16:52Z') },
    });
  });

  it('leaves records of other kinds to others', () => {
    expect(foreign({ 'log.file.name': 'x' })).toEqual({ kind: 'other' });
  });

  const base = { 'k8s.event.reason': 'Scheduled', 'k8s.event.uid': 'u', 'k8s.object.kind': 'Pod' };
  it.each([
    ['no uid', { ...base, 'k8s.event.uid': '' }, 'm', 'attribute k8s.event.uid is absent or empty'],
    ['a count of 0', { ...base, 'k8s.event.count': 0 }, 'm', 'k8s.event.count is not a positive integer'],
    ['a name that is a number', { ...base, 'k8s.object.name': 7 }, 'm', 'k8s.object.name is not a string'],
    ['a body that is no text', base, ['m'], 'its message, is not a string'],
    ['a cluster that is no JSON', { 'event.name': 'karmada.cluster' }, '{', 'the body is not JSON'],
    [
      'a cluster without a region',
      { 'event.name': 'karmada.cluster' },
      JSON.stringify({ ...state, region: undefined }),
      'Cannot read karmada.cluster record: region: ',
    ],
    [
      'a list that is none',
      { 'event.name': 'karmada.cluster.list' },
      'a',
      'karmada.cluster.list record: the body',
    ],
  ])('refuses %s', (_, attributes, body, problem) => {
    expect(() => foreign(attributes, body)).toThrow(SyntaxError);
    expect(() => foreign(attributes, body)).toThrow(problem);
  });
});

describe('encodeClusters()', () => {
  it('is read back by parseRecord()', () => {
    const messages: ClusterMessage[] = [
      { kind: 'cluster', state },
      { kind: 'cluster-deleted', name: 'prod-ap-9' },
      { kind: 'cluster-list', names: ['prod-us-1'] },
    ];
    expect(parse(encodeClusters(messages, { cluster: 'karmada-host', timeMs: 1000 }))).toEqual(messages);
  });
});

describe('severityOf()', () => {
  it.each([
    ['Normal', 'Scheduled', 'assigned', 9],
    ['Warning', 'SyncFailed', 'failed', 13],
    ['Normal', 'InterpretHealthSucceed', 'Interpret health of Deployment(shop/cart) as healthy.', 9],
    ['Normal', 'InterpretHealthSucceed', 'Interpret health of Deployment(shop/cart) as unhealthy.', 13],
  ])('%s %s "%s" is %i', (type, reason, message, severity) => {
    expect(severityOf({ type, reason, message })).toBe(severity);
  });
});
