import type { IncomingMessage } from 'node:http';
import { Gauge, type Registry } from 'prom-client';
import { RefusedRequest } from './refusals.ts';

/** The largest compressed body, as Prometheus has it. */
export const BODY_BYTES_MAX = 32 * 2 ** 20;
/** The largest decoded body. A sender's batch of 2,000 samples is 0.5 MB. */
export const DECODED_BYTES_MAX = 32 * 2 ** 20;
/** Bodies being received or waiting for the disk: eight of the largest, hundreds of the usual 30 kB. */
const IN_FLIGHT_BYTES_MAX = 256 * 2 ** 20;
const IN_FLIGHT_REQUESTS_MAX = 1_024;

/** A body of unknown length starts with this much room and doubles it. */
const CHUNKED_START_BYTES = 64 * 1024;

/** The hub's memory for requests under way. Beyond it a sender is told to come again. */
export class InFlight {
  #requests = 0;
  #bytes = 0;

  constructor(metrics: Registry) {
    const requests: Gauge = new Gauge({
      name: 'karmascope_aggregator_ingest_in_flight_requests',
      help: 'Write requests being received or waiting to be durable.',
      registers: [metrics],
      collect: () => requests.set(this.#requests),
    });
    const bytes: Gauge = new Gauge({
      name: 'karmascope_aggregator_ingest_in_flight_bytes',
      help: 'Memory reserved for their bodies.',
      registers: [metrics],
      collect: () => bytes.set(this.#bytes),
    });
  }

  /** Runs `handle` with a reservation that it may grow, and gives everything back at its end. */
  async reserve<T>(handle: (reservation: Reservation) => Promise<T>): Promise<T> {
    if (this.#requests >= IN_FLIGHT_REQUESTS_MAX)
      throw new RefusedRequest(
        'overload',
        `Cannot take more than ${IN_FLIGHT_REQUESTS_MAX} requests at once`,
      );
    let reservedBytes = 0;
    this.#requests++;
    try {
      return await handle({
        grow: (bytes) => {
          if (this.#bytes + bytes > IN_FLIGHT_BYTES_MAX)
            throw new RefusedRequest(
              'overload',
              `Cannot take more than ${IN_FLIGHT_BYTES_MAX} bytes of requests at once`,
            );
          this.#bytes += bytes;
          reservedBytes += bytes;
        },
      });
    } finally {
      this.#requests--;
      this.#bytes -= reservedBytes;
    }
  }
}

export interface Reservation {
  /** Takes room for so many more bytes, or throws a RefusedRequest. */
  grow(bytes: number): void;
}

/** The sender went away before its body was whole: there is nobody to answer. */
export class SenderGone extends Error {}

/** The whole body, received into memory that is reserved before it is allocated. */
export async function readBody(request: IncomingMessage, reservation: Reservation): Promise<Buffer> {
  const header = request.headers['content-length'];
  const declared = header === undefined ? undefined : Number(header);
  if (declared !== undefined && declared > BODY_BYTES_MAX) throw tooLarge(`it has ${declared} bytes`);
  let capacity = declared ?? CHUNKED_START_BYTES;
  reservation.grow(capacity);
  let body = Buffer.allocUnsafe(capacity);
  let length = 0;
  const append = (chunk: Buffer) => {
    if (length + chunk.length > capacity) {
      const larger = Math.min(BODY_BYTES_MAX, Math.max(2 * capacity, length + chunk.length));
      if (length + chunk.length > larger) throw tooLarge('it goes on beyond that');
      reservation.grow(larger - capacity);
      const moved = Buffer.allocUnsafe(larger);
      body.copy(moved, 0, 0, length);
      body = moved;
      capacity = larger;
    }
    length += chunk.copy(body, length);
  };
  await new Promise<void>((resolve, reject) => {
    const finish = (error?: unknown) => {
      request.off('data', onData).off('end', finish).off('close', onClose).off('error', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onData = (chunk: Buffer) => {
      try {
        append(chunk);
      } catch (error) {
        finish(error);
      }
    };
    const onClose = () => finish(new SenderGone('The sender closed the connection'));
    request
      .on('data', onData)
      .on('end', () => finish())
      .on('close', onClose)
      .on('error', onClose);
  });
  return body.subarray(0, length);
}

function tooLarge(how: string): RefusedRequest {
  return new RefusedRequest(
    'body_too_large',
    `Cannot take a body of more than ${BODY_BYTES_MAX} bytes: ${how}; send smaller batches`,
  );
}
