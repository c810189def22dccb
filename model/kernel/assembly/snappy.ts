// Snappy's block format, decoding only: github.com/google/snappy/blob/main/format_description.txt.
//
// The body after the length header is a row of elements. The low two bits of an element's first byte say
// what it is:
//   00 literal      length-1 in the upper six bits, or in the 1–4 bytes that follow when they are 60–63
//   01 copy, 1 byte length-4 in bits 2–4, offset in bits 5–7 and the byte that follows
//   10 copy, 2 bytes length-1 in the upper six bits, offset in two bytes, little-endian
//   11 copy, 4 bytes likewise with four
//
// Every length is checked against both ends before a byte moves. Copies may write up to 15 bytes more than
// asked, in steps of 16, as long as these lie inside the target region; what they write there is overwritten
// by the elements that follow.

/** Results; `model/snappy.ts` has the same numbers. */
const OK: i32 = 0;
const TRUNCATED: i32 = 1;
const TOO_LONG: i32 = 2;
const BAD_OFFSET: i32 = 3;
const TOO_SHORT: i32 = 4;

/**
 * Decodes the elements in [source, source + sourceLength) into [target, target + targetLength). The target
 * must be filled exactly. The regions must not overlap.
 */
export function snappyUncompress(
  source: usize,
  sourceLength: usize,
  target: usize,
  targetLength: usize,
): i32 {
  const sourceEnd = source + sourceLength;
  const targetEnd = target + targetLength;
  let from = source;
  let to = target;
  while (from < sourceEnd) {
    const tag: u32 = load<u8>(from);
    from += 1;
    if ((tag & 3) === 0) {
      // `length` is one less than the literal's until both checks have passed: its largest value plus one
      // would be zero in 32 bits.
      let length: usize = tag >> 2;
      if (length >= 60) {
        const bytes: usize = length - 59;
        if (bytes > sourceEnd - from) return TRUNCATED;
        length = littleEndian(from, bytes);
        from += bytes;
      }
      if (length >= sourceEnd - from) return TRUNCATED;
      if (length >= targetEnd - to) return TOO_LONG;
      length += 1;
      if (length <= 16 && sourceEnd - from >= 16 && targetEnd - to >= 16) v128.store(to, v128.load(from));
      else memory.copy(to, from, length);
      from += length;
      to += length;
      continue;
    }
    let length: usize;
    let offset: usize;
    if ((tag & 3) === 1) {
      if (sourceEnd - from < 1) return TRUNCATED;
      length = 4 + ((tag >> 2) & 7);
      offset = ((tag & 0xe0) << 3) | load<u8>(from);
      from += 1;
    } else {
      const bytes: usize = (tag & 3) === 2 ? 2 : 4;
      if (sourceEnd - from < bytes) return TRUNCATED;
      length = 1 + (tag >> 2);
      offset = littleEndian(from, bytes);
      from += bytes;
    }
    if (offset === 0 || offset > to - target) return BAD_OFFSET;
    if (length > targetEnd - to) return TOO_LONG;
    copyBack(to, offset, length, targetEnd);
    to += length;
  }
  return to === targetEnd ? OK : TOO_SHORT;
}

/** Repeats `length` bytes from `offset` back; the two may overlap, which repeats a pattern. */
function copyBack(to: usize, offset: usize, length: usize, targetEnd: usize): void {
  let from = to - offset;
  const end = to + length;
  if (offset >= 16 && targetEnd - to >= ((length + 15) & ~15)) {
    for (; to < end; to += 16, from += 16) v128.store(to, v128.load(from));
  } else if (offset >= 8 && targetEnd - to >= ((length + 7) & ~7)) {
    for (; to < end; to += 8, from += 8) store<u64>(to, load<u64>(from));
  } else {
    for (; to < end; to += 1, from += 1) store<u8>(to, load<u8>(from));
  }
}

function littleEndian(at: usize, bytes: usize): usize {
  if (bytes === 1) return load<u8>(at);
  if (bytes === 2) return load<u16>(at);
  if (bytes === 3) return <usize>load<u16>(at) | ((<usize>load<u8>(at + 2)) << 16);
  return load<u32>(at);
}
