import type { Clock } from '../runtime/clock.ts';
import { sleep } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { EventStore } from './events/event-store.ts';
import type { ClusterRegistry } from './registry/registry.ts';

/** What a kill -9 may take from the registry's memory of who was last heard when. */
const PERSIST_INTERVAL_MS = 15_000;
/** Events are trimmed a few thousand at a time, so that it never takes long. */
const TRIM_INTERVAL_MS = 60_000;

/** Regular work that nobody waits for. Resolves its stop when what is running has ended. */
export function keepHouse({
  registry,
  events,
  clock,
  logger,
}: {
  registry: ClusterRegistry;
  events: EventStore;
  clock: Clock;
  logger: Logger;
}): () => Promise<void> {
  const abort = new AbortController();
  const every = async (intervalMs: number, what: string, run: () => Promise<unknown>) => {
    while (!abort.signal.aborted) {
      await sleep(clock, intervalMs, abort.signal);
      if (abort.signal.aborted) return;
      await run().catch((error: unknown) => logger.error({ err: error }, `Cannot ${what}`));
    }
  };
  const running = [
    every(PERSIST_INTERVAL_MS, 'write down the cluster registry', () => registry.persist()),
    every(TRIM_INTERVAL_MS, 'trim events', async () => {
      while (!abort.signal.aborted && (await events.trim()) > 0);
    }),
  ];
  return async () => {
    abort.abort();
    await Promise.all(running);
  };
}
