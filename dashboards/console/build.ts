import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Assets } from './document.ts';

const SOURCE = import.meta.dirname;

/** Browsers of 2024 and later: what `light-dark()` needs. */
const BROWSERS = ['chrome123', 'firefox120', 'safari17.5'];

/**
 * Builds what the browser loads into a folder: script, style sheet and icon under names that hold a hash of their
 * content, so that they can be cached for ever, and manifest.json with these names.
 */
export async function buildConsole(target: string): Promise<{ scriptGzipBytes: number }> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const write = async (name: string, ending: string, content: Uint8Array): Promise<string> => {
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
    const file = `${name}-${hash}.${ending}`;
    await writeFile(join(target, file), content);
    return `/assets/${file}`;
  };
  const script = await bundle('./client.ts');
  const assets: Assets = {
    script: await write('fleet', 'js', script),
    style: await write('console', 'css', await bundle('./console.css')),
    icon: await write('icon', 'svg', await readFile(join(SOURCE, 'icon.svg'))),
  };
  await writeFile(join(target, 'manifest.json'), `${JSON.stringify(assets, null, 2)}\n`);
  return { scriptGzipBytes: gzipSync(script).length };
}

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

// `npm run build:console`
if (import.meta.main) {
  const { scriptGzipBytes } = await buildConsole(join(SOURCE, 'dist'));
  console.log(`console: script ${(scriptGzipBytes / 1000).toFixed(1)} kB gzip`);
}
