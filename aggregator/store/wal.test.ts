import { Registry } from 'prom-client';
import { describe, expect, test, vi } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { Matcher } from '../../model/matcher.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { StorageUnavailable } from '../engine/engine.ts';
import { Head, type SampleBlock } from './head.ts';
import { diskError, MemoryFiles } from './memory-files.ts';
import { type ReplayReport, replayLog } from './replay.ts';
import { scanSegment } from './segment.ts';
import { storageMetrics } from './storage-metrics.ts';
import { Wal } from './wal.ts';

const DIRECTORY = '/wal';
const FIRST = `${DIRECTORY}/00000001.wal`;
const NOW_MS = 1_700_000_000_000;
const logger = createLogger('silent');
const metrics = storageMetrics(new Registry(), () => {
  throw new Error('BUG: nobody reads these metrics');
});

interface Log {
  readonly wal: Wal;
  readonly head: Head;
  readonly report: ReplayReport;
  /** Appends `series value` pairs, all at one time; resolves when they are durable and applied. */
  append(text: string, atMs: number): Promise<void>;
}

/** Replays what the files hold and opens the log for more. */
async function openLog(files: MemoryFiles, segmentBytes = 1 << 20): Promise<Log> {
  const head = new Head();
  const onMetadata = () => {};
  const report = await replayLog({
    directory: DIRECTORY,
    files,
    logger,
    head,
    nowMs: NOW_MS,
    floorMs: 0,
    onMetadata,
  });
  const clock = new ManualClock(NOW_MS);
  const { table } = head;
  const { segments: sealed, lastSequence } = report;
  const wal = new Wal({
    directory: DIRECTORY,
    files,
    clock,
    logger,
    metrics,
    table,
    segmentBytes,
    sealed,
    lastSequence,
  });
  const append = (text: string, atMs: number) =>
    new Promise<void>((resolve, reject) => {
      const pairs = text.split(' ').map((pair) => pair.split('='));
      const values = Float64Array.from(pairs, ([, value]) => Number(value));
      const block: SampleBlock = {
        refs: Uint32Array.from(pairs, ([name]) =>
          head.ref(Labels.fromObject({ __name__: name, job: 'test' }), NOW_MS),
        ),
        timestamps: new Float64Array(pairs.length).fill(atMs),
        values: new Uint32Array(values.buffer),
        length: pairs.length,
      };
      wal.append(block, (durable) => {
        if (durable instanceof Error) return reject(durable);
        head.apply(durable);
        resolve();
      });
    });
  return { wal, head, report, append };
}

/** All samples, as `series@time=value`. */
function samplesOf({ head }: Pick<Log, 'head'>): string[] {
  return head.select([new Matcher('job', '=', 'test')]).flatMap((ref) => {
    const { timestamps, values } = head.read(ref, 0, Number.POSITIVE_INFINITY) ?? {
      timestamps: [],
      values: [],
    };
    return Array.from(timestamps, (time, i) => `${head.table.labels(ref).metricName}@${time}=${values[i]}`);
  });
}

const BATCHES = ['a=1 b=2', 'a=3', 'b=4 c=5 a=6', 'd=7', 'a=8 b=9 c=10 d=11'];

/** A log of five batches, each acknowledged before the next, and where each ends in the file. */
async function smallLog(): Promise<{ bytes: Uint8Array<ArrayBuffer>; ends: number[] }> {
  const files = new MemoryFiles();
  const { wal, append } = await openLog(files);
  const ends: number[] = [];
  for (const [i, batch] of BATCHES.entries()) {
    await append(batch, NOW_MS + i);
    ends.push(wal.sizeBytes);
  }
  await wal.close();
  return { bytes: files.content.get(FIRST)!, ends };
}

/** What batches with these numbers hold. */
function samplesOfBatches(isThere: (batch: number) => boolean): string[] {
  return BATCHES.flatMap((batch, i) =>
    isThere(i) ? batch.split(' ').map((pair) => pair.replace('=', `@${NOW_MS + i}=`)) : [],
  ).sort();
}

