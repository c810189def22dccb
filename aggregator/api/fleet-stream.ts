import type { Request, Response } from 'express';
import type { FleetView } from '../../dashboards/console/fleet-view.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';

/** How often open pages hear of the hub. */
const INTERVAL_MS = 2_000;
/** Open pages; each costs a socket and, every 2 s, up to the size of the view. */
const STREAMS_MAX = 200;

interface Reader {
  readonly response: Response;
  /** What it last got; undefined when it missed something and needs it all. */
  sent: string | undefined;
}

/**
 * The view as server-sent events, computed once for all open pages: the whole view when anything in it changed,
 * else only the time, so that a page can tell a calm fleet from a dead hub. Nothing is computed while nobody reads.
 */
export class FleetStream {
  readonly #fleet: () => FleetView | Promise<FleetView>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #readers = new Set<Reader>();
  #cancelNext: (() => void) | undefined;

  constructor(parts: { fleet: () => FleetView | Promise<FleetView>; clock: Clock; logger: Logger }) {
    this.#fleet = parts.fleet;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  open(request: Request, response: Response): void {
    if (this.#readers.size >= STREAMS_MAX) {
      response
        .status(503)
        .set('retry-after', '30')
        .type('text')
        .send('Cannot stream: too many pages are open\n');
      return;
    }
    response.status(200).set({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies of nginx' kind would collect the events instead of passing them on.
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    const reader: Reader = { response, sent: undefined };
    this.#readers.add(reader);
    request.on('close', () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#stop();
    });
    this.#stop();
    void this.#round();
  }

  #stop(): void {
    this.#cancelNext?.();
    this.#cancelNext = undefined;
  }

  async #round(): Promise<void> {
    try {
      const view = await this.#fleet();
      const { timeMs, ...rest } = view;
      const content = JSON.stringify(rest);
      const whole = JSON.stringify(view);
      for (const reader of this.#readers) tell(reader, { timeMs, content, whole });
    } catch (error) {
      // Pages that hear nothing say that they are old, which is the truth.
      this.#logger.error({ err: error }, 'Cannot compute the fleet for open pages');
    }
    this.#stop();
    if (this.#readers.size > 0) this.#cancelNext = this.#clock.after(INTERVAL_MS, () => void this.#round());
  }
}

/** The view as text: without its time to see whether it changed, and whole to be sent. */
interface ViewText {
  readonly timeMs: number;
  readonly content: string;
  readonly whole: string;
}

function tell(reader: Reader, { timeMs, content, whole }: ViewText): void {
  const { response } = reader;
  // A reader that does not keep up loses the states between, not memory of the hub.
  if (response.writableNeedDrain) {
    reader.sent = undefined;
    return;
  }
  response.write(reader.sent === content ? `event: tick\ndata: ${timeMs}\n\n` : `data: ${whole}\n\n`);
  reader.sent = content;
}
