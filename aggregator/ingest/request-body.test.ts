import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../runtime/metrics.ts';
import { BODY_BYTES_MAX, InFlight, readBody, SenderGone } from './request-body.ts';

const MIB = 2 ** 20;

/** A request whose body is written by the test. */
function request(contentLength?: number): PassThrough & IncomingMessage {
  const headers = contentLength === undefined ? {} : { 'content-length': String(contentLength) };
  return Object.assign(new PassThrough(), { headers }) as unknown as PassThrough & IncomingMessage;
}

let metrics: Registry;
let inFlight: InFlight;
beforeEach(() => {
  metrics = createRegistry('karmascope_aggregator');
  inFlight = new InFlight(metrics);
});

async function reserved(): Promise<string[]> {
  const page = await metrics.metrics();
  return [...page.matchAll(/^karmascope_aggregator_ingest_in_flight_\w+ \d+$/gm)].map(([line]) =>
    line.replace('karmascope_aggregator_ingest_in_flight_', ''),
  );
}

describe('readBody()', () => {
  test.each([
    ['of a declared length', 5],
    ['of unknown length', undefined],
  ])('gives a body %s', async (_, length) => {
    const sender = request(length);
    const body = inFlight.reserve((reservation) => readBody(sender, reservation));
    sender.write('he');
    sender.end('llo');
    expect((await body).toString()).toBe('hello');
    expect(await reserved()).toEqual(['requests 0', 'bytes 0']);
  });

  test('makes room as a body of unknown length grows', async () => {
    const sender = request();
    const chunk = Buffer.alloc(100_000, 'x');
    const body = inFlight.reserve((reservation) => readBody(sender, reservation));
    for (let i = 0; i < 30; i++) sender.write(chunk);
    sender.end();
    expect(await body).toEqual(Buffer.alloc(3_000_000, 'x'));
  });

  test('refuses a body that is declared too large before it takes any memory', async () => {
    const body = inFlight.reserve((reservation) => readBody(request(BODY_BYTES_MAX + 1), reservation));
    await expect(body).rejects.toMatchObject({ reason: 'body_too_large', status: 400 });
  });

  test('refuses a body of unknown length when it becomes too large', async () => {
    const sender = request();
    const body = inFlight.reserve((reservation) => readBody(sender, reservation));
    const outcome = expect(body).rejects.toMatchObject({ reason: 'body_too_large' });
    for (let i = 0; i < 33; i++) sender.write(Buffer.alloc(MIB));
    await outcome;
    expect(await reserved()).toEqual(['requests 0', 'bytes 0']);
  });

  test('gives the memory back when the sender goes away', async () => {
    const sender = request(MIB);
    const body = inFlight.reserve((reservation) => readBody(sender, reservation));
    expect(await reserved()).toEqual(['requests 1', `bytes ${MIB}`]);
    sender.destroy();
    await expect(body).rejects.toThrow(SenderGone);
    expect(await reserved()).toEqual(['requests 0', 'bytes 0']);
  });
});

describe('InFlight', () => {
  test('refuses bytes beyond its bound, and only those', async () => {
    const senders = Array.from({ length: 8 }, () => request(BODY_BYTES_MAX));
    const bodies = senders.map((sender) => inFlight.reserve((reservation) => readBody(sender, reservation)));
    const ninth = inFlight.reserve((reservation) => readBody(request(1), reservation));
    await expect(ninth).rejects.toMatchObject({ reason: 'overload', status: 503 });
    for (const sender of senders) sender.destroy();
    for (const { status } of await Promise.allSettled(bodies)) expect(status).toBe('rejected');
    const small = request(2);
    const next = inFlight.reserve((reservation) => readBody(small, reservation));
    small.end('ok');
    expect((await next).toString()).toBe('ok');
  });

  test('refuses requests beyond its bound', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const all = Array.from({ length: 1_024 }, () => inFlight.reserve(() => held));
    await expect(inFlight.reserve(() => held)).rejects.toMatchObject({ reason: 'overload' });
    release();
    await Promise.all(all);
  });
});
