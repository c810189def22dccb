import { isUtf8 } from 'node:buffer';
import { quote } from '../../model/labels.ts';

/** The value of a literal, or what is wrong with it. */
export type Literal<T> = { readonly value: T; readonly problem?: undefined } | { readonly problem: string };

/** A number as Go's ParseInt with base 0 and then ParseFloat take it: `010` is 8, `08` is 8, `1_000` is 1000. */
export function parseNumber(text: string): Literal<number> {
  const lower = text.toLowerCase();
  if (lower === 'inf') return { value: Number.POSITIVE_INFINITY };
  if (lower === 'nan') return { value: Number.NaN };
  const failed = (why: string) => ({
    problem: `error parsing number: strconv.ParseFloat: parsing ${quote(text)}: ${why}`,
  });
  if (!underscoresSeparateDigits(lower)) return failed('invalid syntax');
  const plain = lower.replaceAll('_', '');
  const integer = integerValue(plain);
  if (integer !== undefined && integer <= MAX_INT64) return { value: Number(integer) };
  // A hexadecimal float would need an exponent, which has no place in PromQL.
  if (!/^(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/.test(plain)) return failed('invalid syntax');
  const value = Number(plain);
  return Number.isFinite(value) ? { value } : failed('value out of range');
}

const MAX_INT64 = 2n ** 63n - 1n;
/** More digits than any of 64 bits has, in any base: reading a million of them as an integer would take seconds. */
const MAX_DIGITS = 24;

function integerValue(text: string): bigint | undefined {
  if (text.replace(/^0+/, '').length > MAX_DIGITS) return undefined;
  if (/^0x[\da-f]+$/.test(text)) return BigInt(text);
  if (/^0[0-7]+$/.test(text)) return BigInt(`0o${text.slice(1)}`);
  if (/^(?:0|[1-9]\d*)$/.test(text)) return BigInt(text);
  return undefined;
}

/** Each underscore stands between two digits, or between the prefix `0x` and a digit. */
function underscoresSeparateDigits(text: string): boolean {
  const stray = text.startsWith('0x') ? /(?<!^0x|[\da-f])_|_(?![\da-f])/ : /(?<!\d)_|_(?!\d)/;
  return !stray.test(text);
}

const UNITS: Readonly<Record<string, readonly [rank: number, ms: bigint]>> = {
  y: [1, 365n * 86_400_000n],
  w: [2, 7n * 86_400_000n],
  d: [3, 86_400_000n],
  h: [4, 3_600_000n],
  m: [5, 60_000n],
  s: [6, 1_000n],
  ms: [7, 1n],
};

const MAX_DURATION_MS = (2n ** 63n - 1n) / 1_000_000n;

/** Seconds of `1h30m`: each unit at most once, from the largest to the smallest, within Go's 292 years. */
export function parseDurationSeconds(text: string): Literal<number> {
  if (text === '0') return { value: 0 };
  const invalid = { problem: `not a valid duration string: ${quote(text)}` };
  let totalMs = 0n;
  let lastRank = 0;
  for (let rest = text; rest !== ''; ) {
    const part = /^(\d+)([^\d]+)/.exec(rest);
    if (!part || part[1]!.length > MAX_DIGITS || BigInt(part[1]!) >= 2n ** 64n) return invalid;
    rest = rest.slice(part[0].length);
    const unit = Object.hasOwn(UNITS, part[2]!) ? UNITS[part[2]!] : undefined;
    if (!unit) return { problem: `unknown unit ${quote(part[2]!)} in duration ${quote(text)}` };
    if (unit[0] <= lastRank) return invalid;
    lastRank = unit[0];
    totalMs += BigInt(part[1]!) * unit[1];
    if (totalMs > MAX_DURATION_MS) return { problem: 'duration out of range' };
  }
  // Whole seconds and the rest apart, as Go's Duration.Seconds adds them: the last bit can differ.
  return { value: Number(totalMs / 1000n) + (Number(totalMs % 1000n) * 1e6) / 1e9 };
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/**
 * The value of a string literal the lexer has passed. `\x` and octal escapes are bytes: together they may spell
 * UTF-8. A byte that does not is kept as the lone surrogate U+DC00 + byte, so that it prints as it was written;
 * such a string is not well-formed (`isWellFormed`) and becomes replacement characters wherever it is encoded.
 */
export function unquote(literal: string): string {
  const inside = literal.slice(1, -1);
  if (literal.startsWith('`') || !inside.includes('\\')) return inside;
  const sequence = /((?:\\(?:x[\da-fA-F]{2}|[0-7]{3}))+)|\\u([\da-fA-F]{4})|\\U([\da-fA-F]{8})|\\(.)/gsu;
  return inside.replace(sequence, (_, bytes?: string, short?: string, long?: string, char?: string) => {
    if (bytes !== undefined) return decodeBytes(bytes);
    if (char !== undefined) return SIMPLE_ESCAPES[char] ?? char;
    return String.fromCodePoint(Number.parseInt((short ?? long)!, 16));
  });
}

function decodeBytes(escapes: string): string {
  const values = escapes
    .slice(1)
    .split('\\')
    .map((digits) =>
      digits.startsWith('x') ? Number.parseInt(digits.slice(1), 16) : Number.parseInt(digits, 8),
    );
  let text = '';
  for (let at = 0; at < values.length; ) {
    const length = sequenceLength(values[at]!);
    const char = Buffer.from(values.slice(at, at + length));
    if (isUtf8(char)) {
      text += char.toString();
      at += length;
    } else {
      text += String.fromCharCode(0xdc00 + values[at++]!);
    }
  }
  return text;
}

/** How many bytes a character of UTF-8 has by its first byte. */
function sequenceLength(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
