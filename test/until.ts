import type { ManualClock } from '../runtime/clock.ts';

/** The machine's own time only bounds how long a failing test takes. */
const GIVE_UP_MS = 10_000;

/**
 * Moves a clock on in small steps until it is so; with steps of 0, time stands still and only what is due now
 * may happen. For tests in which threads or sockets take part, whose speed a manual clock does not know.
 */
export async function until(
  clock: ManualClock,
  condition: () => boolean | Promise<boolean>,
  stepMs = 50,
): Promise<void> {
  const giveUpMs = performance.now() + GIVE_UP_MS;
  while (!(await condition())) {
    if (performance.now() > giveUpMs) throw new Error(`Cannot wait any longer for: ${condition}`);
    await clock.advance(stepMs);
  }
}
