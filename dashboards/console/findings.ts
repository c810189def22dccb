import type { ClusterView, FleetView, Level, ObjectiveView } from './fleet-view.ts';
import { hourlyBurn, objectiveLevel, objectiveScope } from './objectives.ts';
import { age, burn, clockTime, listOf, percent } from './words.ts';

/** A piece of a sentence; `age` marks what only tells the time, so that it alone is no news. */
export interface Phrase {
  readonly text: string;
  readonly href?: string | undefined;
  readonly age?: boolean | undefined;
}

export const text = (words: string): Phrase => ({ text: words });
const link = (words: string, href: string): Phrase => ({ text: words, href });

/** Page of one cluster or region, as far as there is one: the fleet narrowed to it. */
export function clusterHref(name: string): string {
  return `/?q=${encodeURIComponent(`cluster=${name}`)}`;
}
export function regionHref(name: string): string {
  return `/?q=${encodeURIComponent(`region=${name}`)}`;
}

export interface Finding {
  readonly level: Level;
  readonly sentence: readonly Phrase[];
}

export function controlPlane(view: FleetView, nowMs: number): Finding | undefined {
  const host = view.clusters.find((cluster) => cluster.role === 'host' && cluster.state !== 'healthy');
  if (!host || host.state === 'degraded') return undefined;
  const said = host.sinceMs === undefined ? [] : since(host.sinceMs, nowMs);
  const rest = text('. Nobody tells us of clusters that come, go or fail.');
  return {
    level: host.state === 'down' ? 'down' : 'blind',
    sentence: [
      text('The control plane, '),
      link(host.name, clusterHref(host.name)),
      text(`, is ${host.state}`),
      ...said,
      rest,
    ],
  };
}

export function blind(view: FleetView, nowMs: number): Finding | undefined {
  const silent = view.clusters.filter((cluster) => cluster.state === 'silent' && cluster.role !== 'host');
  if (silent.length === 0) return unknown(view);
  const ready = silent.filter((cluster) => cluster.ready).length;
  const karmada = [
    text(
      ready === silent.length
        ? '; Karmada says Ready.'
        : ready > 0
          ? `; Karmada says Ready of ${ready}.`
          : '; nobody else has news of it.',
    ),
  ];
  return {
    level: 'blind',
    sentence: [
      ...subject(silent, view),
      text(`${are(silent)} silent`),
      ...sinceFirst(silent, nowMs),
      ...karmada,
    ],
  };
}

function unknown(view: FleetView): Finding | undefined {
  const unknown = counted(view).filter((cluster) => cluster.state === 'unknown');
  if (unknown.length === 0) return undefined;
  return {
    level: 'blind',
    sentence: [
      ...subject(unknown, view),
      text(`${are(unknown)} not judged: ${lowerFirst(unknown[0]!.summary)}.`),
    ],
  };
}

export function regionsDown(view: FleetView, nowMs: number): Finding | undefined {
  const down = view.regions.filter((region) => region.state === 'down');
  if (down.length === 0) return undefined;
  const lost = view.clusters.filter(
    (cluster) => cluster.state === 'down' && down.some(({ name }) => name === cluster.region),
  );
  const withMembers = view.regions.filter((region) => region.members > 0).length;
  const subject =
    down.length === 1
      ? [link(regionName(down[0]!.name), regionHref(down[0]!.name)), text(' is down')]
      : [
          text(
            down.length === withMembers
              ? `All ${down.length} regions are down`
              : `${down.length} of ${withMembers} regions are down: ${listOf(down.map(({ name }) => regionName(name)))}`,
          ),
        ];
  const what =
    lost.length === 1
      ? `: its only cluster, ${lost[0]!.name}`
      : lost.length === 2
        ? ': both clusters'
        : `: all ${lost.length} clusters`;
  return {
    level: 'down',
    sentence: [...subject, ...sinceFirst(lost, nowMs), text(`${what}${stillReporting(lost)}.`)],
  };
}

export function clustersDown(view: FleetView, nowMs: number): Finding | undefined {
  const lostRegions = new Set(
    view.regions.filter((region) => region.state === 'down').map((region) => region.name),
  );
  const down = view.clusters.filter(
    (cluster) => cluster.state === 'down' && !lostRegions.has(cluster.region),
  );
  if (down.length === 0) return undefined;
  return {
    level: 'down',
    sentence: [
      ...subject(down, view),
      text(`${are(down)} down`),
      ...sinceFirst(down, nowMs),
      text(`${stillReporting(down)}.`),
    ],
  };
}

