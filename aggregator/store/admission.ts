import type { SampleColumns } from '../../model/sample.ts';
import type { RejectReason } from '../engine/engine.ts';
import type { SampleBlock } from './head.ts';
import { PAGE_MASK, type SeriesRef, type SeriesTable } from './series-table.ts';

/** Samples with floorMs ≤ time ≤ ceilingMs are taken in. */
export interface TimeWindow {
  readonly floorMs: number;
  readonly ceilingMs: number;
}

export type OnReject = (ref: SeriesRef, timestampMs: number, reason: RejectReason) => void;

/**
 * A batch as the log takes it: without the samples whose time cannot be, which `onReject` gets. Notes that
 * its series are in use. The columns are the batch's own where nothing is left out.
 */
export function admit(
  batch: SampleColumns<SeriesRef>,
  table: SeriesTable,
  nowMs: number,
  window: TimeWindow,
  onReject: OnReject,
): SampleBlock {
  const { series, timestamps, values, length } = batch;
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * length);
  if (isWhole(batch, table, nowMs, window)) {
    const refs = series instanceof Uint32Array ? series : Uint32Array.from(series);
    return { refs, timestamps, values: words, length };
  }
  const kept = {
    refs: new Uint32Array(length),
    timestamps: new Float64Array(length),
    values: new Uint32Array(2 * length),
  };
  let count = 0;
  for (let i = 0; i < length; i++) {
    const timestampMs = timestamps[i]!;
    if (timestampMs > window.ceilingMs) onReject(series[i]!, timestampMs, 'too_far_in_future');
    else if (!(timestampMs >= window.floorMs)) onReject(series[i]!, timestampMs, 'too_old');
    else {
      kept.refs[count] = series[i]!;
      kept.timestamps[count] = timestampMs;
      kept.values[2 * count] = words[2 * i]!;
      kept.values[2 * count + 1] = words[2 * i + 1]!;
      count++;
    }
  }
  return { ...kept, length: count };
}

/** Whether all samples are inside the window. Throws on a series that is not known. */
function isWhole(
  { series, timestamps, length }: SampleColumns<SeriesRef>,
  table: SeriesTable,
  nowMs: number,
  { floorMs, ceilingMs }: TimeWindow,
): boolean {
  const nowMinute = nowMs / 60_000;
  let isWhole = true;
  for (let i = 0; i < length; i++) {
    const ref = series[i]!;
    const page = table.page(ref);
    if (page?.labels[ref & PAGE_MASK] === undefined) {
      throw new RangeError(
        `Cannot append: series ${ref} is not known or was forgotten; ask for its number again`,
      );
    }
    page.usedMinute[ref & PAGE_MASK] = nowMinute;
    const timestampMs = timestamps[i]!;
    if (!(timestampMs >= floorMs && timestampMs <= ceilingMs)) isWhole = false;
    else if (!Number.isInteger(timestampMs))
      throw new RangeError(`BUG: timestamp ${timestampMs} is no integer`);
  }
  return isWhole;
}
