import { crc32 } from 'node:zlib';

/**
 * The bytes of a log segment: a header, then frames, then zeros (room made ahead). FORMAT.md draws them.
 * All numbers are little-endian, as every machine this runs on has them in its typed arrays.
 */
export const SEGMENT_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;
const SEGMENT_MAGIC = 0x4c41574b; // "KWAL"
const FRAME_MAGIC = 0x4d52464b; // "KFRM"
export const FORMAT_VERSION = 1;

/** What a frame holds. Numbers are on disk: never give one another meaning. */
export const FrameType = { series: 1, samples: 2, metadata: 3 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  /** Of samples, series or metadata entries inside. */
  readonly count: number;
  /** Frames written and synced together have the same number. */
  readonly group: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  /** All of it, header and padding included. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Bytes of a segment that cannot be read; `end` is exclusive. */
export interface Damage {
  readonly startOffset: number;
  readonly endOffset: number;
}

export interface SegmentScan {
  readonly frames: readonly Frame[];
  /** Stretches between frames, or before the first: these were on disk once and are broken now. */
  readonly damages: readonly Damage[];
  /** A write that never finished, at the end; nothing in it was ever acknowledged. */
  readonly tornTail: Damage | undefined;
  /** Behind the last frame; what follows is nothing, zeros or the torn tail. */
  readonly endOffset: number;
}

export function segmentHeader(sequence: number, createdMs: number): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SEGMENT_MAGIC, true);
  view.setUint32(4, FORMAT_VERSION, true);
  view.setUint32(8, sequence, true);
  view.setFloat64(16, createdMs, true);
  view.setUint32(24, crc32(bytes.subarray(0, 24)), true);
  return bytes;
}

/** Room for a payload and its header, in whole 8-byte words: every frame starts at one. */
export function frameBytes(payloadBytes: number): number {
  return (FRAME_HEADER_BYTES + payloadBytes + 7) & ~7;
}

/** Writes the header of a frame whose payload stands behind it. */
export function sealFrame(
  bytes: Uint8Array,
  offset: number,
  frame: { type: number; flags: number; count: number; group: number; payloadBytes: number },
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES);
  view.setUint32(0, FRAME_MAGIC, true);
  view.setUint32(8, frame.payloadBytes, true);
  view.setUint8(12, frame.type);
  view.setUint8(13, frame.flags);
  view.setUint16(14, 0, true);
  view.setUint32(16, frame.group, true);
  view.setUint32(20, frame.count, true);
  view.setUint32(
    4,
    crc32(bytes.subarray(offset + 8, offset + FRAME_HEADER_BYTES + frame.payloadBytes)),
    true,
  );
}

/** Thrown for a segment of a later version: reading it as this one would lose what it says. */
export class UnknownFormat extends Error {}

/**
 * Finds the frames of a segment. Where one cannot be read, the next is searched for at every 8-byte word: a
 * broken sector costs the frames it touches, not the rest of the file.
 */
export function scanSegment(bytes: Uint8Array<ArrayBuffer>): SegmentScan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Frame[] = [];
  const damages: Damage[] = [];
  const endOfData = withoutZeros(bytes);
  if (!headerIsGood(bytes, view)) {
    if (endOfData <= SEGMENT_HEADER_BYTES)
      return { frames, damages, tornTail: { startOffset: 0, endOffset: endOfData }, endOffset: 0 };
    damages.push({ startOffset: 0, endOffset: SEGMENT_HEADER_BYTES });
  }
  let offset = SEGMENT_HEADER_BYTES;
  while (offset < endOfData) {
    const frame = frameAt(bytes, view, offset);
    if (frame !== undefined) {
      frames.push(frame);
      offset += frameBytes(frame.payload.byteLength);
      continue;
    }
    const startOffset = offset;
    do offset += 8;
    while (offset < endOfData && frameAt(bytes, view, offset) === undefined);
    if (offset >= endOfData)
      return { frames, damages, tornTail: { startOffset, endOffset: endOfData }, endOffset: startOffset };
    damages.push({ startOffset, endOffset: offset });
  }
  return { frames, damages, tornTail: undefined, endOffset: offset };
}

function headerIsGood(bytes: Uint8Array, view: DataView): boolean {
  if (bytes.byteLength < SEGMENT_HEADER_BYTES) return withoutZeros(bytes) === 0;
  if (view.getUint32(24, true) !== crc32(bytes.subarray(0, 24)) || view.getUint32(0, true) !== SEGMENT_MAGIC)
    return withoutZeros(bytes) === 0;
  const version = view.getUint32(4, true);
  if (version !== FORMAT_VERSION) {
    throw new UnknownFormat(
      `its format is version ${version}, this program reads ${FORMAT_VERSION}; start the release that wrote it`,
    );
  }
  return true;
}

function frameAt(bytes: Uint8Array<ArrayBuffer>, view: DataView, offset: number): Frame | undefined {
  const room = bytes.byteLength - offset;
  if (room < FRAME_HEADER_BYTES || view.getUint32(offset, true) !== FRAME_MAGIC) return undefined;
  const payloadBytes = view.getUint32(offset + 8, true);
  if (payloadBytes > room || frameBytes(payloadBytes) > room) return undefined;
  const start = offset + FRAME_HEADER_BYTES;
  if (view.getUint32(offset + 4, true) !== crc32(bytes.subarray(offset + 8, start + payloadBytes)))
    return undefined;
  return {
    type: view.getUint8(offset + 12),
    flags: view.getUint8(offset + 13),
    group: view.getUint32(offset + 16, true),
    count: view.getUint32(offset + 20, true),
    payload: bytes.subarray(start, start + payloadBytes),
    bytes: bytes.subarray(offset, offset + frameBytes(payloadBytes)),
  };
}

/** Where the bytes end if the zeros behind them do not count. */
function withoutZeros(bytes: Uint8Array): number {
  let end = bytes.byteLength;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}
