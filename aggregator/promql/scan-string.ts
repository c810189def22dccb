import { unicodePoint } from './rune.ts';

export interface StringScan {
  /** Behind the closing quote. */
  readonly end: number;
  readonly problem: string | undefined;
}

/** Passes a quoted string from behind its opening quote, checking the escapes as Go does. */
export function scanString(text: string, start: number, delimiter: string): StringScan {
  let at = start;
  while (at < text.length) {
    const char = String.fromCodePoint(text.codePointAt(at)!);
    at += char.length;
    if (char === delimiter) return { end: at, problem: undefined };
    if (isInvalid(char)) return { end: at, problem: 'invalid UTF-8 rune' };
    if (char === '\n') break;
    if (char !== '\\') continue;
    const sequence = scanEscape(text, at, delimiter);
    if (sequence.problem !== undefined) return sequence;
    at = sequence.end;
  }
  return { end: at, problem: 'unterminated quoted string' };
}

/** Passes a string in backticks, which knows no escapes. */
export function scanRawString(text: string, start: number): StringScan {
  let at = start;
  while (at < text.length) {
    const char = String.fromCodePoint(text.codePointAt(at)!);
    at += char.length;
    if (char === '`') return { end: at, problem: undefined };
    if (isInvalid(char)) return { end: at, problem: 'invalid UTF-8 rune' };
  }
  return { end: at, problem: 'unterminated raw string' };
}

/** Escapes with digits: how many, of which base, and the largest value. */
const NUMERIC_ESCAPES: Readonly<Record<string, readonly [digits: number, base: number, max: number]>> = {
  x: [2, 16, 0xff],
  u: [4, 16, 0x10ffff],
  U: [8, 16, 0x10ffff],
};

function scanEscape(text: string, start: number, delimiter: string): StringScan {
  const first = text.codePointAt(start);
  if (first === undefined) return { end: start, problem: 'escape sequence not terminated' };
  const char = String.fromCodePoint(first);
  if ('abfnrtv\\'.includes(char) || char === delimiter) return { end: start + 1, problem: undefined };
  const octal = char >= '0' && char <= '7';
  const numeric = octal ? ([3, 8, 255] as const) : NUMERIC_ESCAPES[char];
  if (!numeric) return { end: start, problem: `unknown escape sequence ${unicodePoint(char)}` };
  const [digits, base, max] = numeric;
  let at = octal ? start : start + 1;
  let value = 0;
  for (let i = 0; i < digits; i++) {
    const code = text.codePointAt(at);
    if (code === undefined) return { end: at, problem: 'escape sequence not terminated' };
    const digit = Number.parseInt(String.fromCodePoint(code), base);
    if (Number.isNaN(digit)) {
      const shown = unicodePoint(String.fromCodePoint(code));
      return { end: at, problem: `illegal character ${shown} in escape sequence` };
    }
    value = value * base + digit;
    at++;
  }
  if (value > max || (value >= 0xd800 && value < 0xe000)) {
    return { end: at, problem: 'escape sequence is an invalid Unicode code point' };
  }
  return { end: at, problem: undefined };
}

/** Bytes that were no UTF-8 have become replacement characters; a lone surrogate could not be encoded. */
function isInvalid(char: string): boolean {
  return char === '\ufffd' || (char.length === 1 && char >= '\ud800' && char <= '\udfff');
}
