import { executionError } from './context.ts';
import { max, min } from './go-math.ts';
import type { AggregatePlan } from './plan.ts';

/** Least and greatest parameter over all steps, as the reference finds them: NaN spreads unless constant. */
export function parameterRange(
  plan: AggregatePlan,
  param: Float64Array,
): { min: number; max: number; anyNaN: boolean } {
  if (plan.param!.kind === 'number') {
    const value = param[0]!;
    return { min: value, max: value, anyNaN: Number.isNaN(value) };
  }
  let least = Number.MAX_VALUE;
  let greatest = -Number.MAX_VALUE;
  let anyNaN = false;
  for (const value of param) {
    least = min(least, value);
    greatest = max(greatest, value);
    anyNaN ||= Number.isNaN(value);
  }
  return { min: least, max: greatest, anyNaN };
}

/** For topk and its kin: false where no step has a k of one or more. Throws where k is no integer of 64 bits. */
export function checkK(
  { min, max, anyNaN }: { min: number; max: number; anyNaN: boolean },
  format: (value: number) => string,
): boolean {
  if (max < 1) return false;
  if (anyNaN) throw executionError('Parameter value is NaN');
  if (min <= -(2 ** 63)) throw executionError(`Scalar value ${format(min)} underflows int64`);
  if (max >= 2 ** 63) throw executionError(`Scalar value ${format(max)} overflows int64`);
  return true;
}
