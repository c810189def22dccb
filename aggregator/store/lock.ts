import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Keeps a second process off a storage directory. The lock is the kernel's (SQLite's exclusive file lock on
 * an empty database, the one way Node has to take one), so it ends with the process, however that dies, and
 * there is no stale lock to judge. Returns what releases it.
 */
export function lockDirectory(directory: string): () => void {
  const database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw new Error(
      `Cannot open the store in ${directory}: another process has it open; stop that one or choose another directory with --storage.path`,
      { cause: error },
    );
  }
  return () => database.close();
}
