import type {
  AlertView,
  ClusterHealth,
  ClusterView,
  EventView,
  FleetView,
  ObjectiveView,
  RegionView,
  SignalView,
} from '../../dashboards/console/fleet-view.ts';
import { alertTitle, plural } from '../../dashboards/console/words.ts';
import type { StoredEvent } from '../events/event-store.ts';
import { clusterCondition, SILENT_AFTER_MS, STALE_AFTER_MS } from '../registry/condition.ts';
import type { ClusterEntry } from '../registry/registry.ts';
import type { RuleGroupView } from '../rules/view.ts';

/** Where the Fleet page's data comes from; each is asked anew for every view. */
export interface FleetSources {
  readonly federation: () => string;
  readonly clusters: () => readonly ClusterEntry[];
  readonly rules: () => readonly RuleGroupView[];
  /** The newest events of all clusters, newest first. */
  readonly events: (limit: number) => Promise<readonly StoredEvent[]>;
  readonly objectives: () => readonly ObjectiveView[];
  /** Whether the scenarios of the demo can be played. */
  readonly demo: () => boolean;
  readonly now: () => number;
}

/** As far back as the page looks for changes and evictions; it lists about a dozen. */
const EVENTS_MAX = 100;
/** More alerts than anybody reads; the page says how many there are. */
const ALERTS_MAX = 500;
/** Messages of webhooks run to kilobytes; the row shows one or two lines. */
const MESSAGE_CHARS_MAX = 240;
/** A tenth of the nodes may be away: upgrades do that every week. */
const NODES_READY_MIN = 0.9;
/** These alerts are made of what the tile judges itself, and lag behind it. */
const ALERTS_OF_CONDITION = new Set(['KarmadaClusterNotReady', 'KarmadaClusterSilent', 'KarmadaRegionDown']);

export async function fleetView(sources: FleetSources): Promise<FleetView> {
  const events = await sources.events(EVENTS_MAX);
  const nowMs = sources.now();
  const alerts = alertViews(sources.rules());
  const entries = sources.clusters();
  const clusters = entries
    .map((entry) => clusterView(entry, { entries, alerts, nowMs }))
    .sort((a, b) => compare(a.region, b.region) || roleOrder(a) - roleOrder(b) || compare(a.name, b.name));
  return plain({
    federation: sources.federation(),
    timeMs: nowMs,
    demo: sources.demo(),
    regions: regionViews(clusters),
    clusters,
    alerts: alerts.slice(0, ALERTS_MAX),
    events: events.map(eventView),
    objectives: sources.objectives(),
  });
}

interface Context {
  readonly entries: readonly ClusterEntry[];
  readonly alerts: readonly AlertView[];
  readonly nowMs: number;
}

function clusterView(entry: ClusterEntry, context: Context): ClusterView {
  const { nowMs } = context;
  const { state } = entry;
  // An old word of Karmada proves nothing: neither that the cluster is well nor that it is down.
  const hasWord = state !== undefined && nowMs - (entry.stateReceivedMs ?? 0) <= SILENT_AFTER_MS;
  const ready = hasWord ? state.ready.status === 'True' : undefined;
  return {
    name: entry.name,
    region: entry.place.region,
    provider: entry.place.provider,
    role: entry.role,
    syncMode: state?.syncMode,
    kubernetesVersion: state?.kubernetesVersion || undefined,
    ...judge(entry, hasWord, context),
    signals: entry.role === 'host' ? hostSignals(entry, context) : memberSignals(entry, hasWord, nowMs),
    ready,
    lastReceivedMs: entry.lastSampleReceivedMs,
    nodes: state && { ready: state.nodes.ready, total: state.nodes.total },
    resources: state && {
      cpuCores: { allocated: state.allocated.cpuCores, allocatable: state.allocatable.cpuCores },
      memoryBytes: { allocated: state.allocated.memoryBytes, allocatable: state.allocatable.memoryBytes },
      pods: { allocated: state.allocated.pods, allocatable: state.allocatable.pods },
    },
    verified: ready === true,
  };
}

type Judgement = Pick<ClusterView, 'state' | 'word' | 'sinceMs' | 'summary'>;