describe('Wal', () => {
  test('brings back every batch that is whole, wherever the file ends', { timeout: 60_000 }, async () => {
    const { bytes, ends } = await smallLog();
    const boundaries = new Set([0, 32]);
    let end = 32;
    for (const frame of scanSegment(bytes).frames) boundaries.add((end += frame.bytes.byteLength));
    for (let length = 0; length <= bytes.length; length++) {
      const files = new MemoryFiles();
      files.content.set(FIRST, bytes.slice(0, length));
      const log = await openLog(files);
      expect(samplesOf(log).sort(), `cut at ${length}`).toEqual(samplesOfBatches((i) => length >= ends[i]!));
      expect(log.report.torn, `cut at ${length}`).toBe(boundaries.has(length) ? 0 : 1);
      expect(log.report.corrupt).toBe(0);
      await log.append('e=1', NOW_MS + 10);
      const again = await openLog(files);
      expect(samplesOf(again)).toEqual([...samplesOf(log)]);
      expect(again.report.torn).toBe(0);
    }
  });

  test('finds a flipped byte, reports it, keeps the rest and never gives a wrong value', {
    timeout: 60_000,
  }, async () => {
    const { bytes } = await smallLog();
    const all = new Set(samplesOfBatches(() => true));
    for (let offset = 0; offset < bytes.length; offset++) {
      const broken = bytes.slice();
      broken[offset]! ^= 1 << (offset % 8);
      const files = new MemoryFiles();
      files.content.set(FIRST, broken.slice());
      const log = await openLog(files).catch((error: Error) => error);
      if (log instanceof Error) {
        expect.unreachable(`flip at ${offset}: ${log.message}`);
      }
      const samples = samplesOf(log);
      for (const sample of samples) expect(all, `flip at ${offset}`).toContain(sample);
      const { torn, corrupt } = log.report;
      if (samples.length < all.size) expect(torn + corrupt, `flip at ${offset}`).toBe(1);
      if (corrupt > 0) expect(files.content.get(`${FIRST}.corrupt`)).toEqual(broken);
      const again = await openLog(files);
      expect(samplesOf(again)).toEqual(samples);
      expect(again.report).toMatchObject({ torn: 0, corrupt: 0 });
    }
  });

  test('settles a batch after the sync of its group, and what waited meanwhile goes together', async () => {
    const files = new MemoryFiles();
    const log = await openLog(files);
    await log.append('a=1', NOW_MS);
    const gates: (() => void)[] = [];
    files.before = (operation) =>
      operation === 'sync' ? new Promise((open) => gates.push(open)) : undefined;
    files.operations.length = 0;
    const settled: string[] = [];
    const appends = ['a=2', 'a=3', 'b=4', 'a=5'].map((batch, i) =>
      log.append(batch, NOW_MS + 1 + i).then(() => settled.push(batch)),
    );
    await vi.waitFor(() => expect(gates).toHaveLength(1));
    const late = log.append('a=6', NOW_MS + 9).then(() => settled.push('a=6'));
    expect(settled).toEqual([]);
    expect(samplesOf(log)).toHaveLength(1);
    gates.shift()!();
    await Promise.all(appends);
    expect(settled).toEqual(['a=2', 'a=3', 'b=4', 'a=5']);
    expect(samplesOf(log)).toHaveLength(5);
    await vi.waitFor(() => expect(gates).toHaveLength(1));
    gates.shift()!();
    await late;
    expect(files.operations.filter((operation) => operation === 'sync')).toHaveLength(2);
  });

  test('refuses batches while the disk is full, shows nothing of them, and goes on when there is room', async () => {
    const files = new MemoryFiles();
    const log = await openLog(files);
    await log.append('a=1 b=2', NOW_MS);
    const usedBytes = [...files.content.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    files.quotaBytes = usedBytes;
    // The room made ahead is used up first.
    let atMs = NOW_MS;
    const kept: string[] = [];
    const names = Array.from({ length: 4000 }, (_, i) => `s${i}=${i}`).join(' ');
    for (let failed = 0; failed < 5; ) {
      const batch = names;
      await log.append(batch, ++atMs).then(
        () => kept.push(String(atMs)),
        (error) => {
          expect(error).toBeInstanceOf(StorageUnavailable);
          expect(error.message).toMatch(/ENOSPC.*make room/);
          failed++;
        },
      );
    }
    const beforeRecovery = samplesOf(log);
    expect(new Set(beforeRecovery.map((sample) => /@(\d+)/.exec(sample)![1]))).toEqual(
      new Set([String(NOW_MS), ...kept]),
    );
    expect([...files.content.keys()]).toEqual([FIRST]);
    expect(samplesOf(await openLog(withoutQuota(files)))).toEqual(beforeRecovery);
    files.quotaBytes = Number.POSITIVE_INFINITY;
    await log.append('a=7 z=8', atMs + 1);
    expect(samplesOf(await openLog(withoutQuota(files))).sort()).toEqual(samplesOf(log).sort());
  });

  test('leaves a segment whose sync failed, cut to what is durable', async () => {
    const files = new MemoryFiles();
    const log = await openLog(files);
    await log.append('a=1', NOW_MS);
    const durable = log.wal.sizeBytes;
    files.before = (operation, path) => {
      if (operation === 'sync') throw diskError('EIO', path);
    };
    await expect(log.append('a=2 b=2', NOW_MS + 1)).rejects.toThrow(/EIO.*by themselves/);
    await expect(log.append('a=3', NOW_MS + 2)).rejects.toThrow(StorageUnavailable);
    expect(files.content.get(FIRST)!.byteLength).toBe(durable);
    expect([...files.content.keys()]).toEqual([FIRST]);
    files.before = () => {};
    await log.append('b=4', NOW_MS + 3);
    expect(log.wal.segments).toBe(2);
    expect(samplesOf(log)).toEqual([`a@${NOW_MS}=1`, `b@${NOW_MS + 3}=4`]);
    expect(samplesOf(await openLog(files))).toEqual(samplesOf(log));
  });

  test('each segment can be read alone, and one that is too old is removed', async () => {
    const files = new MemoryFiles();
    const log = await openLog(files, 300);
    for (let i = 0; i < 20; i++) await log.append(`a=${i} b=${-i}`, NOW_MS + i);
    const segments = [...files.content.keys()];
    expect(segments.length).toBeGreaterThan(5);
    await log.wal.prune(NOW_MS + 10, Number.POSITIVE_INFINITY);
    const kept = [...files.content.keys()];
    expect(kept.length).toBeLessThan(segments.length);
    const samples = samplesOf(await openLog(files));
    for (let i = 10; i < 20; i++) expect(samples).toContain(`b@${NOW_MS + i}=${-i}`);
    for (const path of kept) {
      const alone = new MemoryFiles();
      alone.content.set(path, files.content.get(path)!);
      const { report } = await openLog(alone);
      expect(report.unnamedSamples).toBe(0);
    }
  });

  test('gives back the room that a killed process had made ahead', async () => {
    const files = new MemoryFiles();
    const { wal, append } = await openLog(files, 8 << 20);
    await append('a=1', NOW_MS);
    await vi.waitFor(() => expect(files.content.get(FIRST)!.byteLength).toBeGreaterThan(1 << 20));
    const log = await openLog(files);
    expect(log.report.torn).toBe(0);
    expect(files.content.get(FIRST)!.byteLength).toBe(wal.sizeBytes);
    expect(samplesOf(log)).toEqual([`a@${NOW_MS}=1`]);
  });

  test('completes a salvage that a crash interrupted between its two renames', async () => {
    const { bytes, ends } = await smallLog();
    const files = new MemoryFiles();
    const broken = bytes.slice();
    broken[ends[1]! + 30]! ^= 1;
    files.content.set(FIRST, broken);
    let renames = 0;
    files.before = (operation, path) => {
      if (operation === 'rename' && ++renames === 2) throw diskError('EIO', path);
    };
    const log = await openLog(files);
    expect([...files.content.keys()].sort()).toEqual([`${FIRST}.corrupt`, `${FIRST}.salvage`]);
    files.before = () => {};
    const again = await openLog(files);
    expect(samplesOf(again)).toEqual(samplesOf(log));
    expect([...files.content.keys()].sort()).toEqual([FIRST, `${FIRST}.corrupt`]);
  });
});

function withoutQuota(files: MemoryFiles): MemoryFiles {
  const copy = new MemoryFiles();
  for (const [path, bytes] of files.content) copy.content.set(path, bytes.slice());
  return copy;
}
