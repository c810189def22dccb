import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { SampleQueue } from './sample-queue.ts';

const up = Labels.fromObject({ __name__: 'up' });

/** A batch whose values are the numbers from `first` on. */
function batch(first: number, length: number) {
  return {
    series: Array<Labels>(length).fill(up),
    timestamps: new Float64Array(length),
    values: Float64Array.from({ length }, (_, i) => first + i),
    length,
  };
}

const values = ({ slices }: ReturnType<SampleQueue['take']>) =>
  slices.flatMap(({ batch, start, end }) => [...batch.values.subarray(start, end)]);

describe('SampleQueue', () => {
  it('gives samples in order, whole batches or parts of them', () => {
    const queue = new SampleQueue(100, () => {});
    queue.tryPush(batch(0, 3), 10);
    queue.tryPush(batch(3, 4), 20);
    expect(values(queue.take(5))).toEqual([0, 1, 2, 3, 4]);
    expect([queue.waitingSamples, queue.oldestMs]).toEqual([2, 20]);
    expect(values(queue.take(5))).toEqual([5, 6]);
    expect([queue.waitingSamples, queue.oldestMs]).toEqual([0, undefined]);
  });

  it('drops its oldest batches when it is full, and refuses one larger than itself', () => {
    const dropped: number[] = [];
    const queue = new SampleQueue(10, (samples) => dropped.push(samples));
    for (const first of [0, 4, 8]) expect(queue.tryPush(batch(first, 4), 0)).toBe(true);
    expect(dropped).toEqual([4]);
    expect(queue.tryPush(batch(0, 11), 0)).toBe(false);
    expect(dropped).toEqual([4, 11]);
    expect(values(queue.take(100))).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('loses and repeats nothing: what was pushed is taken in order, dropped, or waits', () => {
    const operation = fc.oneof(
      fc.record({ push: fc.nat(12) }),
      fc.record({ take: fc.integer({ min: 1, max: 12 }) }),
    );
    fc.assert(
      fc.property(fc.array(operation), (operations) => {
        let pushed = 0;
        let dropped = 0;
        const taken: number[] = [];
        const queue = new SampleQueue(20, (samples) => {
          dropped += samples;
        });
        for (const step of operations) {
          if ('push' in step) {
            queue.tryPush(batch(pushed, step.push), 0);
            pushed += step.push;
          } else taken.push(...values(queue.take(step.take)));
          expect(queue.waitingSamples).toBeLessThanOrEqual(20);
          expect(taken.length + dropped + queue.waitingSamples).toBe(pushed);
        }
        expect(taken).toEqual(taken.toSorted((a, b) => a - b));
        expect(new Set(taken).size).toBe(taken.length);
      }),
    );
  });
});
