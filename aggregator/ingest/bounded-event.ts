import type { ClusterEvent } from '../../model/event.ts';

/** Kubernetes' own bounds are 36 for a UID, 253 for names, 128 for a reason and 1,024 for a message. */
const UID_CHARS_MAX = 128;
const NAME_CHARS_MAX = 253;
const MESSAGE_CHARS_MAX = 4_096;

/**
 * An event whose texts fit the store's keys and pages: longer ones, which no Kubernetes writes, are cut.
 * Undefined when the uid, which is its identity, is too long to be one.
 */
export function boundedEvent(event: ClusterEvent): ClusterEvent | undefined {
  if (event.uid.length > UID_CHARS_MAX) return undefined;
  const { object } = event;
  return {
    ...event,
    resourceVersion: cut(event.resourceVersion, UID_CHARS_MAX),
    type: cut(event.type, NAME_CHARS_MAX),
    reason: cut(event.reason, NAME_CHARS_MAX),
    message: cut(event.message, MESSAGE_CHARS_MAX),
    component: cut(event.component, NAME_CHARS_MAX),
    object: {
      apiVersion: cut(object.apiVersion, NAME_CHARS_MAX),
      kind: cut(object.kind, NAME_CHARS_MAX),
      namespace: cut(object.namespace, NAME_CHARS_MAX),
      name: cut(object.name, NAME_CHARS_MAX),
      uid: cut(object.uid, UID_CHARS_MAX),
    },
  };
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : text.slice(0, charsMax);
}
