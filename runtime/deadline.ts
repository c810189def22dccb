import type { Clock } from './clock.ts';

/**
 * A signal that aborts when time is up, or when the one it was made from does. `cancel` must be called in the
 * end: it lets go of the other signal, which often lives as long as the process. (`AbortSignal.any` leaves
 * that to the garbage collector, and measured over days it does not keep up.)
 */
export interface Deadline {
  readonly signal: AbortSignal;
  /** The time counts from now again. */
  readonly restart: () => void;
  /** It is not needed any more. */
  readonly cancel: () => void;
}

export function deadline(
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  timeoutMs: number,
  reason: string,
): Deadline {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  const expire = () => controller.abort(new Error(reason));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  let cancelTimer = clock.after(timeoutMs, expire);
  return {
    signal: controller.signal,
    restart: () => {
      cancelTimer();
      cancelTimer = clock.after(timeoutMs, expire);
    },
    cancel: () => {
      cancelTimer();
      signal.removeEventListener('abort', abort);
    },
  };
}
