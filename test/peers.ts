import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A program of the newer peers (Prometheus 3, Alertmanager, VictoriaMetrics), or undefined. The folder they
 * were unpacked in is named by `KARMASCOPE_PEERS`; Debian's own packages are older.
 */
export function peer(name: string): string | undefined {
  const folder = process.env['KARMASCOPE_PEERS'];
  if (folder === undefined || folder === '') return undefined;
  return [join(folder, name), join(folder, 'usr', 'bin', name)].find((path) => existsSync(path));
}
