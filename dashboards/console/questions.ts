import { counted, regionName, reports } from './findings.ts';
import type { EventView, FleetView, Level } from './fleet-view.ts';
import { hourlyBurn, objectiveLevel, urgentObjectives } from './objectives.ts';
import { regionLosses } from './room.ts';
import { age, burn, clockTime, listOf, percent, plural, wholePercent } from './words.ts';

/** One of the five questions: always in the same place, one answer, one line of evidence, one link. */
export interface Answer {
  /** Heading, and what the phone leaves of it. */
  readonly question: string;
  readonly short: string;
  readonly level: Level | 'change';
  readonly answer: string;
  readonly detail: string;
  readonly href: string;
}

export function fiveAnswers(view: FleetView, nowMs: number): Answer[] {
  return [
    { question: 'Where?', short: 'Where?', href: '#regions', ...where(view) },
    { question: 'Real, or are we blind?', short: 'Real?', ...real(view, nowMs) },
    { question: 'Are users hurt?', short: 'Users?', href: '#budgets', ...users(view) },
    { question: 'What changed?', short: 'Changed?', href: '#events', ...changed(view, nowMs) },
    { question: 'Failover: working? room?', short: 'Failover?', href: '#room', ...failover(view, nowMs) },
  ];
}

type Rest = Pick<Answer, 'level' | 'answer' | 'detail'>;

function where(view: FleetView): Rest {
  const members = counted(view);
  const ready = view.clusters.filter((cluster) => cluster.ready).length;
  const hit = view.clusters.filter((cluster) => cluster.state !== 'healthy');
  const known = view.clusters.filter((cluster) => cluster.role === 'member').length;
  const readyText = known > 0 ? `${ready} of ${known} ready` : plural(members.length, 'sender');
  if (view.clusters.length === 0)
    return { level: 'none', answer: 'Nothing yet', detail: 'no cluster is known' };
  if (hit.length === 0) return { level: 'ok', answer: 'Nowhere', detail: readyText };
  const regions = [...new Set(hit.map((cluster) => cluster.region))];
  const down = view.regions.filter((region) => region.state === 'down');
  const level: Level = hit.some(({ state }) => state === 'down')
    ? 'down'
    : hit.some(({ state }) => state === 'silent' || state === 'unknown')
      ? 'blind'
      : 'warn';
  const all = view.regions.length;
  if (down.length > 0) {
    return {
      level,
      answer: `${down.length} of ${plural(all, 'region')}`,
      detail: `${listOf(down.map(({ name }) => regionName(name)))}; ${readyText}`,
    };
  }
  if (hit.length === 1)
    return { level, answer: hit[0]!.name, detail: `only it, in ${regionName(hit[0]!.region)}; ${readyText}` };
  if (regions.length === all && all > 1)
    return {
      level,
      answer: 'Everywhere',
      detail: `${hit.length} clusters in all ${all} regions; ${readyText}`,
    };
  return {
    level,
    answer: plural(hit.length, 'cluster'),
    detail: `in ${listOf(regions.map(regionName))}; ${readyText}`,
  };
}

function real(view: FleetView, nowMs: number): Rest & { href: string } {
  const total = view.clusters.length;
  if (total === 0)
    return { level: 'none', answer: 'Nothing yet', detail: 'no cluster reports', href: '#regions' };
  const blind = view.clusters.filter(({ state }) => state === 'silent' || state === 'unknown');
  const down = view.clusters.filter(({ state }) => state === 'down');
  const reporting = view.clusters.filter(reports);
  const ages = reporting.flatMap((cluster) =>
    cluster.lastReceivedMs === undefined ? [] : nowMs - cluster.lastReceivedMs,
  );
  const said = `${reporting.length} of ${total} report`;
  const oldest = ages.length > 0 ? `; oldest data ${age(Math.max(...ages))}` : '';
  if (blind.length > 0) {
    const answer = blind.length === 1 ? `Blind: ${blind[0]!.name}` : `Blind in ${blind.length}`;
    return {
      level: 'blind',
      answer,
      detail: `${said}${oldest}`,
      href: `/?q=${encodeURIComponent('state=silent,unknown')}`,
    };
  }
  if (down.length > 0) {
    const signals = down.flatMap((cluster) => cluster.signals.filter(({ level }) => level !== 'none'));
    const agree = signals.filter((signal) => signal.level === 'down').length;
    return {
      level: agree === signals.length ? 'ok' : 'warn',
      answer: agree === signals.length ? 'Real' : 'Signals disagree',
      detail: `${agree} of ${signals.length} signals say down; ${said}`,
      href: '#regions',
    };
  }
  return { level: 'ok', answer: 'Real', detail: `${said}${oldest}`, href: '#regions' };
}

