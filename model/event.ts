/**
 * One Kubernetes event as the hub keeps it: the same object seen again replaces the earlier one, with a
 * higher count.
 */
export interface ClusterEvent {
  /** UID of the Event object: with the cluster, its identity. */
  readonly uid: string;
  /** resourceVersion of the Event object when it was seen. */
  readonly resourceVersion: string;
  readonly type: 'Normal' | 'Warning' | (string & {});
  readonly reason: string;
  readonly message: string;
  /** Occurrences so far; an absent count of the object is 1. */
  readonly count: number;
  /** series.lastObservedTime, else lastTimestamp, else eventTime, else creation; milliseconds. */
  readonly timeMs: number;
  readonly firstTimeMs: number;
  /** What the event is about. */
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  /** source.component, else reportingController. Unbounded for LeaderElection events: never a label. */
  readonly component: string;
}