/** A cluster that pushes while Karmada cannot reach it has lost its API or the link to it, not its life. */
function stillReporting(lost: readonly ClusterView[]): string {
  const count = lost.filter(reports).length;
  if (count === 0) return '';
  return count === lost.length ? '; Karmada cannot reach what still reports' : `; ${count} still report`;
}

/** Whether the hub hears the cluster's collector, be it late. */
export function reports({ signals }: ClusterView): boolean {
  return signals.some(({ name, level }) => name === 'Heartbeat' && (level === 'ok' || level === 'stale'));
}

export function degraded(view: FleetView, nowMs: number): Finding | undefined {
  const worse = view.clusters.filter(({ state }) => state === 'degraded' || state === 'nodes down');
  const first = worse[0];
  if (!first) return undefined;
  const cause =
    worse.length === 1
      ? [text(': '), text(lowerFirst(first.summary))]
      : [text(`: ${listOf([...new Set(worse.map(({ word }) => lowerFirst(word)))])}`)];
  return {
    level: 'warn',
    sentence: [
      ...subject(worse, view),
      text(`${are(worse)} degraded`),
      ...sinceFirst(worse, nowMs),
      ...cause,
      text('.'),
    ],
  };
}

/** Whom it hurts, from the objectives: the one that burns fastest, named by the narrowest level that burns. */
export function usersFinding(view: FleetView): Finding {
  const measured = view.objectives.filter((objective) => objectiveLevel(objective) !== 'blind');
  if (view.objectives.length === 0) return { level: 'none', sentence: [text('nothing is measured yet.')] };
  if (measured.length === 0) return { level: 'blind', sentence: [text('unknown, no objective has data.')] };
  const [worst] = [...measured].sort(
    (a, b) => severity(b) - severity(a) || (hourlyBurn(b) ?? 0) - (hourlyBurn(a) ?? 0),
  );
  const level = objectiveLevel(worst!);
  if (level === 'ok') {
    const lowest = Math.min(...measured.map((objective) => objective.budgetRemaining!));
    return { level: 'ok', sentence: [text(`no objective burns, lowest budget ${percent(lowest)}.`)] };
  }
  const scope = objectiveScope(worst!);
  const rate = hourlyBurn(worst!);
  return {
    level,
    sentence: [
      link(worst!.displayName, '#budgets'),
      text(scope === '' ? '' : ` in ${scope}`),
      text(rate === undefined ? '' : ` burns ${burn(rate)}`),
      text(`, budget ${percent(worst!.budgetRemaining!)} left.`),
    ],
  };
}

function severity(objective: ObjectiveView): number {
  const level = objectiveLevel(objective);
  const weight = level === 'down' ? 20 : level === 'warn' ? 10 : 0;
  // Of two that stand alike, the narrower one names the place.
  return weight + (objective.level === 'cluster' ? 2 : objective.level === 'region' ? 1 : 0);
}

/** Clusters as one counts them: the host is not one of them, unless there is nothing else. */
export function counted(view: FleetView): readonly ClusterView[] {
  const members = view.clusters.filter((cluster) => cluster.role !== 'host');
  return members.length > 0 ? members : view.clusters;
}

function subject(clusters: readonly ClusterView[], view: FleetView): Phrase[] {
  const [only] = clusters;
  if (clusters.length === 1) return [link(only!.name, clusterHref(only!.name))];
  const all = counted(view).length;
  return [text(clusters.length >= all ? `All ${all} clusters` : `${clusters.length} of ${all} clusters`)];
}

function are(clusters: readonly unknown[]): string {
  return clusters.length === 1 ? ' is' : ' are';
}

function since(ms: number, nowMs: number): Phrase[] {
  return [text(` since ${clockTime(ms, nowMs)}`), { text: ` (${age(nowMs - ms)})`, age: true }];
}

/** Since the first of them. */
function sinceFirst(clusters: readonly ClusterView[], nowMs: number): Phrase[] {
  const times = clusters.flatMap((cluster) => cluster.sinceMs ?? []);
  return times.length === 0 ? [] : since(Math.min(...times), nowMs);
}

export function regionName(name: string): string {
  return name === '' ? 'region unknown' : name;
}

/** A summary as it continues a sentence. */
function lowerFirst(words: string): string {
  const sentence = words.replace(/\.$/, '');
  return /^[A-Z][a-z]/.test(sentence) && !sentence.startsWith('Karmada')
    ? sentence.charAt(0).toLowerCase() + sentence.slice(1)
    : sentence;
}
