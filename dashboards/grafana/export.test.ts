import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exportDashboards, renderDashboards } from './export.ts';

const committed = (name: string) => readFile(new URL(name, import.meta.url), 'utf8');

test('exportDashboards() changes nothing that is committed', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'karmascope-dashboards-'));
  try {
    const written = await exportDashboards(join(dir, 'new', 'folder'));
    expect(written).toEqual([join(dir, 'new', 'folder', 'fleet.json')]);
    for (const path of written) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      expect(await readFile(path, 'utf8'), `${name} is out of date: export it again`).toBe(
        await committed(name),
      );
    }
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('renderDashboards() gives the same bytes each time', () => {
  expect([...renderDashboards()]).toEqual([...renderDashboards()]);
});
