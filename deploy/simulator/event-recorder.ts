import type { Clock } from '../../runtime/clock.ts';
import type { KubernetesObject, ObjectStore } from './object-store.ts';
import type { Random } from './random.ts';

export interface RecordedEvent {
  /** The object the event is about. */
  about: { kind: string; namespace?: string; name: string; uid: string; apiVersion: string };
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  component: string;
}

/** An API server keeps an Event for one hour. */
const EVENT_TTL_MS = 3_600_000;

/** More than the busiest hour here (a lost region with 40 workloads writes about 300 Events). */
const EVENTS_MAX = 5_000;

/** Writes Events into a store as client-go's recorders do: the same event again counts up, it is not a second. */
export class EventRecorder {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #random: Random;
  /** What makes two events the same, to the Event's place in the store; the oldest first. */
  readonly #known = new Map<string, { namespace: string; name: string; writtenMs: number }>();

  constructor(store: ObjectStore, clock: Clock, random: Random) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
  }

  /** The older style of almost all components: count, firstTimestamp and lastTimestamp. */
  record(event: RecordedEvent): void {
    const nowMs = this.#clock.now();
    this.#expire(nowMs);
    const time = wholeSeconds(nowMs);
    const same = JSON.stringify(event);
    const known = this.#known.get(same);
    if (known) {
      this.#known.delete(same);
      this.#known.set(same, { ...known, writtenMs: nowMs });
      this.#store.update('events', known.namespace, known.name, (old) => ({
        ...old,
        lastTimestamp: time,
        count: Number(old['count']) + 1,
      }));
      return;
    }
    this.#add(same, event, {
      source: { component: event.component },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type: event.type,
      eventTime: null,
      reportingComponent: event.component,
      reportingInstance: '',
    });
  }

  /** The newer style of kube-scheduler: eventTime only, no count, an empty source. */
  recordNewStyle(event: RecordedEvent, action: string, instance: string): void {
    const nowMs = this.#clock.now();
    this.#expire(nowMs);
    this.#add(`${JSON.stringify(event)}${nowMs}`, event, {
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      type: event.type,
      eventTime: microTime(nowMs),
      action,
      reportingComponent: event.component,
      reportingInstance: instance,
    });
  }

  #add(same: string, event: RecordedEvent, rest: Record<string, unknown>): void {
    const nowMs = this.#clock.now();
    // Events of cluster-scoped objects live in `default`; the name ends in the time in nanoseconds, in hex.
    const namespace = event.about.namespace ?? 'default';
    const name = `${event.about.name}.${(BigInt(nowMs) * 1_000_000n + BigInt(this.#random.integer(0, 999_999))).toString(16)}`;
    const object: KubernetesObject = {
      kind: 'Event',
      apiVersion: 'v1',
      metadata: { name, namespace, uid: this.#random.uid(), creationTimestamp: wholeSeconds(nowMs) },
      involvedObject: event.about,
      reason: event.reason,
      message: event.message,
      ...rest,
    };
    this.#known.set(same, { namespace, name, writtenMs: nowMs });
    this.#store.put('events', object);
  }

  #expire(nowMs: number): void {
    for (const [same, { namespace, name, writtenMs }] of this.#known) {
      if (nowMs - writtenMs < EVENT_TTL_MS && this.#known.size < EVENTS_MAX) return;
      this.#known.delete(same);
      this.#store.remove('events', namespace, name);
    }
  }
}

/** Kubernetes writes most times without fractions. */
export function wholeSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

export function microTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
