import type { Aggregation } from './ast.ts';
import { compensate } from './kahan.ts';
import { ABSENT, FLOAT, StepColumns } from './value.ts';

/**
 * An aggregation that takes series one after the other and keeps a few running numbers for every group and
 * step, in columns: number i of group g at step s lies at g·steps + s.
 */
export interface Fold {
  add(group: number, kinds: Uint8Array, values: Float64Array): void;
  result(group: number): StepColumns;
}

export function makeFold(operator: Aggregation, groups: number, steps: number): Fold {
  switch (operator) {
    case 'sum':
      return new Sum(groups, steps);
    case 'avg':
      return new Average(groups, steps);
    case 'min':
      return new Extreme(groups, steps, (value, kept) => kept > value || Number.isNaN(kept));
    case 'max':
      return new Extreme(groups, steps, (value, kept) => kept < value || Number.isNaN(kept));
    case 'count':
      return new Count(groups, steps, false);
    case 'group':
      return new Count(groups, steps, true);
    case 'stddev':
      return new Variance(groups, steps, Math.sqrt);
    case 'stdvar':
      return new Variance(groups, steps, (variance) => variance);
    default:
      throw new Error(`BUG: ${operator} is no fold`);
  }
}

/** Marks which steps of a group have a value, and copies values out. */
class GroupColumns {
  readonly steps: number;
  readonly seen: Uint8Array;

  constructor(groups: number, steps: number) {
    this.steps = steps;
    this.seen = new Uint8Array(groups * steps);
  }

  collect(group: number, value: (at: number) => number): StepColumns {
    const out = new StepColumns(this.steps);
    const from = group * this.steps;
    for (let step = 0; step < this.steps; step++)
      if (this.seen[from + step] !== ABSENT) out.setFloat(step, value(from + step));
    return out;
  }
}

class Sum implements Fold {
  readonly #columns: GroupColumns;
  readonly #sums: Float64Array;
  readonly #compensations: Float64Array;

  constructor(groups: number, steps: number) {
    this.#columns = new GroupColumns(groups, steps);
    this.#sums = new Float64Array(groups * steps);
    this.#compensations = new Float64Array(groups * steps);
  }

  add(group: number, kinds: Uint8Array, values: Float64Array): void {
    const { seen, steps } = this.#columns;
    const sums = this.#sums;
    const compensations = this.#compensations;
    for (let step = 0, at = group * steps; step < steps; step++, at++) {
      if (kinds[step] !== FLOAT) continue;
      const value = values[step]!;
      if (seen[at] === ABSENT) {
        seen[at] = FLOAT;
        sums[at] = value;
      } else {
        const sum = sums[at]!;
        compensations[at] = compensate(value, sum, compensations[at]!);
        sums[at] = sum + value;
      }
    }
  }

  result(group: number): StepColumns {
    return this.#columns.collect(group, (at) => this.#sums[at]! + this.#compensations[at]!);
  }
}

/** Mean of the sum, until the sum would overflow; from there on a running mean. */
class Average implements Fold {
  readonly #columns: GroupColumns;
  /** The sum; the mean where `#running`. */
  readonly #totals: Float64Array;
  readonly #compensations: Float64Array;
  readonly #counts: Float64Array;
  readonly #running: Uint8Array;

  constructor(groups: number, steps: number) {
    this.#columns = new GroupColumns(groups, steps);
    this.#totals = new Float64Array(groups * steps);
    this.#compensations = new Float64Array(groups * steps);
    this.#counts = new Float64Array(groups * steps);
    this.#running = new Uint8Array(groups * steps);
  }

  add(group: number, kinds: Uint8Array, values: Float64Array): void {
    const { seen, steps } = this.#columns;
    for (let step = 0, at = group * steps; step < steps; step++, at++) {
      if (kinds[step] !== FLOAT) continue;
      if (seen[at] === ABSENT) {
        seen[at] = FLOAT;
        this.#totals[at] = values[step]!;
        this.#counts[at] = 1;
      } else this.#addAt(at, values[step]!);
    }
  }

