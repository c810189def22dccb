import type { WindowSums } from './slice-window.ts';

/**
 * One alarm on the burn rate: it goes off when the budget burns faster than `factor` both over the long window,
 * which says that it matters, and the short one, which says that it goes on.
 */
export interface BurnAlarm {
  readonly severity: 'page' | 'ticket';
  readonly shortMs: number;
  readonly longMs: number;
  readonly factor: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Share of the period's budget that may burn in the long window: Google's SRE workbook, chapter 5. */
const SHARES = [
  { severity: 'page', shortMs: HOUR_MS / 12, longMs: HOUR_MS, share: 0.02 },
  { severity: 'page', shortMs: HOUR_MS / 2, longMs: 6 * HOUR_MS, share: 0.05 },
  { severity: 'ticket', shortMs: 2 * HOUR_MS, longMs: DAY_MS, share: 0.1 },
  { severity: 'ticket', shortMs: 6 * HOUR_MS, longMs: 3 * DAY_MS, share: 0.1 },
] as const;

/**
 * The alarms of a period. The factor follows from the share and the period; it is never below 1, where one
 * would be paged inside the budget, and an alarm that could never go off (even if everything failed, the rate
 * is 1 / budget at most) is lowered to nine tenths of that.
 */
export function burnAlarms(windowMs: number, budget: number): BurnAlarm[] {
  return SHARES.filter(({ longMs }) => longMs < windowMs).map(({ severity, shortMs, longMs, share }) => {
    const factor = Math.max(1, (share * windowMs) / longMs);
    return { severity, shortMs, longMs, factor: factor < 1 / budget ? factor : 0.9 / budget };
  });
}

/** Windows whose burn rates are published, the shortest first: those of the alarms and the period itself. */
export function burnWindowsMs(windowMs: number): number[] {
  const windows = SHARES.flatMap(({ shortMs, longMs }) => [shortMs, longMs]).filter((ms) => ms < windowMs);
  return [...new Set([...windows, windowMs])].toSorted((a, b) => a - b);
}

/** How many times faster than allowed the budget burns: 1 spends exactly all over the period. No events: undefined. */
export function burnRate({ good, total }: WindowSums, budget: number): number | undefined {
  return total > 0 ? (total - good) / total / budget : undefined;
}

/**
 * What is left of the period's budget: 1 untouched, 0 spent, negative when overspent. Never clamped. No events:
 * undefined. The budget is for the whole period: while only a share of it has been seen, the events of the rest
 * are taken to be as many, and good, so that the errors of the first hour do not count as a month's.
 */
export function budgetRemaining(period: WindowSums, budget: number, coverage: number): number | undefined {
  const rate = burnRate(period, budget);
  return rate === undefined ? undefined : 1 - rate * coverage;
}

/** A burn rate and the share of its window that was seen. */
export interface SeenRate {
  readonly rate: number | undefined;
  readonly coverage: number;
}

/**
 * The most serious alarm that goes off; `rates` by window in milliseconds. What was not seen of a window is
 * taken as good here, too: an alarm says that so much of the budget is gone.
 */
export function firingAlarm(
  alarms: readonly BurnAlarm[],
  rates: ReadonlyMap<number, SeenRate>,
): 'page' | 'ticket' | undefined {
  const burns = (windowMs: number, factor: number) => {
    const seen = rates.get(windowMs);
    return (seen?.rate ?? 0) * (seen?.coverage ?? 0) > factor;
  };
  const firing = alarms.filter(
    ({ shortMs, longMs, factor }) => burns(shortMs, factor) && burns(longMs, factor),
  );
  return firing.find(({ severity }) => severity === 'page')?.severity ?? firing[0]?.severity;
}

export function addSums(a: WindowSums, b: WindowSums): WindowSums {
  return { good: a.good + b.good, total: a.total + b.total, covered: a.covered + b.covered };
}
