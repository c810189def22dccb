import { isAlphaNumeric, isDigit } from './rune.ts';

/** Where a scan stopped, and whether what it passed is what was looked for. */
export interface Scan {
  readonly end: number;
  readonly valid: boolean;
}

const DECIMAL = '0123456789';
const HEXADECIMAL = '0123456789abcdefABCDEF';

/**
 * Passes a number: decimal, hexadecimal, octal or float, with underscores between digits. Not every text it
 * passes is a number; that is found when its value is taken.
 */
export function numberEnd(text: string, start: number): Scan {
  let at = start;
  const is = (set: string) => at < text.length && set.includes(text[at]!);
  const accept = (set: string) => {
    const found = is(set);
    if (found) at++;
    return found;
  };
  const stop = (valid: boolean): Scan => ({ end: at, valid });

  let digits = DECIMAL;
  if (accept('0') && accept('xX')) {
    accept('_');
    digits = HEXADECIMAL;
  }
  accept('.');
  accept(digits);
  let dotSeen = false;
  let exponentSeen = false;
  while (is(`${digits}._eE`)) {
    if (is('.') && dotSeen) {
      at++;
      return stop(false);
    }
    if (is('eE') && exponentSeen) {
      at++;
      return stop(false);
    }
    if (accept('.')) {
      dotSeen = true;
      if (accept('_.') || digits === HEXADECIMAL) return stop(false);
    } else if (accept('eE')) {
      exponentSeen = true;
      accept('+-');
      if (accept('._eE') || at === text.length) return stop(false);
    } else if (accept('_')) {
      if (accept('._eE') || at === text.length) return stop(false);
    } else {
      while (accept(digits));
    }
  }
  return stop(at > start && !isAlphaNumeric(text[at] ?? ''));
}

/**
 * Passes what makes a number a duration: a unit, then more numbers and units. Wrong orders and units such as
 * `hs` pass; they are found when the value is taken.
 */
export function durationEnd(text: string, start: number): Scan {
  let at = start;
  const unit = (set: string) => {
    if (at >= text.length || !set.includes(text[at]!)) return false;
    at++;
    if (text[at] === 's') at++;
    return true;
  };
  if (!unit('smhdwy')) return { end: at, valid: false };
  while (isDigit(text[at] ?? '')) {
    while (isDigit(text[at] ?? '')) at++;
    if (!unit('smhdw')) return { end: at, valid: false };
  }
  // The character after it belongs to what is shown when it is wrong.
  return isAlphaNumeric(text[at] ?? '') ? { end: at + 1, valid: false } : { end: at, valid: true };
}