/** The registry's verdict on a cluster, refined by who agrees with it. */
function judge(entry: ClusterEntry, hasWord: boolean, { nowMs, alerts }: Context): Judgement {
  const condition = clusterCondition(entry, nowMs);
  const heardMs = entry.lastSampleReceivedMs;
  const heardAgoMs = heardMs === undefined ? Number.POSITIVE_INFINITY : nowMs - heardMs;
  const { state } = entry;
  if (state && !hasWord) {
    if (heardAgoMs > SILENT_AFTER_MS)
      return judgement(
        'silent',
        'Silent',
        'Silent, and so is Karmada about it',
        heardMs ?? entry.awaitedSinceMs,
      );
    return judgement(
      'unknown',
      'Not judged',
      'Reports, but Karmada’s word on it is old',
      entry.stateReceivedMs,
    );
  }
  switch (condition.state) {
    case 'not ready': {
      const saidMs = condition.sinceMs;
      if (heardAgoMs <= STALE_AFTER_MS)
        return judgement('down', 'Not ready', 'Karmada cannot reach it; its collector reports', saidMs);
      const times = [saidMs, heardMs].filter((time) => time !== undefined);
      const since = times.length > 0 ? Math.min(...times) : undefined;
      return judgement('down', 'Down', '2 of 2 signals agree: cluster down', since);
    }
    case 'nodes down':
      return judgement('nodes down', 'Nodes down', 'Karmada says Ready, but no node is', condition.sinceMs);
    case 'silent': {
      const said = state ? 'Karmada says Ready; its collector is silent' : 'Its collector is silent';
      return judgement('silent', 'Silent', said, condition.sinceMs);
    }
    case 'unknown':
      return judgement('unknown', 'Waiting', 'Nothing has come of it yet', entry.awaitedSinceMs);
    case 'healthy':
      return degradation(entry, alerts) ?? judgement('healthy', 'Healthy', wellSummary(entry), undefined);
  }
}

function judgement(
  state: ClusterHealth,
  word: string,
  summary: string,
  sinceMs: number | undefined,
): Judgement {
  return { state, word, summary, sinceMs };
}

/** What is wrong with a cluster that is ready and reports. */
function degradation({ name, state }: ClusterEntry, alerts: readonly AlertView[]): Judgement | undefined {
  if (state && state.nodes.total > 0 && state.nodes.ready / state.nodes.total < NODES_READY_MIN) {
    const { ready, total } = state.nodes;
    return judgement('degraded', 'Nodes down', `${total - ready} of ${total} nodes are not ready`, undefined);
  }
  const alert = alerts.find(
    (alert) =>
      alert.state === 'firing' && alert.labels['cluster'] === name && !ALERTS_OF_CONDITION.has(alert.name),
  );
  if (!alert) return undefined;
  return judgement(
    'degraded',
    alertTitle(alert.name),
    alert.summary ?? alertTitle(alert.name),
    alert.sinceMs,
  );
}

function wellSummary({ role, state }: ClusterEntry): string {
  if (state) return `All signals agree, ${plural(Math.round(state.allocated.pods), 'pod')} running`;
  return role === 'host' ? 'Control plane reports' : 'Reports; no registry lists it';
}

function memberSignals(entry: ClusterEntry, hasWord: boolean, nowMs: number): SignalView[] {
  const { state, stateReceivedMs } = entry;
  const isLost = state !== undefined && hasWord && state.ready.status !== 'True';
  if (!state) return [heartbeat(entry, nowMs, isLost)];
  const { ready, total } = state.nodes;
  const isReady = state.ready.status === 'True';
  const karmada: SignalView = !hasWord
    ? { name: 'Karmada', level: 'blind', text: 'last word', atMs: stateReceivedMs }
    : isReady
      ? { name: 'Karmada', level: 'ok', text: 'Ready', atMs: stateReceivedMs }
      : {
          name: 'Karmada',
          level: 'down',
          text: reasonWords(state.ready),
          atMs: state.ready.sinceMs || undefined,
        };
  const nodes: SignalView =
    !hasWord || !isReady
      ? { name: 'Nodes', level: 'none', text: `was ${ready} of ${total} ready` }
      : { name: 'Nodes', level: ready === total ? 'ok' : 'warn', text: `${ready} of ${total} ready` };
  return [karmada, heartbeat(entry, nowMs, isLost), nodes];
}

function hostSignals(entry: ClusterEntry, { entries, nowMs }: Context): SignalView[] {
  const times = entries.flatMap((other) => other.stateReceivedMs ?? []);
  const list: SignalView =
    times.length === 0
      ? { name: 'Karmada', level: 'blind', text: 'no cluster listed' }
      : {
          name: 'Karmada',
          level: nowMs - Math.max(...times) <= SILENT_AFTER_MS ? 'ok' : 'blind',
          text: `lists ${plural(times.length, 'cluster')}`,
          atMs: Math.max(...times),
        };
  return [list, heartbeat(entry, nowMs, false)];
}

