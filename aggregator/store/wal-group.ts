import type { StorageUnavailable } from '../engine/engine.ts';
import type { SampleBlock } from './head.ts';
import { type MetadataEntry, readSamples, sampleLayout, sampleRefs, writeSamples } from './record.ts';
import { FRAME_HEADER_BYTES, FrameType, frameBytes, sealFrame } from './segment.ts';

/**
 * The batch's samples, out of the log's buffer and valid during the call only; or the error that kept them
 * out of the log.
 */
export type Settle = (durable: SampleBlock | StorageUnavailable) => void;

export interface WaitingBatch {
  readonly offset: number;
  readonly count: number;
  readonly flags: number;
  readonly payloadBytes: number;
  readonly settle: Settle;
}

/** Batches that are written together, laid out as the frames they become. */
export class WalGroup {
  /** The frames, one a batch. */
  bytes = new Uint8Array(new ArrayBuffer(64 << 10));
  length = 0;
  newestMs = Number.NEGATIVE_INFINITY;
  readonly batches: WaitingBatch[] = [];
  metadata: MetadataEntry[] = [];
  #times = new Float64Array(4096);

  /** Copies a batch in. */
  add(block: SampleBlock, settle: Settle): void {
    const { flags, payloadBytes } = sampleLayout(block.timestamps, block.length);
    const sizeBytes = frameBytes(payloadBytes);
    this.#reserve(sizeBytes);
    const offset = this.length;
    writeSamples(this.bytes, offset + FRAME_HEADER_BYTES, block, flags);
    this.bytes.fill(0, offset + FRAME_HEADER_BYTES + payloadBytes, offset + sizeBytes);
    this.length += sizeBytes;
    for (let i = 0; i < block.length; i++) this.newestMs = Math.max(this.newestMs, block.timestamps[i]!);
    this.batches.push({ offset, count: block.length, flags, payloadBytes, settle });
  }

  /** A batch's samples, valid until the next call. */
  samples({ offset, count, flags, payloadBytes }: WaitingBatch): SampleBlock {
    if (this.#times.length < count) this.#times = new Float64Array(2 * count);
    return readSamples(this.#payload(offset, payloadBytes), count, flags, this.#times);
  }

  refs({ offset, count, flags, payloadBytes }: WaitingBatch): Uint32Array {
    return sampleRefs(this.#payload(offset, payloadBytes), count, flags);
  }

  #payload(offset: number, payloadBytes: number): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(offset + FRAME_HEADER_BYTES, offset + FRAME_HEADER_BYTES + payloadBytes);
  }

  /** Writes the frames' headers. */
  seal(group: number): void {
    for (const { offset, count, flags, payloadBytes } of this.batches) {
      sealFrame(this.bytes, offset, { type: FrameType.samples, flags, count, group, payloadBytes });
    }
  }

  clear(): void {
    this.batches.length = 0;
    this.metadata = [];
    this.length = 0;
    this.newestMs = Number.NEGATIVE_INFINITY;
    if (this.bytes.byteLength > SPARE_BYTES_MAX) this.bytes = new Uint8Array(new ArrayBuffer(64 << 10));
  }

  #reserve(sizeBytes: number): void {
    if (this.length + sizeBytes <= this.bytes.byteLength) return;
    const grown = new Uint8Array(
      new ArrayBuffer(Math.max(2 * this.bytes.byteLength, frameBytes(this.length + sizeBytes))),
    );
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

/** A group's buffer is kept for the next one unless it has grown beyond this. */
const SPARE_BYTES_MAX = 4 << 20;
