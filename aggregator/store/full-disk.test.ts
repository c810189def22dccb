import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { Matcher } from '../../model/matcher.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { StorageUnavailable } from '../engine/engine.ts';
import { Store } from './store.ts';

const SIZE_BYTES = 4 << 20;
const START_MS = Date.UTC(2026, 0, 1);

/** A file system of 4 MiB, or undefined where this user may not mount one. */
function mountSmall(): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'karmascope-small-'));
  const mounted = spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${SIZE_BYTES}`,
    'karmascope-test',
    directory,
  ]);
  if (mounted.status === 0) return directory;
  rmSync(directory, { recursive: true });
  return undefined;
}

const small = mountSmall();

afterAll(() => {
  if (small === undefined) return;
  spawnSync('umount', [small]);
  rmSync(small, { recursive: true, force: true });
});

function open(directory: string): Promise<Store> {
  const clock = new ManualClock(START_MS);
  return Store.open({ directory, clock, logger: createLogger('silent'), registry: new Registry() });
}

function append(store: Store, batch: number, series: number) {
  const labels = Array.from({ length: series }, (_, i) =>
    Labels.fromObject({ __name__: 'load', n: String(i) }),
  );
  const timestamps = new Float64Array(series).fill(START_MS + batch);
  const values = Float64Array.from({ length: series }, (_, i) => batch * 1000 + i);
  return store.append({ series: labels.map((one) => store.ref(one)), timestamps, values, length: series });
}

async function samples(store: Store): Promise<number> {
  const found = await store.select([new Matcher('__name__', '=', 'load')], {
    startMs: 0,
    endMs: START_MS + 600_000,
  });
  return found.reduce((sum, { timestamps }) => sum + timestamps.length, 0);
}

describe.skipIf(small === undefined)('a full disk (skipped where no tmpfs can be mounted)', () => {
  test('refuses, loses nothing, deletes nothing, and recovers without a restart', async () => {
    // Something else on the disk takes most of it.
    const ballast = join(small!, 'ballast');
    await writeFile(ballast, new Uint8Array(SIZE_BYTES - (1 << 20)));
    const store = await open(small!);
    let acknowledged = 0;
    let refused = 0;
    for (let batch = 0; refused < 3; batch++) {
      try {
        acknowledged += (await append(store, batch, 2000)).appended;
      } catch (error) {
        expect(error).toBeInstanceOf(StorageUnavailable);
        refused++;
      }
      expect(batch).toBeLessThan(1000);
    }
    expect(acknowledged).toBeGreaterThan(0);
    expect(await samples(store)).toBe(acknowledged);

    rmSync(ballast);
    acknowledged += (await append(store, 5000, 2000)).appended;
    expect(await samples(store)).toBe(acknowledged);
    await store.close();

    const again = await open(small!);
    expect(await samples(again)).toBe(acknowledged);
    await again.close();
    expect((await statfs(small!)).bfree).toBeGreaterThan(0);
  });
});
