import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Assets } from './document.ts';

// Builds what the browser loads into dist/: script, style sheet and icon under names that hold a hash of their
// content, so that they can be cached for ever, and manifest.json with these names. Run by `npm run build:console`.

const SOURCE = import.meta.dirname;
const TARGET = join(SOURCE, 'dist');

/** Browsers of 2024 and later: what `light-dark()` needs. */
const BROWSERS = ['chrome123', 'firefox120', 'safari17.5'];

async function bundle(entry: string): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [join(SOURCE, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: BROWSERS,
    legalComments: 'none',
  });
  return result.outputFiles[0]!.contents;
}

async function write(name: string, ending: string, content: Uint8Array): Promise<string> {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
  const file = `${name}-${hash}.${ending}`;
  await writeFile(join(TARGET, file), content);
  return `/assets/${file}`;
}

await rm(TARGET, { recursive: true, force: true });
await mkdir(TARGET, { recursive: true });
const script = await bundle('client.ts');
const assets: Assets = {
  script: await write('fleet', 'js', script),
  style: await write('console', 'css', await bundle('console.css')),
  icon: await write('icon', 'svg', await readFile(join(SOURCE, 'icon.svg'))),
};
await writeFile(join(TARGET, 'manifest.json'), `${JSON.stringify(assets, null, 2)}\n`);
console.log(`console: script ${(gzipSync(script, { level: 9 }).length / 1000).toFixed(1)} kB gzip`);
