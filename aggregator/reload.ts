import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';

export interface Reloader {
  /** Rejects with the reason when the old configuration stays. */
  reload(): Promise<void>;
  /** Whether the last one went well, and when the configuration that holds was loaded. */
  status(): { readonly reloadSuccess: boolean; readonly lastConfigTimeMs: number };
}

/** Wraps loading the configuration again: one at a time, with Prometheus' two gauges of how the last one went. */
export function createReloader(
  load: () => Promise<void>,
  { clock, logger, metrics }: { clock: Clock; logger: Logger; metrics: Registry },
): Reloader {
  const successful = new Gauge({
    name: 'karmascope_aggregator_config_last_reload_successful',
    help: 'Whether the configuration could be loaded the last time somebody asked.',
    registers: [metrics],
  });
  const timestamp = new Gauge({
    name: 'karmascope_aggregator_config_last_reload_success_timestamp_seconds',
    help: 'When the configuration that holds was loaded.',
    registers: [metrics],
  });
  const status = { reloadSuccess: true, lastConfigTimeMs: clock.now() };
  const note = (error?: Error) => {
    status.reloadSuccess = error === undefined;
    if (error === undefined) status.lastConfigTimeMs = clock.now();
    successful.set(error === undefined ? 1 : 0);
    timestamp.set(status.lastConfigTimeMs / 1_000);
  };
  note();
  const reloadOnce = async () => {
    try {
      await load();
    } catch (error) {
      note(error as Error);
      logger.error(
        { reason: (error as Error).message },
        'Cannot load the configuration again; the old one holds',
      );
      throw error;
    }
    note();
    logger.info('Loaded the configuration again');
  };
  let last: Promise<void> = Promise.resolve();
  return {
    reload: () => {
      last = last.catch(() => {}).then(reloadOnce);
      return last;
    },
    status: () => status,
  };
}
