import { quote } from '../../model/labels.ts';

/** The classes of characters PromQL's words and numbers are made of. An empty string is the end of input. */
export function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\n' || char === '\r';
}

/** Latin digits only: letters and digits of other scripts have no place outside quotes. */
export function isDigit(char: string): boolean {
  return char >= '0' && char <= '9' && char.length === 1;
}

export function isAlpha(char: string): boolean {
  return char.length === 1 && ((char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z') || char === '_');
}

export function isAlphaNumeric(char: string): boolean {
  return isAlpha(char) || isDigit(char);
}

/** A character in single quotes, as Go's `%q` prints a rune; the end of input as the replacement character. */
export function quoteRune(char: string): string {
  if (char === '') return `'\ufffd'`;
  if (char === "'") return `'\\''`;
  if (char === '"') return `'"'`;
  return `'${quote(char).slice(1, -1)}'`;
}

/** As Go's `%#U`: `U+0041 'A'`. */
export function unicodePoint(char: string): string {
  const code = char.codePointAt(0)!;
  const shown = quote(char);
  const printable = shown === `"${char}"` || char === '"' || char === '\\';
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}${printable ? ` '${char}'` : ''}`;
}
