import type { Logger } from './logger.ts';

/**
 * What has been started and must be stopped, last in, first out. Each step registers its own undo right
 * after it succeeded, so a half-built process is taken down like a whole one.
 */
export class Cleanups {
  readonly #logger: Logger;
  readonly #steps: { name: string; stop: () => void | Promise<void> }[] = [];
  #stopping: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(name: string, stop: () => void | Promise<void>): void {
    this.#steps.push({ name, stop });
  }

  /** Runs every step even when one fails; safe to call again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.stop();
      } catch (error) {
        this.#logger.error({ err: error, step: step.name }, 'Cannot stop cleanly');
      }
    }
  }
}

/** Resolves with the first of SIGINT and SIGTERM; a second one ends the process at once. */
export function shutdownSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) process.exit(1);
      asked = true;
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
