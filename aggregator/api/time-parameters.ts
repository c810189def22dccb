import { parseDurationMs as parseUnits } from '../../model/duration.ts';
import { quote } from '../../model/labels.ts';

/** All time: what `start` and `end` are where they are left out. */
export const MIN_TIME_MS = Number.MIN_SAFE_INTEGER;
export const MAX_TIME_MS = Number.MAX_SAFE_INTEGER;

/** How client libraries in Go write the two ends of time. */
const MIN_TIME_TEXT = '-292273086-05-16T16:47:06Z';
const MAX_TIME_TEXT = '292277025-08-18T07:12:54.999999999Z';

const FLOAT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^[+-]?inf(?:inity)?$/i;
const MAX_DURATION_MS = 2 ** 63 / 1e6;

/** Seconds since 1970 as a decimal number, or RFC 3339. Throws a SyntaxError with Prometheus' words. */
export function parseTimeMs(text: string): number {
  const seconds = parseFloatText(text);
  if (seconds !== undefined) {
    const whole = Math.trunc(seconds);
    // The fraction is rounded to milliseconds, away from zero.
    const fractionMs = Math.sign(seconds) * Math.round(Math.abs(seconds - whole) * 1000);
    return clamp(whole * 1000 + fractionMs);
  }
  const ms = parseRfc3339(text);
  if (ms !== undefined) return ms;
  if (text === MIN_TIME_TEXT) return MIN_TIME_MS;
  if (text === MAX_TIME_TEXT) return MAX_TIME_MS;
  throw new SyntaxError(`cannot parse ${quote(text)} to a valid timestamp`);
}

/** Seconds as a decimal number, or a duration such as `5m`. Throws a SyntaxError with Prometheus' words. */
export function parseDurationMs(text: string): number {
  const seconds = INFINITE.test(text) ? Number.POSITIVE_INFINITY : parseFloatText(text);
  if (seconds !== undefined) {
    const ms = seconds * 1000;
    if (Math.abs(ms) <= MAX_DURATION_MS) return Math.trunc(ms * 1e6) / 1e6;
    throw new SyntaxError(`cannot parse ${quote(text)} to a valid duration. It overflows int64`);
  }
  try {
    return parseUnits(text);
  } catch {
    throw new SyntaxError(`cannot parse ${quote(text)} to a valid duration`);
  }
}

/** A decimal number as Go takes it, with underscores between digits; undefined for what is none or not finite. */
function parseFloatText(text: string): number | undefined {
  const plain = text.replace(/(?<=\d)_(?=\d)/g, '');
  if (!FLOAT.test(plain)) return undefined;
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

function parseRfc3339(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day that does not exist (30 February) rolls over into the next month.
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const offsetHour = Number(match[9] ?? 0);
  const offsetMinute = Number(match[10] ?? 0);
  if (!exists || hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) {
    return undefined;
  }
  date.setUTCHours(hour, minute, second);
  const fractionMs = match[7] === undefined ? 0 : Math.floor(Number(`0.${match[7]}`) * 1000);
  const offsetMs = (offsetHour * 60 + offsetMinute) * 60_000;
  return date.getTime() + fractionMs - (match[8] === '-' ? -offsetMs : offsetMs);
}

function clamp(ms: number): number {
  return Math.min(Math.max(ms, MIN_TIME_MS), MAX_TIME_MS);
}

/** A time as Go's encoding/json writes it: RFC 3339 in UTC, no trailing zeros; 0 is "never". */
export function formatTime(ms: number): string {
  if (ms === 0) return '0001-01-01T00:00:00Z';
  return new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');
}
