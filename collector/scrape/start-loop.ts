import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { type Fetch, ScrapeLoop } from './loop.ts';
import { reportLabels } from './sample-labels.ts';
import type { Sink } from './sink.ts';
import { offsetMs, type Target } from './target.ts';
import { type RejectReason, TargetSeries, type TargetSeriesOptions } from './target-series.ts';

/** What pools and loops share. */
export interface ScrapeContext {
  readonly sink: Sink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes the slots of this collector's targets differ from those of other clusters. */
  readonly seed: string;
  readonly onRejected: (reason: RejectReason) => void;
}

/** A loop for a target, started. */
export function startLoop(
  context: ScrapeContext,
  target: Target,
  fetch: Fetch,
  series: Omit<TargetSeriesOptions, 'targetLabels' | 'reports' | 'onRejected'>,
): ScrapeLoop {
  const { sink, clock, logger, seed, onRejected } = context;
  const reports = reportLabels(target.labels);
  const loop = new ScrapeLoop({
    targetLabels: target.labels,
    reports,
    intervalMs: target.intervalMs,
    timeoutMs: target.timeoutMs,
    offsetMs: offsetMs(seed, target.key, target.intervalMs),
    fetch,
    series: new TargetSeries({ ...series, targetLabels: target.labels, reports, onRejected }),
    sink,
    clock,
    logger,
  });
  loop.start();
  return loop;
}
