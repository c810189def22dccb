import { type Database, type Key, open, type RootDatabase } from 'lmdb';

/** lmdb reserves a slot for each named database; there are about ten. */
const DATABASES_MAX = 32;
/** After a failed write lmdb may wait for ever for a flush that will not come. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface StateDatabase {
  readonly root: RootDatabase;
  close(): Promise<void>;
}

/** Opens the folder of what changes in place, and makes it when it is missing. */
export function openStateDatabase(path: string): StateDatabase {
  // lmdb batches the writes of an event turn under a promise of its own that nobody can catch: when the disk
  // is full its rejection would end the process. Here every write is a transaction anyway.
  const root = open({ path, maxDbs: DATABASES_MAX, eventTurnBatching: false });
  return {
    root,
    close: async () => {
      let giveUp: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        giveUp = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      });
      await Promise.race([root.close(), timeout]);
      clearTimeout(giveUp);
    },
  };
}

/**
 * Runs changes, to any databases of the same folder, as one transaction. Resolves when they are on disk;
 * rejects when they cannot be written, and then none of them is there. `change` must not throw.
 */
export async function commitDurably<V, K extends Key>(
  database: Database<V, K>,
  change: () => void,
): Promise<void> {
  try {
    // Committed means visible; only flushed means durable.
    await database.transaction(change);
    await database.flushed;
  } catch (error) {
    throw await causeOf(error);
  }
}

/** lmdb's own error only points to the cause, as a promise that must be caught. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<never> };
  if (!commitError) return error;
  return commitError.catch((cause: unknown) => cause);
}
