import { Counter } from 'prom-client';
import type { ClusterEvent } from '../../model/event.ts';
import { type ClusterMessage, encodeClusters, encodeEvents } from '../../model/otlp-records.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Registry } from '../../runtime/metrics.ts';
import type { PushConfig } from './config.ts';
import { HubClient, type HubState } from './hub-client.ts';
import { LogSender, type RecordOutcome } from './log-sender.ts';
import type { SampleSink } from './sample-queue.ts';
import { SampleSender } from './sample-sender.ts';

/** A stop sends what waits, but a hub that is away must not hold the process longer than a pod's grace. */
const FLUSH_MS = 5_000;
/** An event is about 1 KB here. Karmada's API keeps one hour: 6,000 objects with 36 workloads. */
const EVENTS_MAX = 20_000;
/** States of clusters that wait, one for each cluster; more clusters than any federation has. */
const CLUSTER_MESSAGES_MAX = 10_000;

/** Everything that leaves for the hub. Nothing here waits: what cannot be queued is dropped and counted. */
export interface Push {
  readonly samples: SampleSink;
  /** Events of a cluster; the same event again replaces one that still waits. */
  pushEvents(events: Iterable<ClusterEvent>, cluster: string): void;
  /** From the host's collector only. */
  pushClusters(messages: Iterable<ClusterMessage>): void;
  readonly hub: HubState;
  /** Sends what waits, for some seconds. */
  stop(): Promise<void>;
}

export interface PushOptions {
  readonly config: PushConfig;
  /** The cluster this collector runs in. */
  readonly cluster: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly random: () => number;
}

export function startPush(options: PushOptions): Push {
  const { config, cluster, clock, registry } = options;
  const client = new HubClient(options);
  const samples = new SampleSender({
    client,
    clock,
    registry,
    queueSamples: config.queue_samples,
  });
  const events = new LogSender<{ event: ClusterEvent; cluster: string }>({
    client,
    capacity: EVENTS_MAX,
    encode: (records) => encodeEvents(records),
    onOutcome: countRecords(registry, 'events', 'Events'),
  });
  const clusters = new LogSender<ClusterMessage>({
    client,
    capacity: CLUSTER_MESSAGES_MAX,
    encode: (messages) => encodeClusters(messages, { cluster, timeMs: clock.now() }),
    onOutcome: countRecords(registry, 'cluster_messages', "States of Karmada's clusters"),
  });
  return {
    samples,
    pushEvents: (batch, of) => {
      for (const event of batch) events.push(`${of} ${event.uid}`, { event, cluster: of });
    },
    pushClusters: (messages) => {
      for (const message of messages) clusters.push(clusterKey(message), message);
    },
    get hub() {
      return client.state;
    },
    stop: async () => {
      const deadline = new AbortController();
      const cancel = clock.after(FLUSH_MS, () => deadline.abort());
      await Promise.all([
        samples.stop(FLUSH_MS),
        events.stop(deadline.signal),
        clusters.stop(deadline.signal),
      ]);
      cancel();
    },
  };
}

/** What is said of one cluster replaces what was said of it before; a list replaces the list before. */
function clusterKey(message: ClusterMessage): string {
  switch (message.kind) {
    case 'cluster':
      return `cluster ${message.state.name}`;
    case 'cluster-deleted':
      return `cluster ${message.name}`;
    case 'cluster-list':
      return 'list';
    default:
      throw new TypeError(`BUG: unknown cluster message ${JSON.stringify(message satisfies never)}`);
  }
}

function countRecords(registry: Registry, name: string, what: string) {
  const counter = new Counter({
    name: `karmascope_collector_${name}_total`,
    help: `${what} by what became of them: sent, dropped here (queue full, or not sent before the end), refused by the hub.`,
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of ['sent', 'dropped', 'refused']) counter.inc({ outcome }, 0);
  return (outcome: RecordOutcome, records: number) => counter.inc({ outcome }, records);
}
