const UNITS: readonly (readonly [unit: string, ms: number, exactOnly: boolean])[] = [
  ['y', 365 * 86_400_000, true],
  ['w', 7 * 86_400_000, true],
  ['d', 86_400_000, false],
  ['h', 3_600_000, false],
  ['m', 60_000, false],
  ['s', 1_000, false],
  ['ms', 1, false],
];

/**
 * A duration as Prometheus prints it: `1d12h`, years and weeks only where they divide without rest (90d is
 * easier to read than 12w6d). What is less than a millisecond is dropped.
 */
export function printDurationMs(ms: number): string {
  // Literals are seconds in floating point: find the nanoseconds they were written with first.
  let rest = Math.trunc(Math.round(Math.abs(ms) * 1e6) / 1e6);
  const sign = ms < 0 ? '-' : '';
  if (rest === 0) return `${sign}0s`;
  let text = '';
  for (const [unit, size, exactOnly] of UNITS) {
    if (exactOnly && rest % size !== 0) continue;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return sign + text;
}
