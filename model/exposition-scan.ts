/**
 * Where the pieces of the text format end. Pages end in a line feed, at which every scan stops, so none looks
 * at the length.
 */

/** What a lexer of the format has read so far on a line: the names of Prometheus' own states. */
export type LexerState = 'init' | 'meta1' | 'labels' | 'labelValue' | 'value' | 'timestamp';

export const TAB = 0x09;
export const LINE_FEED = 0x0a;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const EQUAL = 0x3d;
const BACKSLASH = 0x5c;
export const BRACE_OPEN = 0x7b;
export const BRACE_CLOSE = 0x7d;

export const NAME_START = 1;
const DIGIT = 2;
export const CLASS = new Uint8Array(256);
for (let c = 0x41; c <= 0x5a; c++) CLASS[c] = CLASS[c | 0x20] = NAME_START;
for (let c = 0x30; c <= 0x39; c++) CLASS[c] = DIGIT;
CLASS[0x5f] = NAME_START;

/** The token Prometheus' lexer finds here, for the words of an error, and where it gave up or went on. */
export function tokenAt(page: Buffer, at: number, state: LexerState): { token: string; end: number } {
  const c = page[at]!;
  if (c === QUOTE && state !== 'init' && state !== 'value' && state !== 'timestamp') {
    const end = scanQuoted(page, at, state === 'labelValue');
    return end >= 0 ? { token: 'QSTRING', end } : { token: 'INVALID', end: ~end };
  }
  if (state === 'labels') {
    if (c === BRACE_CLOSE) return { token: 'BCLOSE', end: at + 1 };
    if (c === EQUAL) return { token: 'EQUAL', end: at + 1 };
    if (c === COMMA) return { token: 'COMMA', end: at + 1 };
    const end = endOfLabelName(page, at);
    if (end > at) return { token: 'LNAME', end };
  }
  if (state === 'value' && c === BRACE_OPEN) return { token: 'BOPEN', end: at + 1 };
  if (state === 'timestamp' && CLASS[c] === DIGIT) return { token: 'TIMESTAMP', end: endOfDigits(page, at) };
  return { token: 'INVALID', end: at };
}

export function isBlank(c: number): boolean {
  return c === SPACE || c === TAB;
}

/** The end of the value that begins here: up to a blank, a brace, a line feed or a NUL. */
export function endOfValue(page: Buffer, at: number): number {
  for (; ; at++) {
    const c = page[at]!;
    if (c <= SPACE ? c === SPACE || c === TAB || c === LINE_FEED || c === 0 : c === BRACE_OPEN) return at;
  }
}

export function endOfMetricName(page: Buffer, at: number): number {
  if (CLASS[page[at]!] !== NAME_START && page[at] !== COLON) return at;
  while (CLASS[page[at]!]! > 0 || page[at] === COLON) at++;
  return at;
}

export function endOfLabelName(page: Buffer, at: number): number {
  if (CLASS[page[at]!] !== NAME_START) return at;
  while (CLASS[page[at]!]! > 0) at++;
  return at;
}

export function endOfDigits(page: Buffer, at: number): number {
  while (CLASS[page[at]!] === DIGIT) at++;
  return at;
}

/** Where the braces that open here close, by quotes alone; 0 where they do not. */
export function endOfBraces(page: Buffer, at: number): number {
  for (at++; at < page.length; at++) {
    const c = page[at]!;
    if (c === BRACE_CLOSE) return at + 1;
    if (c === QUOTE) {
      for (at++; page[at] !== QUOTE; at++) {
        if (page[at] === BACKSLASH) at++;
        if (at >= page.length) return 0;
      }
    } else if (c === LINE_FEED) return 0;
  }
  return 0;
}

/**
 * The end of the quoted string that opens here, or the complement (~) of where it goes wrong. Within quotes
 * all is allowed, line feeds too, but a line feed after a backslash, and a NUL outside of label values.
 */
export function scanQuoted(page: Buffer, at: number, allowsNul: boolean): number {
  for (at++; at < page.length; at++) {
    const c = page[at];
    if (c === QUOTE) return at + 1;
    if (c === 0 && !allowsNul) return ~at;
    if (c !== BACKSLASH) continue;
    at++;
    while (allowsNul && page[at] === 0) at++;
    if (page[at] === LINE_FEED || page[at] === 0) return ~at;
  }
  return ~page.length;
}
