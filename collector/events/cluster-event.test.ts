import { describe, expect, it } from 'vitest';
import { severityOf } from '../../model/otlp-records.ts';
import { recordedList } from '../../test/recorded-api.ts';
import { type EventObject, toClusterEvent } from './cluster-event.ts';

const object: EventObject = {
  metadata: {
    name: 'cart.18ea56a2',
    uid: 'u1',
    resourceVersion: '917',
    creationTimestamp: '2026-11-22T10:17:39Z',
  },
  type: 'Normal',
  reason: 'SyncSucceed',
  message: 'done',
  involvedObject: {
    kind: 'Work',
    namespace: 'karmada-es-prod-ap-1',
    name: 'cart',
    uid: 'w1',
    apiVersion: 'v1',
  },
};
const at = (time: string) => Date.parse(`2026-11-22T${time}Z`);

describe('toClusterEvent()', () => {
  it("reads an event in the style of Karmada's recorders", () => {
    expect(
      toClusterEvent({
        ...object,
        count: 5,
        firstTimestamp: '2026-11-22T10:17:39Z',
        lastTimestamp: '2026-11-22T10:20:01Z',
        eventTime: null,
        source: { component: 'execution-controller' },
        reportingComponent: '',
      }),
    ).toEqual({
      uid: 'u1',
      resourceVersion: '917',
      type: 'Normal',
      reason: 'SyncSucceed',
      message: 'done',
      count: 5,
      timeMs: at('10:20:01'),
      firstTimeMs: at('10:17:39'),
      object: { apiVersion: 'v1', kind: 'Work', namespace: 'karmada-es-prod-ap-1', name: 'cart', uid: 'w1' },
      component: 'execution-controller',
    });
  });

  it('reads an event in the style of events.k8s.io, before and after it repeats', () => {
    const scheduled: EventObject = {
      ...object,
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: '2026-11-22T10:18:00.123456Z',
      source: {},
      reportingComponent: 'default-scheduler',
    };
    const once = { count: 1, timeMs: at('10:18:00.123'), firstTimeMs: at('10:18:00.123') };
    expect(toClusterEvent(scheduled)).toMatchObject({ ...once, component: 'default-scheduler' });
    const series = { count: 3, lastObservedTime: '2026-11-22T10:19:00.000001Z' };
    expect(toClusterEvent({ ...scheduled, series })).toMatchObject({
      count: 3,
      timeMs: at('10:19:00'),
      firstTimeMs: at('10:18:00.123'),
    });
  });

  it('falls back to the creation for an event without any time', () => {
    expect(toClusterEvent(object)).toMatchObject({
      timeMs: at('10:17:39'),
      firstTimeMs: at('10:17:39'),
      count: 1,
    });
  });

  it('shortens a message that is longer than any recorder of Kubernetes writes', () => {
    const { message } = toClusterEvent({ ...object, message: 'x'.repeat(100_000) })!;
    expect(message).toHaveLength(2_048);
    expect(message.endsWith('x…')).toBe(true);
  });

  it.each([
    ['no reason', { ...object, reason: '' }],
    ['no object', { ...object, involvedObject: {} }],
    ['no time', { ...object, metadata: { name: 'n', uid: 'u', resourceVersion: '1' } }],
  ])('leaves out an event with %s', (_, incomplete) => {
    expect(toClusterEvent(incomplete)).toBeUndefined();
  });

  const servers = ['karmada-apiserver', 'kube-apiserver.prod-eu-1', 'kube-apiserver.prod-ap-1'];
  const lists = servers.map((server) => recordedList<EventObject>('final', server, 'events.json.gz'));
  it.skipIf(!lists[0])('reads every event that the recorded federation has', () => {
    for (const objects of lists) {
      const events = objects!.map((recorded) => toClusterEvent(recorded)!);
      expect(events.every((event) => event.count >= 1 && event.timeMs >= event.firstTimeMs)).toBe(true);
      expect(events.filter((event) => event.component === '')).toEqual([]);
    }
    const unhealthy = lists[0]!.find((recorded) => recorded.message?.includes('as unhealthy'))!;
    expect(unhealthy.type).toBe('Normal');
    expect(severityOf(toClusterEvent(unhealthy)!)).toBe(13);
  });
});
