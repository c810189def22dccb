import { describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { Matcher } from '../../model/matcher.ts';
import { Head } from './head.ts';
import type { SeriesRef } from './series-table.ts';

const MINUTE_MS = 60_000;

function apply(head: Head, ref: SeriesRef, times: readonly number[], value = 1): number {
  return head.apply({
    refs: new Uint32Array(times.length).fill(ref),
    timestamps: Float64Array.from(times),
    values: new Uint32Array(new Float64Array(times.length).fill(value).buffer),
    length: times.length,
  });
}

const range = (start: number, end: number, step: number) =>
  Array.from({ length: Math.ceil((end - start) / step) }, (_, i) => start + i * step);

describe('Head', () => {
  test('merges what came late, in whatever order, and knows it when it comes again', () => {
    const head = new Head();
    const ref = head.ref(Labels.fromObject({ __name__: 'x' }), 0);
    apply(
      head,
      ref,
      range(0, 1_000_000, 1000).filter((time) => time % 3000 === 0),
    );
    // A queue drained later, twice: hundreds of samples between the others, newest first.
    const late = range(0, 1_000_000, 1000).filter((time) => time % 3000 === 1000);
    apply(head, ref, late.toReversed());
    expect(apply(head, ref, late)).toBe(0);
    expect(apply(head, ref, late, 2)).toBe(late.length);
    const { timestamps } = head.read(ref, 0, Number.POSITIVE_INFINITY)!;
    expect([...timestamps]).toEqual(range(0, 1_000_000, 1000).filter((time) => time % 3000 < 2000));
    expect([...head.read(ref, 4000, 7000)!.timestamps]).toEqual([4000, 6000, 7000]);
  });

  test('hasSamples() sees a gap inside a chunk', () => {
    const head = new Head();
    const ref = head.ref(Labels.fromObject({ __name__: 'x' }), 0);
    apply(head, ref, [1000, 2000, 9000]);
    expect(head.hasSamples(ref, 0, 999)).toBe(false);
    expect(head.hasSamples(ref, 2000, 8999)).toBe(true);
    expect(head.hasSamples(ref, 2001, 8999)).toBe(false);
    expect(head.hasSamples(ref, 9001, 10_000)).toBe(false);
    apply(head, ref, [5000]);
    expect(head.hasSamples(ref, 2001, 8999)).toBe(true);
  });

  test('prune() gives memory back, and forgets a series that nobody used for long', () => {
    const head = new Head();
    const x = head.ref(Labels.fromObject({ __name__: 'x' }), 0);
    const y = head.ref(Labels.fromObject({ __name__: 'y' }), 60 * MINUTE_MS);
    apply(head, x, range(0, 100 * MINUTE_MS, 1000));
    apply(head, x, [500]);
    apply(head, y, [0]);
    const fullBytes = head.usedBytes;
    expect(head.prune(50 * MINUTE_MS, 30 * MINUTE_MS, 1, head.table.end)).toBeGreaterThan(45 * MINUTE_MS);
    expect(head.usedBytes).toBeLessThan(0.6 * fullBytes);
    expect(head.select([new Matcher('__name__', '=', 'y')])).toEqual([]);
    // It was used at minute 60: the number is still good.
    apply(head, y, [80 * MINUTE_MS]);
    expect(head.select([new Matcher('__name__', '=', 'y')])).toEqual([y]);

    expect(head.prune(200 * MINUTE_MS, 90 * MINUTE_MS, 1, head.table.end)).toBe(Number.POSITIVE_INFINITY);
    expect(head.usedBytes).toBe(0);
    expect(head.chunks).toBe(0);
    expect(head.table.size).toBe(0);
    expect(head.index.names(() => true)).toEqual([]);
    expect(head.ref(Labels.fromObject({ __name__: 'x' }), 0)).not.toBe(x);
  });
});
