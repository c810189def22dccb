import { isUtf8 } from 'node:buffer';
import { quote } from './labels.ts';

/** Bytes of a page that an error message shows at most: a page can be one line of megabytes. */
const SHOWN_BYTES = 1_000;

/** A page is not in the text format. `reason` is worded as Prometheus words it; `line` counts from 1. */
export class ExpositionError extends Error {
  readonly line: number;
  readonly reason: string;

  constructor(line: number, reason: string) {
    super(`line ${line}: ${reason}`);
    this.line = line;
    this.reason = reason;
  }
}

/** A Go string literal of bytes that need not be UTF-8 (`%q` of a []byte), cut where it gets long. */
export function quoteBytes(bytes: Buffer): string {
  const shown = bytes.length > SHOWN_BYTES ? bytes.subarray(0, SHOWN_BYTES) : bytes;
  const rest = bytes.length > SHOWN_BYTES ? '…' : '';
  if (isUtf8(shown)) return quote(shown.toString()) + rest;
  let out = '';
  for (let at = 0; at < shown.length; ) {
    const length = [1, 2, 3, 4].find((size) => isUtf8(shown.subarray(at, at + size)));
    if (length === undefined) out += `\\x${shown[at]!.toString(16).padStart(2, '0')}`;
    else out += quote(shown.toString('utf8', at, at + length)).slice(1, -1);
    at += length ?? 1;
  }
  return `"${out}"${rest}`;
}
