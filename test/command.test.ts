import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const main = resolve(import.meta.dirname, '../main.ts');

function karmascope(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test.each([
  'aggregator',
  'collector',
  'demo',
  'check-config',
  'check-rules',
  'query',
  'dashboards',
  'slo',
  'version',
])('karmascope %s --help says what it takes', async (command) => {
  const { code, stdout } = await karmascope(command, '--help');
  expect(code).toBe(0);
  expect(stdout).toContain(`Usage: karmascope ${command}`);
});

test.each([
  ['no command', []],
  ['an unknown command', ['agregator']],
  ['an unknown flag', ['aggregator', '--storage.pth=x']],
  ['a missing flag', ['collector']],
  ['a value that is none of those there are', ['query', 'up', '-o', 'xml']],
  ['a number that is none', ['demo', '--nodes', '0']],
  ['a config that cannot be read', ['aggregator', '--config.file=/nowhere.yaml']],
])('%s ends with 2', async (_, args) => {
  const { code, stderr } = await karmascope(...args);
  expect(code, stderr).toBe(2);
  expect(stderr).not.toBe('');
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('a folder that cannot be made ends with 1 and the way out', async () => {
  const { code, stderr } = await karmascope(
    'aggregator',
    '--web.listen-address=127.0.0.1:0',
    '--storage.path=/proc/nope',
  );
  expect(code).toBe(1);
  expect(stderr).toContain('Cannot use the folder /proc/nope');
});

test('a hub that cannot be asked ends with 1', async () => {
  const { code, stderr } = await karmascope('query', 'up', '--server', 'http://127.0.0.1:1');
  expect(code).toBe(1);
  expect(stderr).toContain('127.0.0.1:1');
});

test('karmascope version prints the version', async () => {
  const { code, stdout } = await karmascope('version');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^karmascope \d+\.\d+\.\d+ \(node v\d+/);
});
