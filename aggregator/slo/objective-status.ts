import { formatDurationMs } from '../../model/duration.ts';
import { addSums, budgetRemaining, burnAlarms, burnRate, burnWindowsMs, firingAlarm } from './burn-rate.ts';
import type { Objective } from './openslo.ts';
import type { SliceWindow, WindowSums } from './slice-window.ts';

export type Level = 'cluster' | 'region' | 'federation';

/** How one objective stands at one level: in a cluster, a region, or the whole federation. */
export interface LevelStatus {
  readonly name: string;
  readonly displayName: string;
  readonly service: string;
  readonly target: number;
  readonly windowMs: number;
  readonly level: Level;
  /** `federation`, and `region` and `cluster` where the level has them. */
  readonly labels: Readonly<Record<string, string>>;
  /** 1 untouched, 0 spent, negative when overspent; undefined when there was no event in the whole period. */
  readonly budgetRemaining: number | undefined;
  readonly burnRates: readonly {
    readonly windowMs: number;
    readonly window: string;
    readonly rate: number | undefined;
  }[];
  /** Share of the period that was seen at all: what the figures stand on. */
  readonly coverage: number;
  readonly state: 'ok' | 'ticket' | 'page' | 'no data';
}

interface Counted {
  readonly federation: string;
  readonly cluster: string;
  readonly region: string;
  readonly window: SliceWindow;
}

/**
 * The status at all levels after a slice, from the same slices: a region's good and total events are the sums
 * of its clusters', so that a big cluster counts for more than a small one.
 */
export function statusOf(
  objective: Objective,
  clusters: readonly Counted[],
  lastSlice: number,
  sliceMs: number,
): LevelStatus[] {
  const groups = new Map<string, { level: Level; labels: Record<string, string>; windows: SliceWindow[] }>();
  const add = (level: Level, labels: Record<string, string>, window: SliceWindow) => {
    const key = `${level}\0${Object.values(labels).join('\0')}`;
    const group = groups.get(key);
    if (group) group.windows.push(window);
    else groups.set(key, { level, labels, windows: [window] });
  };
  for (const { federation, region, cluster, window } of clusters) {
    add('federation', { federation }, window);
    if (region !== '') add('region', { federation, region }, window);
    add('cluster', { federation, region, cluster }, window);
  }
  return [...groups.values()].map(({ level, labels, windows }) => {
    const sumsOver = (windowMs: number) =>
      windows
        .map((window) => window.sums(lastSlice, Math.ceil(windowMs / sliceMs)))
        .reduce((sum, sums) => addSums(sum, sums), { good: 0, total: 0, covered: 0 } satisfies WindowSums);
    const seenOver = (windowMs: number) => {
      const sums = sumsOver(windowMs);
      const coverage = sums.covered / (Math.ceil(windowMs / sliceMs) * windows.length);
      return { sums, coverage, rate: burnRate(sums, objective.budget) };
    };
    const rates = new Map(
      burnWindowsMs(objective.windowMs).map((windowMs) => [windowMs, seenOver(windowMs)]),
    );
    const period = seenOver(objective.windowMs);
    const remaining = budgetRemaining(period.sums, objective.budget, period.coverage);
    return {
      name: objective.name,
      displayName: objective.displayName,
      service: objective.service,
      target: objective.target,
      windowMs: objective.windowMs,
      level,
      labels,
      budgetRemaining: remaining,
      burnRates: [...rates].map(([windowMs, { rate }]) => ({
        windowMs,
        window: formatDurationMs(windowMs),
        rate,
      })),
      coverage: period.coverage,
      state:
        remaining === undefined
          ? 'no data'
          : (firingAlarm(burnAlarms(objective.windowMs, objective.budget), rates) ?? 'ok'),
    };
  });
}
