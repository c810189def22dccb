import { quoteBytes } from './exposition-error.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const LETTER_E = 0x65;

/** Powers of ten that a double holds exactly. */
const POWERS = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
  1e20, 1e21, 1e22,
];
const EXACT_MAX = 2 ** 53;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL = /^(?:([+-]?)inf(?:inity)?|nan)$/i;

/**
 * The number written in bytes [start, end), as Go's `strconv.ParseFloat` reads it without what Prometheus
 * refuses on top (`p`, `P` and `_`, which leaves no hexadecimal form). Throws a SyntaxError in Go's words.
 *
 * Up to 15 digits and a small exponent need one exact multiplication or division (Clinger 1990), which is
 * how nearly all samples are written; the rest goes through `Number`, which rounds the same way.
 */
export function parseFloatBytes(bytes: Buffer, start: number, end: number): number {
  let at = start;
  const sign = bytes[at];
  if (sign === MINUS || sign === PLUS) at++;
  let mantissa = 0;
  let digits = 0;
  for (; at < end; at++, digits++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    mantissa = mantissa * 10 + digit;
  }
  let exponent = 0;
  if (at < end && bytes[at] === DOT) {
    const fraction = ++at;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
    }
    exponent = fraction - at;
    digits += at - fraction;
  }
  if (digits === 0 || digits > 15) return parseSlowly(bytes, start, end);
  if (at < end) {
    if ((bytes[at]! | 0x20) !== LETTER_E) return parseSlowly(bytes, start, end);
    at++;
    const negative = bytes[at] === MINUS;
    if (negative || bytes[at] === PLUS) at++;
    const first = at;
    let written = 0;
    for (; at < end && at - first < 3; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      written = written * 10 + digit;
    }
    if (at === first || at < end) return parseSlowly(bytes, start, end);
    exponent += negative ? -written : written;
  }
  if (exponent < -22 || exponent > 22 || mantissa >= EXACT_MAX) return parseSlowly(bytes, start, end);
  const value = exponent < 0 ? mantissa / POWERS[-exponent]! : mantissa * POWERS[exponent]!;
  return sign === MINUS ? -value : value;
}

/**
 * The value of an `le` or `quantile` label as Prometheus 3 stores it: the number in its shortest form, with
 * `.0` where it would look like an integer. What is no number stays as it is.
 */
export function normalizeFloatLabel(text: string): string {
  if (SPECIAL.test(text)) return /nan/i.test(text) ? 'NaN' : text.startsWith('-') ? '-Inf' : '+Inf';
  // Here Go's digit separators count, which a sample's value may not have.
  const plain = text.replace(/(\d)_(?=\d)/g, '$1');
  const value = DECIMAL.test(plain) ? Number(plain) : parseHexadecimal(plain);
  if (!Number.isFinite(value)) return text;
  if (value === 0) return '0.0';
  const shortest = formatShortest(value);
  return /[e.]/.test(shortest) ? shortest : `${shortest}.0`;
}

/** Go's `strconv.FormatFloat(value, 'g', -1, 64)` of a finite number that is not zero. */
function formatShortest(value: number): string {
  const [digits, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** Go's `0x1.8p-3`, which a sample's value may not have but a label may; NaN for anything else. */
function parseHexadecimal(text: string): number {
  const match = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)p([+-]?\d+)$/i.exec(text);
  const digits = match ? match[2]! + match[3]! : '';
  // 13 digits are 52 bits, which a double holds without rounding.
  if (!match || digits === '' || digits.length > 13) return Number.NaN;
  const value = Number.parseInt(digits, 16) * 2 ** (Number(match[4]) - 4 * match[3]!.length);
  return match[1] === '-' ? -value : value;
}

function parseSlowly(bytes: Buffer, start: number, end: number): number {
  const text = bytes.toString('latin1', start, end);
  if (/[pP_]/.test(text)) throw new SyntaxError('unsupported character in float');
  const special = SPECIAL.exec(text);
  if (special) {
    if (special[1] === undefined) return Number.NaN;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  const why = Number.isNaN(value) ? 'invalid syntax' : 'value out of range';
  throw new SyntaxError(`strconv.ParseFloat: parsing ${quoteBytes(bytes.subarray(start, end))}: ${why}`);
}
