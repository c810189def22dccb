import type { Transform } from 'node:stream';
import { constants, createDeflate, createGzip, createZstdCompress } from 'node:zlib';
import type { Request } from 'express';

/**
 * Compressors of what Accept-Encoding may name. Each is at its fastest level: JSON of a matrix shrinks to a
 * tenth there, and higher levels cost more time than the bytes they save take on a network.
 */
const COMPRESSORS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGzip({ level: constants.Z_BEST_SPEED }),
  zstd: () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
  // The zlib format, as RFC 9110 means it.
  deflate: () => createDeflate({ level: constants.Z_BEST_SPEED }),
};

/** Below this an answer fits into a packet anyway. */
export const COMPRESSED_CHARACTERS_MIN = 1_024;

/** The encoding that the client likes best, its own order deciding between equals; undefined where it wants none. */
export function acceptedEncoding(request: Request): string | undefined {
  const best = request.acceptsEncodings(...Object.keys(COMPRESSORS), 'identity');
  return best === false || best === 'identity' ? undefined : best;
}

/** A stream that compresses. Throws a RangeError for an encoding that `acceptedEncoding` never answers. */
export function compressor(encoding: string): Transform {
  const create = COMPRESSORS[encoding];
  if (!create) throw new RangeError(`Cannot compress: there is no encoding "${encoding}"`);
  return create();
}
