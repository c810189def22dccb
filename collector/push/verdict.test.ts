import { describe, expect, it } from 'vitest';
import { judge, pauseMs, unreachable } from './verdict.ts';

const nowMs = Date.parse('2026-11-22T10:22:00Z');
const answer = (status: number, retryAfter: string | null = null, samplesWritten: string | null = null) =>
  judge({ status, retryAfter, samplesWritten, text: '' }, nowMs);

describe('judge()', () => {
  it.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [400, 'refused'],
    [413, 'refused'],
    [415, 'refused'],
    [301, 'retry slowly'], // push.url is not the hub's
    [401, 'retry slowly'], // a token that was rotated
    [403, 'retry slowly'],
    [404, 'retry slowly'], // a proxy in front whose backend is not configured yet
    [408, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [502, 'retry'],
    [503, 'retry'],
  ])('%i: %s', (status, expected) => {
    const verdict = answer(status);
    expect(verdict.kind === 'retry' && verdict.slow ? 'retry slowly' : verdict.kind).toBe(expected);
  });

  it.each([
    ['7', 7_000],
    [' 7 ', 7_000],
    ['Sun, 22 Nov 2026 10:22:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 10:00:00 GMT', 0], // past
    ['86400', 300_000], // no server decides that a cluster is silent for a day
    ['-1', 0],
    ['soon', 0],
    [null, 0],
  ])('waits for Retry-After: %s', (retryAfter, waitMs) => {
    expect(answer(503, retryAfter)).toMatchObject({ kind: 'retry', waitMs });
  });

  it('knows what the hub kept of a request that it refused in part', () => {
    expect(answer(400, null, '1990')).toMatchObject({ kind: 'refused', samplesKept: 1990 });
    expect(answer(400)).toMatchObject({ kind: 'refused', samplesKept: 0 });
  });
});

describe('pauseMs()', () => {
  const retry = { kind: 'retry', code: '', reason: '', slow: false, waitMs: 0 } as const;
  const full = (slow: boolean, tries: number) => pauseMs({ ...retry, slow }, tries, 1 - 2 ** -40);

  it('doubles to a bound', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1000].map((tries) => Math.round(full(false, tries)));
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
    expect([1, 2, 3, 4, 5].map((tries) => Math.round(full(true, tries)))).toEqual([
      5000, 10000, 20000, 40000, 60000,
    ]);
  });

  it('is half chance, and never shorter than the hub asked for', () => {
    expect(pauseMs(retry, 3, 0)).toBe(500);
    expect(pauseMs({ ...retry, waitMs: 7_000 }, 3, 0.5)).toBe(7_000);
  });
});

describe('unreachable()', () => {
  it('is tried again', () => {
    expect(unreachable('connect ECONNREFUSED')).toMatchObject({ kind: 'retry', slow: false });
  });
});
