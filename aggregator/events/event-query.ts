import type { ClusterEvent } from '../../model/event.ts';

/** One event as the hub answers it. */
export interface StoredEvent extends ClusterEvent {
  readonly cluster: string;
  /** When the hub received this state of it. */
  readonly receivedMs: number;
}

export interface EventQuery {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly kind?: string;
  readonly type?: string;
  readonly reason?: string;
  /** Part of the message, the reason or the object's name, in any case. */
  readonly text?: string;
  /** Both inclusive, by the event's own time. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly limit?: number;
  /** `next` of the page before. */
  readonly from?: string;
}

export interface EventPage {
  /** Newest first. */
  readonly events: readonly StoredEvent[];
  /** Set when there may be more: ask the same again with it as `from`. */
  readonly next: string | undefined;
}

/** Where an event is in the order of time. */
export interface EventKey {
  readonly timeMs: number;
  readonly cluster: string;
  readonly uid: string;
}

export const QUERY_LIMIT_DEFAULT = 100;
export const QUERY_LIMIT_MAX = 10_000;

/** Where a query starts, going back in time. Throws a SyntaxError when its `from` is none of ours. */
export function newestKey(query: EventQuery): EventKey {
  if (query.from !== undefined) return parseCursor(query.from);
  const timeMs = query.untilMs ?? Number.MAX_SAFE_INTEGER;
  return { timeMs, cluster: AFTER_ALL_TEXT, uid: AFTER_ALL_TEXT };
}

export function cursorOf({ timeMs, cluster, uid }: EventKey): string {
  return `${timeMs}/${cluster}/${uid}`;
}

/** The conditions that are no key of the store. */
export function eventMatcher(query: EventQuery): (event: StoredEvent) => boolean {
  const text = query.text?.toLowerCase();
  return ({ object, type, reason, message }) =>
    (query.namespace === undefined || object.namespace === query.namespace) &&
    (query.kind === undefined || object.kind === query.kind) &&
    (query.type === undefined || type === query.type) &&
    (query.reason === undefined || reason === query.reason) &&
    (text === undefined || `${reason}\n${object.name}\n${message}`.toLowerCase().includes(text));
}

/** After every cluster's name and every uid in the store's order. */
const AFTER_ALL_TEXT = '\uffff';

function parseCursor(cursor: string): EventKey {
  const match = /^(\d{1,15})\/([^/]*)\/(.*)$/.exec(cursor);
  if (!match) throw new SyntaxError(`Cannot go on from "${cursor}": take "next" of the page before`);
  return { timeMs: Number(match[1]), cluster: match[2]!, uid: match[3]! };
}
