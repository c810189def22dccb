import type { Readable } from 'node:stream';

const NEWLINE = 0x0a;

/** A line is longer than it may be; the stream is not read further. */
export class LineTooLong extends Error {}

/**
 * The lines of a stream as text, without their ends; a last line needs none. Ending the loop early destroys
 * the stream. `onData` hears of every piece, line or not.
 */
export async function* readLines(
  stream: Readable,
  lineBytesMax: number,
  onData?: () => void,
): AsyncGenerator<string> {
  /** Pieces of a line whose end has not come. */
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    onData?.();
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const rest = chunk.subarray(start, end);
      yield pieceBytes === 0 ? rest.toString() : Buffer.concat([...pieces, rest]).toString();
      pieces = [];
      pieceBytes = 0;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    pieces.push(start === 0 ? chunk : chunk.subarray(start));
    pieceBytes += chunk.length - start;
    if (pieceBytes > lineBytesMax)
      throw new LineTooLong(`Cannot read the stream: a line is longer than ${lineBytesMax} bytes`);
  }
  if (pieceBytes > 0) yield Buffer.concat(pieces).toString();
}
