import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeDirectory } from './directory.ts';

const folder = mkdtempSync(join(tmpdir(), 'karmascope-directory-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('makeDirectory() makes a folder with its parents, and takes one that is there', () => {
  makeDirectory(join(folder, 'a/b/c'));
  makeDirectory(join(folder, 'a/b/c'));
  expect(statSync(join(folder, 'a/b/c')).isDirectory()).toBe(true);
});

test('makeDirectory() says why and the way out where none can be made', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => makeDirectory(join(folder, 'file'))).toThrow(
    /^Cannot use the folder .*file: EEXIST; choose another/,
  );
  expect(() => makeDirectory(join(folder, 'file/x'))).toThrow(/EEXIST|ENOTDIR/);
  expect(() => makeDirectory('/proc/nope/x')).toThrow(/^Cannot use the folder \/proc\/nope\/x: /);
});
