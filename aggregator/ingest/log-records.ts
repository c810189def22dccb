import type { ClusterEvent } from '../../model/event.ts';
import type { LogRecord } from '../../model/otlp-logs.ts';
import { type ClusterMessage, parseRecord, type TypedRecord } from '../../model/otlp-records.ts';
import { type Identity, isClusterName } from '../identity/identity.ts';
import { boundedEvent } from './bounded-event.ts';
import type { PartRefusal } from './refusals.ts';

/** Records of one request by what is to be done with them. */
export interface SortedRecords {
  /** By the cluster they are of, in the order they came. */
  readonly events: ReadonlyMap<string, readonly ClusterEvent[]>;
  /** In the order they came: a list closes what stands before it. */
  readonly clusters: readonly ClusterMessage[];
  readonly accepted: number;
  readonly refused: readonly RefusedRecords[];
  /** Events whose sender claimed another cluster than its own; they are kept as its own. */
  readonly misattributed: number;
}

export interface RefusedRecords {
  readonly reason: PartRefusal;
  readonly count: number;
  /** Of the first one. */
  readonly problem: string;
}

type Decision =
  | {
      readonly kind: 'event';
      readonly cluster: string;
      readonly event: ClusterEvent;
      readonly claimedOther: boolean;
    }
  | { readonly kind: 'cluster'; readonly message: ClusterMessage }
  | { readonly kind: 'refused'; readonly reason: PartRefusal; readonly problem: string };

/** Who says it, and which clusters are members: what a decision about a record rests on. */
export interface RecordContext {
  readonly identity: Identity;
  readonly isMember: (cluster: string) => boolean;
}

/** Decides about every record, whose it is and whether the sender may say it. Pure. */
export function sortRecords(records: readonly LogRecord[], context: RecordContext): SortedRecords {
  const events = new Map<string, ClusterEvent[]>();
  const clusters: ClusterMessage[] = [];
  const refused = new Map<PartRefusal, RefusedRecords>();
  let misattributed = 0;
  for (const record of records) {
    const decision = decide(record, context);
    if (decision.kind === 'refused') {
      const { reason, problem } = refused.get(decision.reason) ?? decision;
      refused.set(reason, { reason, problem, count: (refused.get(reason)?.count ?? 0) + 1 });
    } else if (decision.kind === 'cluster') {
      clusters.push(decision.message);
    } else {
      const ofCluster = events.get(decision.cluster);
      if (ofCluster) ofCluster.push(decision.event);
      else events.set(decision.cluster, [decision.event]);
      if (decision.claimedOther) misattributed++;
    }
  }
  const refusals = [...refused.values()];
  const accepted = records.length - refusals.reduce((sum, { count }) => sum + count, 0);
  return { events, clusters, accepted, refused: refusals, misattributed };
}

function decide(record: LogRecord, context: RecordContext): Decision {
  let typed: TypedRecord;
  try {
    typed = parseRecord(record);
  } catch (error) {
    if (error instanceof SyntaxError) return refuse('malformed_record', error.message);
    throw error;
  }
  switch (typed.kind) {
    case 'event':
      return decideEvent(typed.cluster, typed.event, context);
    case 'other':
      return refuse(
        'malformed_record',
        'Cannot keep a log record that is neither a Kubernetes event nor a cluster',
      );
    default:
      return decideCluster(typed, context.identity);
  }
}

/**
 * A member's events are its own, whatever it says. The federation's identity may bring a member's, and a
 * trusted sender those of any cluster.
 */
function decideEvent(
  claimed: string,
  unbounded: ClusterEvent,
  { identity, isMember }: RecordContext,
): Decision {
  const event = boundedEvent(unbounded);
  if (!event) return refuse('malformed_record', 'Cannot keep an event: its uid is too long to be one');
  if (identity.cluster === undefined) {
    if (isClusterName(claimed)) return { kind: 'event', cluster: claimed, event, claimedOther: false };
    return refuse(
      'malformed_record',
      `Cannot keep an event of cluster "${claimed}": k8s.cluster.name is no name`,
    );
  }
  const isOwn = claimed === '' || claimed === identity.cluster;
  if (!isOwn && identity.federation && isMember(claimed))
    return { kind: 'event', cluster: claimed, event, claimedOther: false };
  return { kind: 'event', cluster: identity.cluster, event, claimedOther: !isOwn };
}

function decideCluster(message: ClusterMessage, identity: Identity): Decision {
  if (!identity.federation)
    return refuse(
      'forbidden_record',
      `Cannot take Karmada's clusters from "${identity.name}": only an identity with "federation: true" may tell of them`,
    );
  if (message.kind === 'cluster' && !isClusterName(message.state.name))
    return refuse('malformed_record', `Cannot keep a cluster named ${JSON.stringify(message.state.name)}`);
  return { kind: 'cluster', message };
}

function refuse(reason: PartRefusal, problem: string): Decision {
  return { kind: 'refused', reason, problem };
}