  result(group: number): StepColumns {
    return this.#columns.collect(group, (at) => {
      const total = this.#totals[at]!;
      const compensation = this.#compensations[at]!;
      const count = this.#counts[at]!;
      return this.#running[at] ? total + compensation : total / count + compensation / count;
    });
  }

  #addAt(at: number, value: number): void {
    const count = this.#counts[at]! + 1;
    this.#counts[at] = count;
    let total = this.#totals[at]!;
    let compensation = this.#compensations[at]!;
    if (!this.#running[at]) {
      const sum = total + value;
      if (sum !== Number.POSITIVE_INFINITY && sum !== Number.NEGATIVE_INFINITY) {
        this.#compensations[at] = compensate(value, total, compensation);
        this.#totals[at] = sum;
        return;
      }
      this.#running[at] = 1;
      total /= count - 1;
      compensation /= count - 1;
    }
    const weight = (count - 1) / count;
    const increment = value / count;
    this.#compensations[at] = compensate(increment, weight * total, weight * compensation);
    this.#totals[at] = weight * total + increment;
  }
}

class Extreme implements Fold {
  readonly #columns: GroupColumns;
  readonly #kept: Float64Array;
  readonly #replaces: (value: number, kept: number) => boolean;

  constructor(groups: number, steps: number, replaces: (value: number, kept: number) => boolean) {
    this.#columns = new GroupColumns(groups, steps);
    this.#kept = new Float64Array(groups * steps);
    this.#replaces = replaces;
  }

  add(group: number, kinds: Uint8Array, values: Float64Array): void {
    const { seen, steps } = this.#columns;
    for (let step = 0, at = group * steps; step < steps; step++, at++) {
      if (kinds[step] !== FLOAT) continue;
      const value = values[step]!;
      if (seen[at] === ABSENT || this.#replaces(value, this.#kept[at]!)) this.#kept[at] = value;
      seen[at] = FLOAT;
    }
  }

  result(group: number): StepColumns {
    return this.#columns.collect(group, (at) => this.#kept[at]!);
  }
}

class Count implements Fold {
  readonly #columns: GroupColumns;
  readonly #counts: Float64Array;
  readonly #onlyOne: boolean;

  constructor(groups: number, steps: number, onlyOne: boolean) {
    this.#columns = new GroupColumns(groups, steps);
    this.#counts = new Float64Array(groups * steps);
    this.#onlyOne = onlyOne;
  }

  add(group: number, kinds: Uint8Array): void {
    const { seen, steps } = this.#columns;
    for (let step = 0, at = group * steps; step < steps; step++, at++) {
      if (kinds[step] !== FLOAT) continue;
      seen[at] = FLOAT;
      this.#counts[at]! += 1;
    }
  }

  result(group: number): StepColumns {
    return this.#columns.collect(group, (at) => (this.#onlyOne ? 1 : this.#counts[at]!));
  }
}

/** Welford's, without Kahan: the reference has none here. */
class Variance implements Fold {
  readonly #columns: GroupColumns;
  readonly #counts: Float64Array;
  readonly #means: Float64Array;
  readonly #squares: Float64Array;
  readonly #finish: (variance: number) => number;

  constructor(groups: number, steps: number, finish: (variance: number) => number) {
    this.#columns = new GroupColumns(groups, steps);
    this.#counts = new Float64Array(groups * steps);
    this.#means = new Float64Array(groups * steps);
    this.#squares = new Float64Array(groups * steps);
    this.#finish = finish;
  }

  add(group: number, kinds: Uint8Array, values: Float64Array): void {
    const { seen, steps } = this.#columns;
    for (let step = 0, at = group * steps; step < steps; step++, at++) {
      if (kinds[step] !== FLOAT) continue;
      const value = values[step]!;
      if (seen[at] === ABSENT) {
        seen[at] = FLOAT;
        this.#counts[at] = 1;
        this.#means[at] = value;
        this.#squares[at] = Number.isFinite(value) ? 0 : Number.NaN;
        continue;
      }
      this.#counts[at]! += 1;
      const delta = value - this.#means[at]!;
      this.#means[at]! += delta / this.#counts[at]!;
      this.#squares[at]! += delta * (value - this.#means[at]!);
    }
  }

  result(group: number): StepColumns {
    return this.#columns.collect(group, (at) => this.#finish(this.#squares[at]! / this.#counts[at]!));
  }
}
