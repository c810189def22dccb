import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commitDurably, openStateDatabase } from './state-database.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('what was committed is there when the folder is opened again', async () => {
  const first = openStateDatabase(join(folder, 'state'));
  const names = first.root.openDB<string, string>({ name: 'names' });
  const counts = first.root.openDB<number, string>({ name: 'counts' });
  await commitDurably(names, () => {
    void names.put('a', 'one');
    void counts.put('a', 1);
  });
  await first.close();
  const second = openStateDatabase(join(folder, 'state'));
  expect(second.root.openDB({ name: 'names' }).get('a')).toBe('one');
  expect(second.root.openDB({ name: 'counts' }).get('a')).toBe(1);
  await second.close();
});

/**
 * A program of its own whose files may not grow beyond 256 KiB: writes until it cannot, and goes on. A limit on
 * file size stands in for a full disk, because it needs no privileges.
 */
const PROGRAM = `
const { commitDurably, openStateDatabase } = await import(process.argv[1]);
const state = openStateDatabase(process.argv[2]);
const database = state.root.openDB({ name: 'fill' });
let committed = 0, errors = [];
const write = () => commitDurably(database, () => {
  for (let i = 0; i < 50; i++) void database.put('key ' + (50 * committed + i), 'x'.repeat(500));
});
for (let round = 0; round < 20; round++) await write().then(() => committed++, (error) => errors.push(error.code));
console.log(JSON.stringify({ committed, failed: errors.length, code: errors[0], stored: database.getStats().entryCount }));
await state.close();
`;

test('a full disk rejects, leaves what is there whole, and ends neither the process nor the data', async () => {
  const module = new URL('./state-database.ts', import.meta.url).href;
  const limited = 'trap \'\' XFSZ; ulimit -f 512; exec "$0" "$@"';
  const args = [
    '-c',
    limited,
    process.execPath,
    '--input-type=module',
    '-e',
    PROGRAM,
    module,
    join(folder, 'state'),
  ];
  const output = execFileSync('/bin/sh', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const { committed, failed, code, stored } = JSON.parse(output) as Record<string, number>;
  expect(committed).toBeGreaterThan(0);
  expect(failed).toBe(20 - committed!);
  expect(failed).toBeGreaterThan(0);
  expect(code).toBeDefined();
  expect(stored).toBe(50 * committed!);

  const after = openStateDatabase(join(folder, 'state'));
  const database = after.root.openDB<string, string>({ name: 'fill' });
  await commitDurably(database, () => void database.put('one more', 'x'));
  expect(database.getStats()).toMatchObject({ entryCount: stored! + 1 });
  await after.close();
});
