/**
 * What the hub's answer means for a request, decided here and nowhere else. A status is about the body (the
 * same bytes will be refused again) or about the way to the hub (it may open again, and the data is kept).
 */
export type Verdict =
  | { readonly kind: 'delivered' }
  | (Problem & { readonly kind: 'refused'; readonly samplesKept: number })
  /** `slow`: nothing but a change by a person or a rotated credential will help. */
  | (Problem & { readonly kind: 'retry'; readonly slow: boolean; readonly waitMs: number });

interface Problem {
  /** Equal for problems of the same kind, whose reasons may name another series each time. */
  readonly code: string;
  readonly reason: string;
}

/** A server may ask for a pause, but not to be left alone for an hour. */
const RETRY_AFTER_MS_MAX = 5 * 60_000;

/** First and longest pause between tries: 0.25 s to 30 s when the hub is away, 5 s to 60 s when it says no. */
const PAUSE_MS = { first: 250, longest: 30_000 };
const SLOW_PAUSE_MS = { first: 5_000, longest: 60_000 };

/** Statuses that are about these bytes. 400: the hub has kept the good part and says what was wrong. */
const ABOUT_THE_BODY: ReadonlySet<number> = new Set([400, 406, 409, 411, 412, 413, 414, 415, 416, 422, 431]);
const HELPED_BY_TIME: ReadonlySet<number> = new Set([408, 425, 429]);

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  /** Samples the hub kept of a request that it refused in part, where it says so. */
  readonly samplesWritten: string | null;
  /** The beginning of the answer's text, or why there is no answer. */
  readonly text: string;
}

export function judge(answer: Answer, nowMs: number): Verdict {
  const { status, text } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const code = `HTTP ${status}`;
  const reason = text === '' ? code : `${code}: ${text}`;
  if (ABOUT_THE_BODY.has(status))
    return { kind: 'refused', code, reason, samplesKept: Number(answer.samplesWritten) || 0 };
  const slow = status < 500 && !HELPED_BY_TIME.has(status);
  return { kind: 'retry', code, reason, slow, waitMs: retryAfterMs(answer.retryAfter, nowMs) };
}

/** No answer at all: refused connection, timeout, name not found, a token file that cannot be read. */
export function unreachable(reason: string): Verdict {
  return { kind: 'retry', code: reason, reason, slow: false, waitMs: 0 };
}

/**
 * How long to wait before a try. Doubles with each, and half of it is chance, so that the collectors of a
 * federation do not come back in one wave; never shorter than the hub asked for. `random` is in [0, 1).
 */
export function pauseMs(verdict: Verdict & { kind: 'retry' }, tries: number, random: number): number {
  const { first, longest } = verdict.slow ? SLOW_PAUSE_MS : PAUSE_MS;
  const full = Math.min(longest, first * 2 ** Math.min(tries - 1, 30));
  return Math.max(verdict.waitMs, full / 2 + (full / 2) * random);
}

/** Seconds or an HTTP date; 0 when absent, past or not understood. */
function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(RETRY_AFTER_MS_MAX, Math.max(0, ms));
}
