import { type Clock, sleep } from '../../runtime/clock.ts';

const POLL_INTERVAL_MS = 250;
const REQUEST_TIMEOUT_MS = 5_000;

/** A member that Karmada calls Ready and that the hub has heard of lately: a green tile. */
const GREEN = `
  max by (cluster) (karmada_cluster_status_condition{condition="Ready",status="true"}) == 1
    and on (cluster)
  time() - max by (cluster) (karmascope_aggregator_cluster_last_received_timestamp_seconds) < 30`;

/** Waits until the hub says that it is ready; returns early when the demo stops. */
export function waitForHub(url: string, clock: Clock, signal: AbortSignal): Promise<void> {
  return poll(clock, signal, async () => (await fetch(`${url}/-/ready`, within(signal))).ok);
}

/** Waits until one member is green on the hub. */
export function waitForFirstGreen(url: string, clock: Clock, signal: AbortSignal): Promise<void> {
  return poll(clock, signal, async () => (await greenClusters(url, signal)).length > 0);
}

/** Names of the members that are green now. */
export async function greenClusters(url: string, signal?: AbortSignal): Promise<string[]> {
  const response = await fetch(
    `${url}/api/v1/query?${new URLSearchParams({ query: GREEN })}`,
    within(signal),
  );
  const answer = (await response.json()) as { data?: { result: { metric: Record<string, string> }[] } };
  return (answer.data?.result ?? []).map(({ metric }) => metric['cluster'] ?? '').sort();
}

async function poll(clock: Clock, signal: AbortSignal, done: () => Promise<boolean>): Promise<void> {
  while (!signal.aborted) {
    // A hub that is starting refuses connections or answers 503; both mean: not yet.
    if (await done().catch(() => false)) return;
    await sleep(clock, POLL_INTERVAL_MS, signal);
  }
}

function within(signal: AbortSignal | undefined): RequestInit {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  return { signal: signal ? AbortSignal.any([signal, timeout]) : timeout };
}
