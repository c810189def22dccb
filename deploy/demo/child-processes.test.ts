import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../../runtime/logger.ts';
import { ChildProcesses } from './child-processes.ts';

let folder: string;
let children: ChildProcesses;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'karmascope-children-'));
  children = new ChildProcesses(createLogger('silent'));
});
afterEach(async () => {
  await children.stopAll('');
  rmSync(folder, { recursive: true });
});

function script(name: string, code: string): string {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, code);
  return path;
}

/** Starts a program that prints its id and stays. */
function startStaying(name: string, code = ''): Promise<number> {
  const path = script(name, `${code}; console.log(process.pid); setInterval(() => {}, 1000);`);
  return new Promise((resolve) => children.startNode(name, path, [], (line) => resolve(Number(line))));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a child that ends by itself fails the demo, with its name, its code and its last words', async () => {
  children.startNode(
    'collector prod-eu-1',
    script('failing', "console.error('no hub'); process.exit(3);"),
    [],
  );
  await expect(children.failed).rejects.toThrow(
    "The demo's collector prod-eu-1 ended with 3; it said last:\n  no hub",
  );
  expect(children.isRunning('collector prod-eu-1')).toBe(false);
});

test('a command that is not there fails the demo', async () => {
  children.start({ name: 'alertmanager', command: join(folder, 'none'), args: [] });
  await expect(children.failed).rejects.toThrow(/The demo's alertmanager cannot be run: spawn .*ENOENT/);
});

test('kill() ends a child at once and is no failure; it can be started again', async () => {
  const pid = await startStaying('collector');
  await children.kill('collector');
  expect(isAlive(pid)).toBe(false);
  expect(await startStaying('collector')).not.toBe(pid);
  await expect(Promise.race([children.failed, Promise.resolve('still well')])).resolves.toBe('still well');
});

test('stopAll() asks with SIGTERM, senders before receivers, and leaves nobody', async () => {
  const ended = join(folder, 'ended');
  const code = (name: string) => `import { appendFileSync } from 'node:fs';
    process.once('SIGTERM', () => { appendFileSync(${JSON.stringify(ended)}, '${name} '); process.exit(0); })`;
  const pids = [];
  for (const name of ['hub', 'collector-1', 'alertmanager', 'collector-2'])
    pids.push(await startStaying(name, code(name)));
  await children.stopAll('collector');
  expect(pids.map(isAlive)).toEqual([false, false, false, false]);
  const order = readFileSync(ended, 'utf8').trim().split(' ');
  expect(order.slice(0, 2).sort()).toEqual(['collector-1', 'collector-2']);
  expect(order.slice(2).sort()).toEqual(['alertmanager', 'hub']);
});

test('a child ends when the demo is killed and can tell it nothing', async () => {
  const child = script('child', 'console.log(process.pid); setInterval(() => {}, 1000);');
  const parent = script(
    'parent',
    `import { ChildProcesses } from ${JSON.stringify(fileURLToPath(new URL('./child-processes.ts', import.meta.url)))};
    import { createLogger } from ${JSON.stringify(fileURLToPath(new URL('../../runtime/logger.ts', import.meta.url)))};
    new ChildProcesses(createLogger('silent')).startNode('child', ${JSON.stringify(child)}, [], (line) => console.log(line));`,
  );
  const demo = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = Number(String((await once(demo.stdout, 'data'))[0]).trim());
  expect(isAlive(pid)).toBe(true);
  demo.kill('SIGKILL');
  await once(demo, 'exit');
  await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
});
