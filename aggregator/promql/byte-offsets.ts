/**
 * From indices of a JavaScript string (UTF-16) to the byte offsets Prometheus counts in. Nearly every query is
 * ASCII, where they are the same; a table is made only for the others.
 */
export class ByteOffsets {
  readonly #table: Uint32Array | undefined;

  constructor(text: string) {
    this.#table = isAscii(text) ? undefined : byteTable(text);
  }

  at(index: number): number {
    return this.#table ? this.#table[index]! : index;
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** One entry for each UTF-16 unit and one for the end; the second half of a pair stands at the pair's end. */
function byteTable(text: string): Uint32Array {
  const table = new Uint32Array(text.length + 1);
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    table[i] = bytes;
    const code = text.codePointAt(i)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (code > 0xffff) table[++i] = bytes;
  }
  table[text.length] = bytes;
  return table;
}
