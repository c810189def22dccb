/** Prometheus durations: `1h30m`, `15s`, `100ms`; units y w d h m s ms, each at most once and in that order. */
const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
];

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Milliseconds. Throws a SyntaxError with Prometheus' words. */
export function parseDurationMs(text: string): number {
  if (text === '0') return 0;
  if (text === '') throw new SyntaxError('empty duration string');
  const match = DURATION.exec(text);
  if (!match) throw new SyntaxError(`not a valid duration string: ${JSON.stringify(text)}`);
  let ms = 0;
  for (let i = 0; i < UNITS.length; i++)
    if (match[i + 1] !== undefined) ms += Number(match[i + 1]) * UNITS[i]![1];
  if (ms > 9_223_372_036_854) throw new SyntaxError('duration out of range');
  return ms;
}

/** Years and weeks are printed only where they divide without rest: 90d is easier to read than 12w6d. */
const EXACT_ONLY: ReadonlySet<string> = new Set(['y', 'w']);

/** As Prometheus prints it: `1d12h`. What is less than a millisecond is dropped. */
export function formatDurationMs(ms: number): string {
  // Seconds in floating point became these milliseconds: find the nanoseconds they were written with first.
  let rest = Math.trunc(Math.round(Math.abs(ms) * 1e6) / 1e6);
  const sign = ms < 0 ? '-' : '';
  if (rest === 0) return `${sign}0s`;
  let text = '';
  for (const [unit, size] of UNITS) {
    if (EXACT_ONLY.has(unit) && rest % size !== 0) continue;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return sign + text;
}