/** The collector's pushes as the hub hears them; silence is blindness unless Karmada has lost the cluster too. */
function heartbeat({ lastSampleReceivedMs }: ClusterEntry, nowMs: number, isLost: boolean): SignalView {
  const name = 'Heartbeat';
  if (lastSampleReceivedMs === undefined) return { name, level: isLost ? 'down' : 'blind', text: 'none yet' };
  const agoMs = nowMs - lastSampleReceivedMs;
  const atMs = lastSampleReceivedMs;
  if (agoMs <= STALE_AFTER_MS) return { name, level: 'ok', text: 'on time', atMs };
  if (isLost) return { name, level: 'down', text: 'last', atMs };
  return agoMs <= SILENT_AFTER_MS
    ? { name, level: 'stale', text: 'late', atMs }
    : { name, level: 'blind', text: 'last', atMs };
}

/** Karmada's reason in words: `ClusterNotReachable` → `not reachable`. */
function reasonWords({ status, reason }: { status: string; reason: string }): string {
  const words = alertTitle(reason).replace(/^Cluster /, '');
  return words === '' ? `Ready=${status}` : words.toLowerCase();
}

/** A region is down when Karmada can reach none of its members; the host's own state is not the region's. */
function regionViews(clusters: readonly ClusterView[]): RegionView[] {
  const regions = Map.groupBy(clusters, (cluster) => cluster.region);
  return [...regions].map(([name, all]) => {
    const members = all.filter((cluster) => cluster.role !== 'host');
    const down = members.filter((cluster) => cluster.state === 'down');
    const isDown = members.length > 0 && down.length === members.length;
    const times = down.flatMap((cluster) => cluster.sinceMs ?? []);
    return {
      name,
      state: isDown ? 'down' : worstState(all),
      ready: members.filter((cluster) => cluster.ready).length,
      members: members.length,
      sinceMs: isDown && times.length > 0 ? Math.min(...times) : undefined,
    };
  });
}

function worstState(clusters: readonly ClusterView[]): ClusterHealth {
  const has = (...states: ClusterHealth[]) => clusters.some(({ state }) => states.includes(state));
  if (has('silent', 'unknown')) return has('silent') ? 'silent' : 'unknown';
  return has('down', 'degraded', 'nodes down') ? 'degraded' : 'healthy';
}

const SEVERITIES = ['critical', 'warning', 'info'];

function alertViews(groups: readonly RuleGroupView[]): AlertView[] {
  const views: AlertView[] = [];
  for (const group of groups)
    for (const rule of group.rules) {
      if (rule.type !== 'alerting') continue;
      for (const { labels, annotations, state, activeAtMs } of rule.alerts)
        views.push({
          name: rule.name,
          state,
          severity: labels.get('severity'),
          labels: labels.without('alertname', 'severity').toObject(),
          summary: annotations['summary'],
          sinceMs: activeAtMs,
          runbook: runbookHref(annotations['runbook_url'] ?? ''),
        });
    }
  const rank = ({ state, severity }: AlertView) =>
    (state === 'firing' ? 0 : 10) + (SEVERITIES.indexOf(severity) + 1 || SEVERITIES.length + 1);
  // What is about a whole region explains what is about its clusters.
  const narrowness = ({ labels }: AlertView) => (labels['cluster'] ? 1 : 0);
  return views.sort(
    (a, b) =>
      rank(a) - rank(b) || narrowness(a) - narrowness(b) || b.sinceMs - a.sinceMs || compare(a.name, b.name),
  );
}

/** Pages this hub serves are linked by path, so that they are read where the console is; other ones as they are. */
function runbookHref(url: string): string | undefined {
  const own = /\/runbooks\/[A-Za-z0-9_]+$/.exec(url);
  if (own) return own[0];
  return /^https?:\/\//.test(url) ? url : undefined;
}

function eventView({ timeMs, cluster, type, reason, message, count, object }: StoredEvent): EventView {
  const { kind, namespace, name } = object;
  const text = message.length > MESSAGE_CHARS_MAX ? `${message.slice(0, MESSAGE_CHARS_MAX)}…` : message;
  return { timeMs, cluster, type, reason, message: text, count, kind, namespace, name };
}

/**
 * Text of other people with nothing in it that is not seen: control characters and those that turn the direction
 * of writing would let a label rewrite the sentence it stands in.
 */
function plain<T>(value: T): T {
  if (typeof value === 'string') return value.replace(/[\t\n\r]+/g, ' ').replace(UNSEEN, '\ufffd') as T;
  if (Array.isArray(value)) return value.map(plain) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)])) as T;
}

const UNSEEN = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The host stands last in its region: it is no member. */
function roleOrder({ role }: ClusterView): number {
  return role === 'host' ? 1 : 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
