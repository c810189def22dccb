import type { Level, ObjectiveView } from './fleet-view.ts';

/** How bad an objective stands: its page fires or its budget is gone, its ticket is open, or nothing is measured. */
export function objectiveLevel(objective: ObjectiveView): Level {
  if (objective.budgetRemaining === undefined || objective.state === 'no data') return 'blind';
  if (objective.state === 'page' || objective.budgetRemaining <= 0) return 'down';
  return objective.state === 'ticket' ? 'warn' : 'ok';
}

const HOUR_MS = 3_600_000;

/** The burn rate over an hour, or over the window next to it where that one is not measured. */
export function hourlyBurn(objective: ObjectiveView): number | undefined {
  let best: { distance: number; rate: number } | undefined;
  for (const { windowMs, rate } of objective.burnRates) {
    if (rate === undefined || !Number.isFinite(rate)) continue;
    const distance = Math.abs(Math.log(windowMs / HOUR_MS));
    if (!best || distance < best.distance) best = { distance, rate };
  }
  return best?.rate;
}

/** How long the budget lasts at the present rate; undefined where it outlasts its own period or nothing burns. */
export function lastsMs(objective: ObjectiveView): number | undefined {
  const rate = hourlyBurn(objective);
  const left = objective.budgetRemaining;
  if (left === undefined || rate === undefined || rate <= 0) return undefined;
  const lasts = (Math.max(0, left) * objective.windowMs) / rate;
  return lasts < objective.windowMs ? lasts : undefined;
}

const RANK: Readonly<Record<Level, number>> = { down: 0, warn: 1, blind: 2, stale: 2, ok: 3, none: 4 };

/**
 * What the Fleet page lists, the most urgent first: every objective at its widest level, and of the narrower ones
 * those that burn, because they say where.
 */
export function urgentObjectives(objectives: readonly ObjectiveView[]): ObjectiveView[] {
  const widest = new Map<string, number>();
  for (const { name, level } of objectives) widest.set(name, Math.max(widest.get(name) ?? 0, width(level)));
  return objectives
    .filter((objective) => {
      const level = objectiveLevel(objective);
      return width(objective.level) === widest.get(objective.name) || level === 'down' || level === 'warn';
    })
    .sort(
      (a, b) =>
        RANK[objectiveLevel(a)] - RANK[objectiveLevel(b)] ||
        (hourlyBurn(b) ?? 0) - (hourlyBurn(a) ?? 0) ||
        (a.budgetRemaining ?? 1) - (b.budgetRemaining ?? 1) ||
        (title(a) < title(b) ? -1 : 1),
    );
}

function width(level: ObjectiveView['level']): number {
  return level === 'federation' ? 3 : level === 'region' ? 2 : 1;
}

/** Which cluster or region it is about; empty for the whole federation. */
export function objectiveScope({ level, labels }: ObjectiveView): string {
  return level === 'federation' ? '' : (labels[level] ?? '');
}

function title(objective: ObjectiveView): string {
  return `${objective.displayName} ${objectiveScope(objective)}`;
}
