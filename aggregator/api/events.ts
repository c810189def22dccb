import type { Clock } from '../../runtime/clock.ts';
import type { EventPage, EventQuery, StoredEvent } from '../events/event-store.ts';
import { invalidParameter, withParameter } from './api-error.ts';
import type { ApiRequest } from './endpoint.ts';
import { type ApiAnswer, toJson } from './envelope.ts';
import { type Parameters, parseLimit } from './parameters.ts';
import { parseDurationMs, parseTimeMs } from './time-parameters.ts';

/** Where events are looked up. */
export interface EventSource {
  query(query: EventQuery): Promise<EventPage>;
}

/**
 * `/api/v1/events?cluster=&namespace=&kind=&type=&reason=&q=&since=&until=&limit=&from=`: Kubernetes events of
 * all clusters, newest first. `q` is text in message, reason or name. `since` and `until` are times, or durations
 * back from now (`since=1h`). Where `data.next` is set there may be more: ask the same again with it as `from`.
 */
export async function events(
  { source, clock }: { source: EventSource; clock: Clock },
  { parameters }: ApiRequest,
): Promise<ApiAnswer> {
  const limit = parseLimit(parameters);
  const nowMs = clock.now();
  const query: EventQuery = {
    ...given('cluster', parameters.get('cluster')),
    ...given('namespace', parameters.get('namespace')),
    ...given('kind', parameters.get('kind')),
    ...given('type', parameters.get('type')),
    ...given('reason', parameters.get('reason')),
    ...given('text', parameters.get('q')),
    ...given('sinceMs', timeOrAge(parameters, 'since', nowMs)),
    ...given('untilMs', timeOrAge(parameters, 'until', nowMs)),
    ...given('limit', limit === 0 ? undefined : limit),
    ...given('from', parameters.get('from')),
  };
  let page: EventPage;
  try {
    page = await source.query(query);
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidParameter('from', error.message);
    throw error;
  }
  const next = page.next === undefined ? {} : { next: page.next };
  return { data: [toJson({ events: page.events.map(eventJson), ...next })] };
}

function eventJson(event: StoredEvent): object {
  const { cluster, type, reason, message, count, object, component } = event;
  return {
    cluster,
    time: time(event.timeMs),
    firstTime: time(event.firstTimeMs),
    receivedTime: time(event.receivedMs),
    type,
    reason,
    message,
    count,
    object,
    component,
    uid: event.uid,
  };
}

function timeOrAge(parameters: Parameters, name: string, nowMs: number): number | undefined {
  const text = parameters.get(name);
  if (text === '') return undefined;
  // A bare number is a time, so an age needs its unit.
  if (/^\d+[a-z]/.test(text)) return nowMs - withParameter(name, () => parseDurationMs(text));
  return withParameter(name, () => parseTimeMs(text));
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

function given<Key extends keyof EventQuery>(
  key: Key,
  value: EventQuery[Key] | undefined,
): { [K in Key]?: Exclude<EventQuery[Key], undefined> } {
  if (value === undefined || value === '') return {};
  return { [key]: value } as { [K in Key]?: Exclude<EventQuery[Key], undefined> };
}
