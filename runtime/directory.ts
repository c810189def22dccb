import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** A folder cannot be made or written to; the message says which and the way out. */
export class DirectoryError extends Error {}

/**
 * Makes a folder with its parents, and proves that it can be written to. One after the other, because Node's
 * recursive form never returns where a file system refuses new entries with "no such file" (as /proc does).
 */
export function makeDirectory(path: string): void {
  try {
    makeEach(resolve(path));
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new DirectoryError(
      `Cannot use the folder ${path}: ${code ?? message}; choose another, or give this user the right to write there`,
      { cause: error },
    );
  }
}

function makeEach(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path) makeEach(parent);
  mkdirSync(path);
}
