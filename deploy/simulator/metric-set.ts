import { ExpositionWriter, formatValue, type LabelPairs, labelText } from './exposition.ts';
import { bucketsOf, familyOf } from './families.ts';

export interface Counter {
  add(amount?: number): void;
  readonly value: number;
}

export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
  readonly value: number;
}

/** The metrics of one process: what its counters stand at, and its page. A restarted process gets a new set. */
export class MetricSet {
  readonly #families = new Map<string, Map<string, Series>>();

  counter(name: string, labels: LabelPairs = {}): Counter {
    return this.#series(name, labels, 'counter', () => new Scalar());
  }

  gauge(name: string, labels: LabelPairs = {}): Gauge {
    return this.#series(name, labels, 'gauge', () => new Scalar());
  }

  histogram(name: string, labels: LabelPairs = {}): Histogram {
    return this.#series(name, labels, 'histogram', () => new Histogram(bucketsOf(name), labels));
  }

  summary(name: string, labels: LabelPairs = {}): Summary {
    return this.#series(name, labels, 'summary', () => new Summary(labels));
  }

  /** The page, families and series in the order of their names, as Go's client writes it. */
  render(): string {
    const page = new ExpositionWriter();
    for (const [name, family] of sorted(this.#families)) {
      if (family.size === 0) continue;
      page.family(name);
      for (const [labels, series] of sorted(family)) series.write(page, labels);
    }
    return page.text();
  }

  #series<T extends Series>(name: string, labels: LabelPairs, type: string, create: () => T): T {
    let family = this.#families.get(name);
    if (!family) {
      if (familyOf(name).type !== type) throw new Error(`BUG: ${name} is not a ${type}`);
      this.#families.set(name, (family = new Map()));
    }
    const key = labelText(labels);
    let series = family.get(key);
    if (!series) family.set(key, (series = create()));
    return series as T;
  }
}

interface Series {
  write(page: ExpositionWriter, labels: string): void;
}

class Scalar implements Series, Counter, Gauge {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  add(amount = 1): void {
    this.value += amount;
  }

  write(page: ExpositionWriter, labels: string): void {
    page.line('', labels, this.value);
  }
}

/**
 * Counts by upper bound. Many observations of one distribution come at once as shares: the fractions are kept
 * and only whole counts are shown, so that buckets stay monotonic and `_count` is exact.
 */
export class Histogram implements Series {
  readonly #bounds: readonly number[];
  readonly #cumulative: Float64Array;
  readonly #bucketLabels: readonly string[];
  #count = 0;
  #sum = 0;

  constructor(bounds: readonly number[], labels: LabelPairs) {
    this.#bounds = bounds;
    this.#cumulative = new Float64Array(bounds.length);
    this.#bucketLabels = [...bounds, Number.POSITIVE_INFINITY].map((bound) =>
      labelText({ ...labels, le: formatValue(bound) }),
    );
  }

  observe(value: number): void {
    this.#count++;
    this.#sum += value;
    for (let i = this.#bounds.length - 1; i >= 0 && value <= this.#bounds[i]!; i--) this.#cumulative[i]!++;
  }

  /** `count` observations spread log-normally around a median, `spread` being the sigma of the logarithm. */
  observeMany(count: number, median: number, spread: number): void {
    if (count === 0) return;
    this.#count += count;
    this.#sum += count * median * Math.exp((spread * spread) / 2);
    for (let i = 0; i < this.#bounds.length; i++) {
      this.#cumulative[i]! += count * normalShareBelow(Math.log(this.#bounds[i]! / median) / spread);
    }
  }

  write(page: ExpositionWriter, labels: string): void {
    for (let i = 0; i < this.#bounds.length; i++) {
      // A hair is added because 0.1 + 0.2 shares of ten requests must come out as three.
      page.line('_bucket', this.#bucketLabels[i]!, Math.floor(this.#cumulative[i]! + 1e-6));
    }
    page.line('_bucket', this.#bucketLabels[this.#bounds.length]!, this.#count);
    page.line('_sum', labels, this.#sum);
    page.line('_count', labels, this.#count);
  }
}

/** Quantiles that are set, not computed: only Go's garbage collector is shown this way. */
export class Summary implements Series {
  readonly #labels: LabelPairs;
  #quantiles: readonly (readonly [quantile: string, value: number])[] = [];
  #sum = 0;
  #count = 0;

  constructor(labels: LabelPairs) {
    this.#labels = labels;
  }

  set(quantiles: readonly (readonly [quantile: string, value: number])[], sum: number, count: number): void {
    this.#quantiles = quantiles;
    this.#sum = sum;
    this.#count = count;
  }

  write(page: ExpositionWriter, labels: string): void {
    for (const [quantile, value] of this.#quantiles) {
      page.line('', labelText({ ...this.#labels, quantile }), value);
    }
    page.line('_sum', labels, this.#sum);
    page.line('_count', labels, this.#count);
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The standard normal distribution function; the logistic approximation is within 0.01 of it. */
function normalShareBelow(z: number): number {
  return 1 / (1 + Math.exp(-(1.5976 * z + 0.07056 * z ** 3)));
}
