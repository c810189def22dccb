import { basename, join } from 'node:path';
import type { Logger } from '../../runtime/logger.ts';
import type { Files } from './files.ts';
import type { Head } from './head.ts';
import { StoreOpenError } from './open-error.ts';
import { type MetadataEntry, readMetadata, readSamples, readSeries } from './record.ts';
import { type Frame, FrameType, type SegmentScan, scanSegment, segmentHeader } from './segment.ts';
import { type SealedSegment, segmentSequence } from './segment-writer.ts';
import type { SeriesRef } from './series-table.ts';

export interface ReplayOptions {
  readonly directory: string;
  readonly files: Files;
  readonly logger: Logger;
  readonly head: Head;
  readonly nowMs: number;
  /** Older samples are passed over. */
  readonly floorMs: number;
  readonly onMetadata: (entry: MetadataEntry) => void;
}

export interface ReplayReport {
  readonly segments: readonly SealedSegment[];
  /** The highest number of a segment there is, read or not. */
  lastSequence: number;
  samples: number;
  /** Unfinished writes cut off. */
  torn: number;
  /** Stretches that could not be read, with frames behind them. */
  corrupt: number;
  /** Samples whose series' labels were in such a stretch. */
  unnamedSamples: number;
}

/**
 * Brings the log back into the head, oldest segment first. What cannot be read is never deleted: an
 * unfinished write at the end (nothing in it was acknowledged) is cut off; a file broken anywhere else is set
 * aside under another name, and what can be read of it is written to a new file in its place.
 */
export async function replayLog(options: ReplayOptions): Promise<ReplayReport> {
  const { directory, files } = options;
  const segments: SealedSegment[] = [];
  const report: ReplayReport = {
    segments,
    lastSequence: 0,
    samples: 0,
    torn: 0,
    corrupt: 0,
    unnamedSamples: 0,
  };
  await finishSalvages(files, directory);
  const sequences = (await files.list(directory))
    .map((name) => ({ name, sequence: segmentSequence(name) }))
    .filter((file): file is { name: string; sequence: number } => file.sequence !== undefined)
    .sort((a, b) => a.sequence - b.sequence);
  for (const { name, sequence } of sequences) {
    const path = join(directory, name);
    report.lastSequence = sequence;
    try {
      const segment = await replaySegment(options, path, report);
      if (segment !== undefined) segments.push({ sequence, path, ...segment });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StoreOpenError(
        `Cannot read the log segment ${path}: ${reason}; to start without its samples, move it away`,
        { cause: error },
      );
    }
  }
  return report;
}

async function replaySegment(
  options: ReplayOptions,
  path: string,
  report: ReplayReport,
): Promise<{ sizeBytes: number; newestMs: number } | undefined> {
  const { files } = options;
  const bytes = await files.read(path);
  const scan = scanSegment(bytes);
  report.torn += scan.tornTail === undefined ? 0 : 1;
  report.corrupt += scan.damages.length;
  const sizeBytes = await repair(options, path, scan, bytes.byteLength);
  const newestMs = applyFrames(options, scan.frames, report);
  if (scan.frames.length > 0) return { sizeBytes, newestMs };
  if (scan.damages.length === 0) await files.remove(path);
  return undefined;
}

const SALVAGE_SUFFIX = '.salvage';

/** Makes the file on disk what could be read of it. Returns its size. */
async function repair(
  options: ReplayOptions,
  path: string,
  scan: SegmentScan,
  sizeBytes: number,
): Promise<number> {
  const { files, logger } = options;
  const { tornTail, damages, frames, endOffset } = scan;
  for (const damage of damages)
    logger.error({ file: path, ...damage }, 'A stretch of the log cannot be read');
  try {
    if (damages.length > 0) return await setAside(options, path, frames);
    if (frames.length === 0 || endOffset >= sizeBytes) return sizeBytes;
    if (tornTail !== undefined)
      logger.warn({ file: path, ...tornTail }, 'An unfinished write is cut from the end of the log');
    // Without one it is the room made ahead, which a process that was killed could not give back.
    await files.truncate(path, endOffset);
    return endOffset;
  } catch (error) {
    logger.error(
      { err: error, file: path },
      'Cannot repair a log segment: it stays as it is until the next start',
    );
    return sizeBytes;
  }
}

/**
 * Renames a damaged segment and puts the frames that could be read in its place. A crash between the two
 * renames leaves the new file under its passing name; `finishSalvages` completes that.
 */
async function setAside(options: ReplayOptions, path: string, frames: readonly Frame[]): Promise<number> {
  const { files, logger, directory, nowMs } = options;
  const aside = await unusedName(files, directory, `${basename(path)}.corrupt`);
  let sizeBytes = 0;
  if (frames.length > 0) {
    const salvage = await files.create(path + SALVAGE_SUFFIX);
    try {
      for (const part of [
        segmentHeader(segmentSequence(basename(path))!, nowMs),
        ...frames.map(({ bytes }) => bytes),
      ]) {
        await salvage.write([part], sizeBytes);
        sizeBytes += part.byteLength;
      }
      await salvage.sync();
    } finally {
      await salvage.close();
    }
  }
  await files.rename(path, aside);
  if (frames.length > 0) await files.rename(path + SALVAGE_SUFFIX, path);
  await files.syncDirectory(directory);
  logger.error(
    { file: aside, framesKept: frames.length },
    'The damaged log segment is set aside; what could be read of it is kept',
  );
  return sizeBytes;
}

async function unusedName(files: Files, directory: string, name: string): Promise<string> {
  const taken = new Set(await files.list(directory));
  let candidate = name;
  for (let i = 2; taken.has(candidate); i++) candidate = `${name}-${i}`;
  return join(directory, candidate);
}

/** A salvage that has lost its original to the set-aside name takes its place; any other was not finished. */
async function finishSalvages(files: Files, directory: string): Promise<void> {
  const names = await files.list(directory);
  for (const name of names) {
    if (!name.endsWith(SALVAGE_SUFFIX)) continue;
    const original = name.slice(0, -SALVAGE_SUFFIX.length);
    if (names.includes(original)) await files.remove(join(directory, name));
    else await files.rename(join(directory, name), join(directory, original));
  }
}

/** Applies a segment's frames to the head. Returns the time of its newest sample. */
function applyFrames(options: ReplayOptions, frames: readonly Frame[], report: ReplayReport): number {
  const { head, nowMs, floorMs, onMetadata } = options;
  const strings = new Map<number, string>();
  /** Numbers in a segment are those of the process that wrote it: they mean nothing outside. */
  const refs = new Map<number, SeriesRef>();
  let newestMs = Number.NEGATIVE_INFINITY;
  for (const frame of frames) {
    if (frame.type === FrameType.series) {
      for (const [number, labels] of readSeries(frame, strings)) {
        if (labels !== undefined) refs.set(number, head.ref(labels, nowMs));
      }
    } else if (frame.type === FrameType.metadata) {
      for (const entry of readMetadata(frame)) onMetadata(entry);
    } else if (frame.type === FrameType.samples) {
      const block = readSamples(frame.payload, frame.count, frame.flags);
      for (let i = 0; i < block.length; i++) {
        const timestampMs = block.timestamps[i]!;
        if (timestampMs > newestMs) newestMs = timestampMs;
        const ref = refs.get(block.refs[i]!) ?? 0;
        if (ref === 0) report.unnamedSamples++;
        const isKept = ref !== 0 && timestampMs >= floorMs;
        if (isKept) report.samples++;
        block.refs[i] = isKept ? ref : 0;
      }
      head.apply(block);
    }
  }
  return newestMs;
}
