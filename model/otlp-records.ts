/**
 * What the OTLP log records between collector and hub say. An event has the attribute names of
 * OpenTelemetry's k8s_events receiver, so that either end can be replaced by any OTLP program. What the host's
 * collector tells of Karmada's clusters has an `event.name` of its own:
 *
 *   karmada.cluster          body: one ClusterState as JSON text
 *   karmada.cluster.deleted  body: the name of a cluster that left
 *   karmada.cluster.list     body: all names as a list; ends a full list, so that the hub can drop the rest
 */
import { z } from 'zod';
import type { ClusterState } from './cluster.ts';
import type { ClusterEvent } from './event.ts';
import {
  type AttributeValue,
  encodeLogs,
  type LogRecord,
  type NewLogRecord,
  type ResourceLogs,
} from './otlp-logs.ts';

/** A record as what it means. `cluster` is the name the sender claims; who it may speak for, the hub decides. */
export type TypedRecord =
  | { readonly kind: 'event'; readonly cluster: string; readonly event: ClusterEvent }
  | { readonly kind: 'cluster'; readonly state: ClusterState }
  | { readonly kind: 'cluster-deleted'; readonly name: string }
  | { readonly kind: 'cluster-list'; readonly names: readonly string[] }
  | { readonly kind: 'other' };

/** One thing to tell the hub about Karmada's clusters. */
export type ClusterMessage = Extract<TypedRecord, { kind: `cluster${string}` }>;

/** OpenTelemetry's numbers. */
export const SEVERITY_INFO = 9;
export const SEVERITY_WARN = 13;

/**
 * The severity follows the reason where the type misleads: Karmada reports an unhealthy resource with
 * `InterpretHealthSucceed`, type Normal, because the interpretation succeeded.
 */
export function severityOf(event: Pick<ClusterEvent, 'type' | 'reason' | 'message'>): number {
  if (event.reason === 'InterpretHealthSucceed' && event.message.includes('as unhealthy'))
    return SEVERITY_WARN;
  return event.type === 'Warning' ? SEVERITY_WARN : SEVERITY_INFO;
}

/** An event and the cluster it is of. */
export interface EventOfCluster {
  readonly event: ClusterEvent;
  readonly cluster: string;
}

export function encodeEvents(events: Iterable<EventOfCluster>): string {
  return encodeLogs(Array.from(events, eventLogs));
}

/** `cluster` is the one whose collector speaks, the host. */
export function encodeClusters(
  messages: Iterable<ClusterMessage>,
  { cluster, timeMs }: { readonly cluster: string; readonly timeMs: number },
): string {
  const records = Array.from(messages, (message) => clusterRecord(message, timeMs));
  return encodeLogs([{ resource: sourceAttributes(cluster), records }]);
}

/** Throws a SyntaxError that names the attribute when a record says what it is and then is not that. */
export function parseRecord(record: LogRecord): TypedRecord {
  const name = record.attributes.get('event.name');
  switch (name) {
    case 'karmada.cluster':
      return { kind: 'cluster', state: parseClusterState(record.body) };
    case 'karmada.cluster.deleted':
      return { kind: 'cluster-deleted', name: parseBody(z.string().min(1), record.body, name) };
    case 'karmada.cluster.list':
      return { kind: 'cluster-list', names: parseBody(z.array(z.string().min(1)), record.body, name) };
    default:
      return record.attributes.has('k8s.event.reason') ? parseEvent(record) : { kind: 'other' };
  }
}

function sourceAttributes(cluster: string): [string, AttributeValue][] {
  return [
    ['service.name', 'karmascope-collector'],
    ['k8s.cluster.name', cluster],
  ];
}

/** One resource for each event, as the receiver does: the object is the resource. */
function eventLogs({ event, cluster }: EventOfCluster): ResourceLogs {
  const { object } = event;
  return {
    resource: [
      ...sourceAttributes(cluster),
      ['k8s.object.api_version', object.apiVersion],
      ['k8s.object.kind', object.kind],
      ['k8s.object.name', object.name],
      ['k8s.object.uid', object.uid],
    ],
    records: [
      {
        timeMs: event.timeMs,
        severityNumber: severityOf(event),
        severityText: event.type,
        body: event.message,
        attributes: [
          ['k8s.event.reason', event.reason],
          ['k8s.event.start_time', new Date(event.firstTimeMs).toISOString()],
          ['k8s.event.uid', event.uid],
          ['k8s.event.resource_version', event.resourceVersion],
          ['k8s.event.count', event.count],
          ['k8s.event.reporting_controller', event.component],
          ['k8s.namespace.name', object.namespace],
        ],
      },
    ],
  };
}

