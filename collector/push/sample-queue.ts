import type { Labels } from '../../model/labels.ts';
import type { FamilyMetadata, SampleSlice } from '../../model/remote-write.ts';
import type { SampleColumns } from '../../model/sample.ts';

/** Samples, and what their target says of its metric families where that is new or has changed. */
export interface SampleBatch extends SampleColumns<Labels> {
  readonly metadata?: readonly FamilyMetadata[];
}

/** Where scraped samples go. This is all that those who make samples know of the push. */
export interface SampleSink {
  /**
   * Hands a batch over, in order of time per series; sample i belongs to `series[i]`. The columns belong to
   * the receiver from now on and must not change. The same `Labels` object for the same series in every
   * batch makes the push cheap: its encoded form is kept with it.
   *
   * False: the batch cannot be queued at all, and its samples were counted as dropped. A full queue is no
   * reason for false: it drops its oldest batches for new ones, because what an alert needs is the present.
   */
  tryPush(batch: SampleBatch): boolean;
}

interface Queued {
  readonly batch: SampleColumns<Labels>;
  readonly queuedMs: number;
  /** The samples before it were taken. */
  start: number;
}

/** Batches in order of arrival, bounded by the number of samples that wait. */
export class SampleQueue {
  readonly capacitySamples: number;
  readonly #onDropped: (samples: number) => void;
  readonly #batches: Queued[] = [];
  #waitingSamples = 0;
  #wake: (() => void) | undefined;

  constructor(capacitySamples: number, onDropped: (samples: number) => void) {
    this.capacitySamples = capacitySamples;
    this.#onDropped = onDropped;
  }

  get waitingSamples(): number {
    return this.#waitingSamples;
  }

  /** When the oldest waiting batch came; undefined when none waits. */
  get oldestMs(): number | undefined {
    return this.#batches[0]?.queuedMs;
  }

  tryPush(batch: SampleColumns<Labels>, nowMs: number): boolean {
    if (batch.length > this.capacitySamples) {
      this.#onDropped(batch.length);
      return false;
    }
    if (batch.length === 0) return true;
    while (this.#waitingSamples + batch.length > this.capacitySamples) this.#dropOldest();
    this.#batches.push({ batch, queuedMs: nowMs, start: 0 });
    this.#waitingSamples += batch.length;
    this.#wake?.();
    return true;
  }

  /** Takes the oldest samples out, at most so many; a large batch is taken in parts. */
  take(samplesMax: number): { slices: SampleSlice[]; samples: number; queuedMs: number } {
    const queuedMs = this.oldestMs ?? 0;
    const slices: SampleSlice[] = [];
    let samples = 0;
    let used = 0;
    for (const queued of this.#batches) {
      const end = Math.min(queued.batch.length, queued.start + samplesMax - samples);
      slices.push({ batch: queued.batch, start: queued.start, end });
      samples += end - queued.start;
      queued.start = end;
      if (end < queued.batch.length) break;
      used++;
      if (samples === samplesMax) break;
    }
    this.#batches.splice(0, used);
    this.#waitingSamples -= samples;
    return { slices, samples, queuedMs };
  }

  /** Gives up all that waits. */
  clear(): void {
    while (this.#batches.length > 0) this.#dropOldest();
  }

  /** Resolves when at least so many samples wait, or when the signal aborts. For one waiter. */
  async waitFor(samples: number, signal: AbortSignal): Promise<void> {
    while (this.#waitingSamples < samples && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', this.#onAbort, { once: true });
      });
      signal.removeEventListener('abort', this.#onAbort);
      this.#wake = undefined;
    }
  }

  readonly #onAbort = () => this.#wake?.();

  #dropOldest(): void {
    const { batch, start } = this.#batches.shift()!;
    this.#waitingSamples -= batch.length - start;
    this.#onDropped(batch.length - start);
  }
}
