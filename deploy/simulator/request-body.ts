import type { IncomingMessage } from 'node:http';

/** The request's body is larger than anything that belongs there. */
export class BodyTooLargeError extends Error {}

/** The whole body as text; throws a BodyTooLargeError beyond `limitBytes`. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes > limitBytes)
      throw new BodyTooLargeError(`Cannot read the request: more than ${limitBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}
