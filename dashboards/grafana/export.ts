import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fleetDashboard } from './fleet.ts';

/** Every dashboard by the name of its file. */
const DASHBOARDS = { fleet: fleetDashboard } as const;

/** The files' contents by name; the same input gives the same bytes. */
export function renderDashboards(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [name, build] of Object.entries(DASHBOARDS))
    files.set(`${name}.json`, `${JSON.stringify(build(), null, 2)}\n`);
  return files;
}

/** Writes every dashboard into the folder, which is made if need be; returns the paths written, in order. */
export async function exportDashboards(dir: string): Promise<string[]> {
  await mkdir(dir, { recursive: true });
  const written: string[] = [];
  for (const [name, text] of renderDashboards()) {
    const path = join(dir, name);
    await writeFile(path, text);
    written.push(path);
  }
  return written;
}
