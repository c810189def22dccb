import { formatDurationMs } from '../../model/duration.ts';
import type { ActiveTarget, ScrapeManager } from '../scrape/manager.ts';

/** What Prometheus answers at `/api/v1/targets`; `state` is `active`, `dropped` or `any`. */
export function targetsAnswer(manager: ScrapeManager, state: string, scrapePool: string) {
  const inPool = (job: string) => scrapePool === '' || job === scrapePool;
  const dropped = manager.droppedTargets().filter(({ job }) => inPool(job));
  const active = manager.activeTargets().filter(({ target }) => inPool(target.job));
  return {
    status: 'success',
    data: {
      activeTargets: state === 'dropped' ? [] : active.map(activeTarget),
      droppedTargets:
        state === 'active'
          ? []
          : dropped.flatMap(({ job, examples }) =>
              examples.map((discoveredLabels) => ({ discoveredLabels, scrapePool: job })),
            ),
      droppedTargetCounts: Object.fromEntries(dropped.map(({ job, count }) => [job, count])),
    },
  };
}

/** As Go writes a time that was never set. */
const NEVER = '0001-01-01T00:00:00Z';

function activeTarget({ target, status }: ActiveTarget) {
  return {
    discoveredLabels: target.discoveredLabels,
    labels: target.labels,
    scrapePool: target.job,
    scrapeUrl: target.url,
    globalUrl: target.url,
    lastError: status.lastError,
    lastScrape: status.lastScrapeMs === undefined ? NEVER : new Date(status.lastScrapeMs).toISOString(),
    lastScrapeDuration: status.lastDurationMs / 1000,
    health: status.health,
    scrapeInterval: formatDurationMs(target.intervalMs),
    scrapeTimeout: formatDurationMs(target.timeoutMs),
  };
}
