import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreOpenError } from './open-error.ts';

/**
 * Keeps a second process off a storage directory. The lock is the kernel's (SQLite's exclusive file lock on
 * an empty database, the one way Node has to take one), so it ends with the process, however that dies, and
 * there is no stale lock to judge. Returns what releases it.
 */
export function lockDirectory(directory: string): () => void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw new StoreOpenError(`Cannot open the store in ${directory}: ${reason(error)}`, { cause: error });
  }
  const locked = database;
  return () => locked.close();
}

/** SQLite's code for a lock that another connection holds. */
const SQLITE_BUSY = 5;

function reason(error: unknown): string {
  if ((error as { errcode?: number }).errcode === SQLITE_BUSY)
    return 'another process has it open; stop that one or choose another directory with --storage.path';
  const message = error instanceof Error ? error.message : String(error);
  return `its file "lock" cannot be locked (${message}); the directory must be writable`;
}