function parseEvent(record: LogRecord): TypedRecord {
  const attribute = (name: string): string => {
    const value = record.attributes.get(name) ?? record.resource.get(name) ?? '';
    if (typeof value === 'string') return value;
    throw new SyntaxError(`Cannot read event record: attribute ${name} is not a string`);
  };
  const required = (name: string): string => {
    const value = attribute(name);
    if (value !== '') return value;
    throw new SyntaxError(`Cannot read event record: attribute ${name} is absent or empty`);
  };
  // The receiver leaves the count out where the object has none; one occurrence there was.
  const count = record.attributes.get('k8s.event.count') ?? 1;
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1)
    throw new SyntaxError('Cannot read event record: attribute k8s.event.count is not a positive integer');
  if (!(record.timeMs > 0)) throw new SyntaxError('Cannot read event record: it has no time');
  if (typeof record.body !== 'string')
    throw new SyntaxError('Cannot read event record: the body, its message, is not a string');
  const firstTimeMs = startTimeMs(attribute('k8s.event.start_time'));
  return {
    kind: 'event',
    cluster: attribute('k8s.cluster.name'),
    event: {
      uid: required('k8s.event.uid'),
      resourceVersion: attribute('k8s.event.resource_version'),
      type: record.severityText || (record.severityNumber >= SEVERITY_WARN ? 'Warning' : 'Normal'),
      reason: required('k8s.event.reason'),
      message: record.body,
      count,
      timeMs: record.timeMs,
      firstTimeMs: Number.isNaN(firstTimeMs) ? record.timeMs : firstTimeMs,
      object: {
        apiVersion: attribute('k8s.object.api_version'),
        kind: required('k8s.object.kind'),
        namespace: attribute('k8s.namespace.name'),
        name: attribute('k8s.object.name'),
        uid: attribute('k8s.object.uid'),
      },
      component: attribute('k8s.event.reporting_controller'),
    },
  };
}

/** RFC 3339, or as Go prints a time, which is what the receiver sends: `2026-11-22 10:16:52 +0000 UTC`. */
function startTimeMs(text: string): number {
  return Date.parse(text.replace(/^(\S+) (\S+) ([+-]\d\d)(\d\d)\b.*$/, '$1T$2$3:$4'));
}

function clusterRecord(message: ClusterMessage, timeMs: number): NewLogRecord {
  const record = (eventName: string, body: AttributeValue): NewLogRecord => ({
    timeMs,
    severityNumber: SEVERITY_INFO,
    severityText: '',
    body,
    attributes: [['event.name', eventName]],
  });
  switch (message.kind) {
    case 'cluster':
      return record('karmada.cluster', JSON.stringify(message.state));
    case 'cluster-deleted':
      return record('karmada.cluster.deleted', message.name);
    case 'cluster-list':
      return record('karmada.cluster.list', message.names);
    default:
      throw new TypeError(`BUG: unknown cluster message ${JSON.stringify(message satisfies never)}`);
  }
}

const resourcesSchema = z.object({ cpuCores: z.number(), memoryBytes: z.number(), pods: z.number() });

const clusterStateSchema: z.ZodType<ClusterState> = z.object({
  name: z.string().min(1),
  id: z.string(),
  region: z.string(),
  provider: z.string(),
  zones: z.array(z.string()),
  syncMode: z.enum(['Push', 'Pull']),
  kubernetesVersion: z.string(),
  createdMs: z.number(),
  ready: z.object({
    status: z.enum(['True', 'False', 'Unknown']),
    reason: z.string(),
    message: z.string(),
    sinceMs: z.number(),
  }),
  taints: z.array(z.object({ key: z.string(), value: z.string(), effect: z.string() })),
  nodes: z.object({ total: z.number(), ready: z.number() }),
  allocatable: resourcesSchema,
  allocated: resourcesSchema,
});

function parseClusterState(body: AttributeValue): ClusterState {
  if (typeof body !== 'string')
    throw new SyntaxError('Cannot read karmada.cluster record: the body is not a string');
  let state: unknown;
  try {
    state = JSON.parse(body);
  } catch (cause) {
    throw new SyntaxError('Cannot read karmada.cluster record: the body is not JSON', { cause });
  }
  return parseBody(clusterStateSchema, state, 'karmada.cluster');
}

function parseBody<T>(schema: z.ZodType<T>, body: unknown, eventName: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new SyntaxError(`Cannot read ${eventName} record: ${path.join('.') || 'the body'}: ${message}`);
}