function users(view: FleetView): Rest {
  const [worst] = urgentObjectives(view.objectives);
  if (!worst) return { level: 'none', answer: 'Not measured', detail: 'no objective has data yet' };
  const level = objectiveLevel(worst);
  if (level === 'blind')
    return {
      level,
      answer: 'Unknown',
      detail: `${plural(view.objectives.length, 'objective')}, none has data`,
    };
  const rate = hourlyBurn(worst);
  if (level === 'ok') {
    const lowest = Math.min(...view.objectives.flatMap((objective) => objective.budgetRemaining ?? []));
    const highest = Math.max(...view.objectives.map((objective) => hourlyBurn(objective) ?? 0));
    return { level, answer: 'No', detail: `lowest budget ${percent(lowest)}, highest burn ${burn(highest)}` };
  }
  const said = level === 'down' ? 'Yes' : 'Soon';
  return {
    level,
    answer: `${said}: ${worst.displayName}${rate === undefined ? '' : `, ${burn(rate)}`}`,
    detail: `budget ${percent(worst.budgetRemaining!)} left of ${percent(worst.target)}`,
  };
}

/** Reasons of events that say somebody or something changed what runs where. */
const CHANGE_REASONS = new Set([
  'ScalingReplicaSet',
  'ApplyPolicySucceed',
  'ApplyOverridePolicySucceed',
  'PreemptPolicySucceed',
  'TaintClusterSucceed',
  'CreateExecutionSpaceSucceed',
  'RemoveExecutionSpaceSucceed',
  'RegisteredNode',
  'RemovingNode',
  'SuccessfulRescale',
]);

export function isChange(event: EventView): boolean {
  return CHANGE_REASONS.has(event.reason);
}

/** The change that may be the cause: the last one before the trouble began, else the last one there was. */
function changed(view: FleetView, nowMs: number): Rest {
  const begins = view.clusters.flatMap(({ state, sinceMs }) => (state === 'healthy' ? [] : (sinceMs ?? [])));
  const beganMs = begins.length > 0 ? Math.min(...begins) : undefined;
  const changes = view.events.filter(isChange);
  const before = beganMs === undefined ? undefined : changes.find((event) => event.timeMs <= beganMs);
  const shown = before ?? changes[0];
  if (!shown) {
    const detail =
      view.events.length === 0
        ? 'no event has come yet'
        : `no change in the last ${view.events.length} events`;
    return { level: 'none', answer: 'Nothing seen', detail };
  }
  const when = before ? `${age(beganMs! - shown.timeMs)} before` : `${age(nowMs - shown.timeMs)} ago`;
  return {
    level: 'change',
    answer: shown.reason,
    detail: `${when}: ${objectName(shown)} in ${shown.cluster}`,
  };
}

export function objectName({ kind, namespace, name }: EventView): string {
  const path = namespace === '' ? name : `${namespace}/${name}`;
  return kind === '' ? path : `${kind} ${path}`;
}

const EVICTED = new Set(['EvictWorkloadFromClusterSucceed', 'EvictWorkloadFromClusterFailed']);

function failover(view: FleetView, nowMs: number): Rest {
  const evictions = view.events.filter((event) => EVICTED.has(event.reason));
  const last = evictions[0];
  const moving = last ? `; last eviction ${clockTime(last.timeMs, nowMs)}` : '';
  const [worst] = regionLosses(view);
  const alive = view.clusters.filter((cluster) => cluster.verified && cluster.resources);
  if (!worst) {
    const detail =
      alive.length === 0
        ? `no cluster’s capacity is known${moving}`
        : `one region has capacity, none to go to${moving}`;
    return {
      level: alive.length === 0 ? 'none' : 'warn',
      answer: alive.length === 0 ? 'Unknown' : 'Nowhere to go',
      detail,
    };
  }
  const detail = `if ${worst.region} fails: ${worst.resource} ${wholePercent(worst.fullAfter)} full${moving}`;
  if (worst.fits === 'no room') return { level: 'down', answer: 'No room', detail };
  if (worst.fits === 'tight') return { level: 'warn', answer: 'Room, but tight', detail };
  return { level: 'ok', answer: 'Room for any region', detail };
}
