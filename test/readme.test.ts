import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, type StartedProcess, startProcess } from './processes.ts';

/** Every command that a document shows is run here, as it stands, but for ports and folders of its own. */
const root = resolve(import.meta.dirname, '..');
const main = join(root, 'main.ts');
const run = promisify(execFile);

/** Run by what is named, not here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm ci && npm start': 'test/demo.test.ts, with the same demo',
  'npm test': 'this is one of its tests',
};

const commands = ['README.md', 'CONTRIBUTING.md'].flatMap((document) =>
  [...readFileSync(join(root, document), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
    block!.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
  ),
);

let folder: string;
let hub: StartedProcess;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'karmascope-readme-'));
  cpSync(join(root, 'deploy/examples'), join(folder, 'deploy/examples'), { recursive: true });
  cpSync(join(root, 'alerts'), join(folder, 'alerts'), { recursive: true });
  url = `http://127.0.0.1:${await freePort()}`;
  hub = await startProcess(
    process.execPath,
    [
      main,
      'aggregator',
      `--storage.path=${join(folder, 'hub')}`,
      `--web.listen-address=${new URL(url).host}`,
    ],
    { readyUrl: `${url}/-/ready` },
  );
});

afterAll(async () => {
  await hub?.stop();
  rmSync(folder, { recursive: true });
});

test('documents show commands', () => {
  expect(commands.length).toBeGreaterThan(5);
  for (const command of commands) {
    if (!(command in ELSEWHERE)) expect(command).toMatch(/^npx karmascope /);
  }
});

const shown = commands
  .filter((command) => !(command in ELSEWHERE))
  .map((command) => command.replace('npx karmascope ', ''));

test.each(shown.filter((command) => !/^(aggregator|collector) /.test(command)))(
  'karmascope %s',
  async (command) => {
    const extra = /^(query|slo list)/.test(command) ? ['--server', url] : [];
    const { stdout } = await run(process.execPath, [main, ...words(command), ...extra], { cwd: folder });
    expect(stdout).not.toBe('');
  },
);

test.each(shown.filter((command) => /^(aggregator|collector) /.test(command)))(
  'karmascope %s',
  async (command) => {
    const own = `127.0.0.1:${await freePort()}`;
    const started = await startProcess(
      process.execPath,
      [main, ...words(command), `--web.listen-address=${own}`],
      {
        cwd: folder,
        readyUrl: `http://${own}/-/healthy`,
      },
    );
    await started.stop();
    expect(started.process.exitCode, started.output()).toBe(0);
  },
);

/** Splits as a shell does, for words and single quotes. */
function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
}
