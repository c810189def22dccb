import type { ClusterEvent } from '../../model/event.ts';
import type { KubernetesObject } from '../../runtime/kubernetes-list.ts';

/** An Event of core/v1, which serves those written by way of events.k8s.io as well. */
export interface EventObject extends KubernetesObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number | null;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string | null } | null;
  readonly source?: { readonly component?: string };
  readonly reportingComponent?: string;
  readonly involvedObject?: {
    readonly apiVersion?: string;
    readonly kind?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly uid?: string;
  };
}

/** Kubernetes' own recorders write at most 1,024; others are not held to it. */
const MESSAGE_CHARACTERS_MAX = 2_048;

/**
 * An event as the hub keeps it. There are two styles of recorders: Karmada's and most others count in `count`
 * and set first and last timestamp; kube-scheduler's sets only `eventTime`, and `series` when it repeats.
 * Undefined when the object does not say what happened to what, or when.
 */
export function toClusterEvent(object: EventObject): ClusterEvent | undefined {
  const { metadata, series, involvedObject: about } = object;
  const timeMs = firstTime(
    series?.lastObservedTime,
    object.lastTimestamp,
    object.eventTime,
    metadata.creationTimestamp,
  );
  if (timeMs === undefined || !object.reason || !about?.kind || !metadata.uid) return undefined;
  return {
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    type: object.type || 'Normal',
    reason: object.reason,
    message: shortened(object.message ?? ''),
    count: Math.max(1, object.count ?? 0, series?.count ?? 0),
    timeMs,
    firstTimeMs: firstTime(object.firstTimestamp, object.eventTime, metadata.creationTimestamp) ?? timeMs,
    object: {
      apiVersion: about.apiVersion ?? '',
      kind: about.kind,
      namespace: about.namespace ?? '',
      name: about.name ?? '',
      uid: about.uid ?? '',
    },
    component: object.source?.component || object.reportingComponent || '',
  };
}

function firstTime(...times: readonly (string | null | undefined)[]): number | undefined {
  for (const time of times) {
    const ms = Date.parse(time ?? '');
    if (ms > 0) return ms;
  }
  return undefined;
}

function shortened(message: string): string {
  if (message.length <= MESSAGE_CHARACTERS_MAX) return message;
  return `${message.slice(0, MESSAGE_CHARACTERS_MAX - 1)}…`;
}
