import { atLeast, kernel, kernelBytes, NO_REGION } from './kernel/kernel.ts';

/** What the kernel says of a body, by its result; `assembly/snappy.ts` has the same numbers. */
const PROBLEMS = [
  '',
  'it ends in the middle of an element',
  'it is longer than its header says',
  'a copy points before the start',
  'it is shorter than its header says',
];

/** This thread's regions in the kernels' memory: for compressed and for plain bytes. */
let source = NO_REGION;
let target = NO_REGION;

/**
 * Decodes a snappy block (not the framed format). The answer is a view into the kernels' memory: it is good
 * until the next call on this thread. A body that is no snappy, or whose header claims more than
 * `limitBytes`, is a SyntaxError.
 */
export function uncompress(body: Uint8Array, limitBytes: number): Uint8Array {
  const { length, headerBytes } = decodedLength(body);
  if (length > limitBytes) {
    throw new SyntaxError(
      `Cannot decode snappy: the header claims ${length} bytes, the limit is ${limitBytes}`,
    );
  }
  const elements = body.subarray(headerBytes);
  source = atLeast(source, elements.byteLength);
  target = atLeast(target, length);
  const memory = kernelBytes();
  memory.set(elements, source.address);
  const result = kernel.snappyUncompress(source.address, elements.byteLength, target.address, length);
  if (result !== 0) throw new SyntaxError(`Cannot decode snappy: ${PROBLEMS[result]}`);
  return memory.subarray(target.address, target.address + length);
}

/** The length that a block's header gives, a varint of at most 32 bits, and how long the header itself is. */
function decodedLength(body: Uint8Array): { length: number; headerBytes: number } {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = body[i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      if (length > 0xffff_ffff) break;
      return { length, headerBytes: i + 1 };
    }
  }
  throw new SyntaxError('Cannot decode snappy: it does not begin with a length');
}
