const DAY_MS = 86_400_000;

/** Parts of a date in UTC, from seconds since 1970; undefined for another function. */
export function dateFunction(name: string): ((seconds: number) => number) | undefined {
  const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
  if (!part) return undefined;
  return (seconds) => part(civil(seconds));
}

interface Civil {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly secondOfDay: number;
  /** Days since 1970. */
  readonly days: number;
}

const PARTS: Record<string, (date: Civil) => number> = {
  days_in_month: ({ year, month }) => daysInMonth(year, month),
  day_of_month: ({ day }) => day,
  day_of_week: ({ days }) => (((days + 4) % 7) + 7) % 7,
  day_of_year: ({ year, days }) => days - daysBeforeYear(year) + 1,
  hour: ({ secondOfDay }) => Math.trunc(secondOfDay / 3600),
  minute: ({ secondOfDay }) => Math.trunc(secondOfDay / 60) % 60,
  month: ({ month }) => month,
  year: ({ year }) => year,
};

/** Calculated here because JavaScript's dates end after 275,760 years. */
function civil(seconds: number): Civil {
  const { days, secondOfDay } = dayOf(seconds);
  // Eras of 400 years, beginning with March (Hinnant, "chrono-compatible low-level date algorithms").
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.trunc(
    (dayOfEra -
      Math.trunc(dayOfEra / 1460) +
      Math.trunc(dayOfEra / 36_524) -
      Math.trunc(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.trunc(yearOfEra / 4) - Math.trunc(yearOfEra / 100));
  const fromMarch = Math.trunc((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.trunc((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day, secondOfDay, days };
}

function daysBeforeYear(year: number): number {
  const past = year - 1;
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  return past * 365 + leapDays - 719_162;
}

function daysInMonth(year: number, month: number): number {
  return month === 2
    ? daysBeforeYear(year + 1) - daysBeforeYear(year) - 337
    : new Date(Date.UTC(2001, month, 1) - DAY_MS).getUTCDate();
}

/** Day since 1970, and second of it. */
function dayOf(seconds: number): { days: number; secondOfDay: number } {
  if (Math.abs(seconds) < 2 ** 53) {
    const whole = Math.trunc(seconds);
    const days = Math.floor(whole / 86_400);
    return { days, secondOfDay: whole - days * 86_400 };
  }
  // Go's conversion on amd64: what does not fit, NaN included, becomes the smallest integer. Its clock then
  // counts in 64 bits from a beginning of its own, and wraps.
  const whole = Math.abs(seconds) < 2 ** 63 ? BigInt(seconds) : -(2n ** 63n);
  const absolute = BigInt.asUintN(64, whole + UNIX_TO_ABSOLUTE_SECONDS);
  return {
    days: Number(absolute / 86_400n - UNIX_TO_ABSOLUTE_SECONDS / 86_400n),
    secondOfDay: Number(absolute % 86_400n),
  };
}

/** From 1970 back to March of the year -292277022400. */
const UNIX_TO_ABSOLUTE_SECONDS =
  62_135_596_800n + ((292_277_022_400n * 3_652_425n) / 10_000n + 306n) * 86_400n;
