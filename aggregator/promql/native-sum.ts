import type { FloatHistogram } from '../../model/histogram.ts';
import { add, kahanAdd, zeroCompensation } from './native-arithmetic.ts';
import type { MutableHistogram } from './native-histogram.ts';
import { copyHistogram, divide, hasOverflow, multiply } from './native-histogram.ts';

/** What is seen of counter resets and of custom bounds while histograms are added up. */
class Seen {
  reset = false;
  notReset = false;
  bounds = false;

  hint(histogram: FloatHistogram): void {
    if (histogram.counterResetHint === 'reset') this.reset = true;
    else if (histogram.counterResetHint === 'not_reset') this.notReset = true;
  }
}

/** The sum of histograms, by Kahan. `add` throws IncompatibleSchema; the sum is void then. */
export class HistogramSum {
  readonly #seen = new Seen();
  #sum: MutableHistogram | undefined;
  #compensation: MutableHistogram | undefined;

  add(histogram: FloatHistogram): void {
    this.#seen.hint(histogram);
    if (!this.#sum) {
      this.#sum = copyHistogram(histogram);
      return;
    }
    this.#compensation ??= zeroCompensation(this.#sum);
    if (kahanAdd(this.#sum, histogram, this.#compensation).boundsReconciled) this.#seen.bounds = true;
  }

  get resetCollision(): boolean {
    return this.#seen.reset && this.#seen.notReset;
  }

  get boundsReconciled(): boolean {
    return this.#seen.bounds;
  }

  /** Once, after at least one `add`. */
  result(): MutableHistogram {
    const sum = this.#sum!;
    if (this.#compensation && add(sum, this.#compensation).boundsReconciled) this.#seen.bounds = true;
    return sum;
  }
}

/** The mean of histograms: of their sum, until that would overflow; from there on a running mean. */
export class HistogramMean {
  readonly #seen = new Seen();
  #count = 0;
  #total: MutableHistogram | undefined;
  #compensation: MutableHistogram | undefined;
  /** `#total` is the mean, not the sum. */
  #running = false;

  add(histogram: FloatHistogram): void {
    this.#seen.hint(histogram);
    this.#count++;
    if (!this.#total) {
      this.#total = copyHistogram(histogram);
      return;
    }
    if (!this.#running) {
      const sum = copyHistogram(this.#total);
      const compensation = this.#compensation ? copyHistogram(this.#compensation) : zeroCompensation(sum);
      this.#kahanAdd(sum, histogram, compensation);
      if (!hasOverflow(sum)) {
        this.#total = sum;
        this.#compensation = compensation;
        return;
      }
      this.#running = true;
      divide(this.#total, this.#count - 1);
      if (this.#compensation) divide(this.#compensation, this.#count - 1);
    }
    const weight = (this.#count - 1) / this.#count;
    if (this.#compensation) multiply(this.#compensation, weight);
    multiply(this.#total, weight);
    this.#compensation ??= zeroCompensation(this.#total);
    this.#kahanAdd(this.#total, divide(copyHistogram(histogram), this.#count), this.#compensation);
  }

  get resetCollision(): boolean {
    return this.#seen.reset && this.#seen.notReset;
  }

  get boundsReconciled(): boolean {
    return this.#seen.bounds;
  }

  /** Once, after at least one `add`. */
  result(): MutableHistogram {
    const total = this.#total!;
    if (!this.#running) {
      divide(total, this.#count);
      if (this.#compensation) divide(this.#compensation, this.#count);
    }
    if (this.#compensation) add(total, this.#compensation);
    return total;
  }

  #kahanAdd(sum: MutableHistogram, histogram: FloatHistogram, compensation: MutableHistogram): void {
    if (kahanAdd(sum, histogram, compensation).boundsReconciled) this.#seen.bounds = true;
  }
}
