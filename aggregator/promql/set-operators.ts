import type { StepSeries } from './value.ts';
import { ABSENT } from './value.ts';

/** Whether any series with a join signature has a sample, by signature and step. */
class Presence {
  readonly #steps: number;
  readonly #present: Uint8Array;

  constructor(
    vector: readonly StepSeries[],
    signatures: ArrayLike<number>,
    signatureCount: number,
    steps: number,
  ) {
    this.#steps = steps;
    this.#present = new Uint8Array(signatureCount * steps);
    for (let i = 0; i < vector.length; i++) {
      const { kinds } = vector[i]!;
      const from = signatures[i]! * steps;
      for (let step = 0; step < steps; step++) if (kinds[step] !== ABSENT) this.#present[from + step] = 1;
    }
  }

  /** The steps of a series at which its signature is present, or at which it is not. */
  filter(series: StepSeries, signature: number, wanted: 0 | 1): StepSeries {
    const from = signature * this.#steps;
    const kinds = series.kinds.map((kind, step) => (this.#present[from + step] === wanted ? kind : ABSENT));
    return { ...series, kinds };
  }
}

export interface SetOperands {
  readonly left: readonly StepSeries[];
  readonly right: readonly StepSeries[];
  readonly leftSignatures: ArrayLike<number>;
  readonly rightSignatures: ArrayLike<number>;
  readonly signatureCount: number;
  readonly steps: number;
}

/** `and`, `or` and `unless`: which samples stay is decided by join signature at every step. */
export function setOperation(operator: 'and' | 'or' | 'unless', operands: SetOperands): StepSeries[] {
  const { left, right, leftSignatures, rightSignatures, signatureCount, steps } = operands;
  if (operator === 'or') {
    const present = new Presence(left, leftSignatures, signatureCount, steps);
    return [...left, ...right.map((series, i) => present.filter(series, rightSignatures[i]!, 0))];
  }
  const present = new Presence(right, rightSignatures, signatureCount, steps);
  const wanted = operator === 'and' ? 1 : 0;
  return left.map((series, i) => present.filter(series, leftSignatures[i]!, wanted));
}
