/**
 * Kahan summation as Neumaier improved it: the sum of everything added so far is `sum + compensation`.
 * Prometheus adds in this way wherever many values meet, so the bits of an answer depend on these lines.
 */

/** The compensation after `increment` was added to `sum` with the compensation so far. */
export function compensate(increment: number, sum: number, compensation: number): number {
  const total = sum + increment;
  if (total === Number.POSITIVE_INFINITY || total === Number.NEGATIVE_INFINITY) return 0;
  return Math.abs(sum) >= Math.abs(increment)
    ? compensation + (sum - total + increment)
    : compensation + (increment - total + sum);
}
