import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const shared = resolve(process.env['KARMASCOPE_SHARED'] ?? join(checkout, '..', 'shared'));

/**
 * A file or folder of the shared recordings and goldens, or undefined where this machine has none: the test
 * then skips and says what it skipped. `KARMASCOPE_SHARED` names the folder; the default is `../shared`.
 */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(shared, ...parts);
  return existsSync(path) ? path : undefined;
}

/**
 * A program of the machine (Debian's `prometheus`, `chromium`, …), or undefined. In continuous integration
 * every program is installed, so there a missing one is a failure and not a skip.
 */
export function program(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const path = join(folder, name);
    if (folder !== '' && existsSync(path)) return path;
  }
  if (process.env['CI'] === 'true')
    throw new Error(`Cannot run the tests of ${name}: it is not installed, and CI=true asks for all`);
  return undefined;
}
