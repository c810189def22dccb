import { type ClusterEntry, silenceMs } from './cluster-entry.ts';

export type ClusterConditionState = 'healthy' | 'not ready' | 'nodes down' | 'silent' | 'unknown';

/** One thing the verdict on a cluster rests on, in words an SRE reads. */
export interface Evidence {
  readonly about: 'karmada' | 'data' | 'nodes' | 'identity';
  /** Undefined: it says neither good nor bad. */
  readonly ok: boolean | undefined;
  readonly text: string;
}

export interface ClusterCondition {
  readonly state: ClusterConditionState;
  /** Since when, where that is known. */
  readonly sinceMs: number | undefined;
  /** Age of its data: since the hub last heard a sample. Undefined: it never did. */
  readonly dataAgeMs: number | undefined;
  readonly evidence: readonly Evidence[];
}

/** The interval at which collectors push. */
const PUSH_INTERVAL_MS = 15_000;
/** Data older than two intervals is stale: worth saying, not yet silence. */
export const STALE_AFTER_MS = 2 * PUSH_INTERVAL_MS;
/** Five missed pushes are no accident of the network. */
export const SILENT_AFTER_MS = 5 * PUSH_INTERVAL_MS;

/**
 * What state a cluster is in, and why. Karmada's word that it is not ready weighs most, then that all its
 * nodes are down (which silences the collector too, so it names the cause), then the hub's own ear.
 */
export function clusterCondition(entry: ClusterEntry, nowMs: number): ClusterCondition {
  const heardMs = entry.lastSampleReceivedMs;
  const dataAgeMs = heardMs === undefined ? undefined : Math.max(0, nowMs - heardMs);
  const evidence = [
    ...karmadaEvidence(entry, nowMs),
    ...nodesEvidence(entry),
    ...dataEvidence(entry, nowMs),
    ...identityEvidence(entry),
  ];
  const verdict = (state: ClusterConditionState, sinceMs: number | undefined): ClusterCondition => ({
    state,
    sinceMs,
    dataAgeMs,
    evidence,
  });
  const { state } = entry;
  // Unknown and absent are not ready either: Karmada cannot reach it, whatever the reason.
  if (state && state.ready.status !== 'True') return verdict('not ready', state.ready.sinceMs || undefined);
  if (state && allNodesDown(entry)) return verdict('nodes down', undefined);
  if (entry.expected && silenceMs(entry, nowMs) > SILENT_AFTER_MS)
    return verdict('silent', heardMs ?? entry.awaitedSinceMs);
  if (heardMs === undefined || nowMs - heardMs > SILENT_AFTER_MS) return verdict('unknown', undefined);
  return verdict('healthy', undefined);
}

function allNodesDown({ state }: ClusterEntry): boolean {
  return state !== undefined && state.nodes.total > 0 && state.nodes.ready === 0;
}

function karmadaEvidence({ role, state, stateReceivedMs }: ClusterEntry, nowMs: number): Evidence[] {
  if (!state) {
    if (role === 'host') return [];
    return [{ about: 'karmada', ok: undefined, text: 'Karmada has told the hub nothing of this cluster' }];
  }
  const { status, reason, sinceMs } = state.ready;
  const since = sinceMs > 0 ? ` for ${age(nowMs - sinceMs)}` : '';
  const evidence: Evidence[] = [
    {
      about: 'karmada',
      ok: status === 'True',
      text: `Karmada says Ready=${status}${reason === '' ? '' : ` (${reason})`}${since}`,
    },
  ];
  const seenAgoMs = nowMs - (stateReceivedMs ?? 0);
  if (seenAgoMs > SILENT_AFTER_MS)
    evidence.push({
      about: 'karmada',
      ok: undefined,
      text: `Karmada's word is ${age(seenAgoMs)} old: the host's collector is not heard`,
    });
  return evidence;
}

function nodesEvidence(entry: ClusterEntry): Evidence[] {
  const { state } = entry;
  if (!state || state.nodes.total === 0) return [];
  const { ready, total } = state.nodes;
  // Karmada keeps the last numbers of a cluster it cannot reach.
  if (state.ready.status !== 'True')
    return [
      { about: 'nodes', ok: undefined, text: `${ready} of ${total} nodes were ready, unverified since` },
    ];
  return [{ about: 'nodes', ok: ready === total, text: `${ready} of ${total} nodes ready` }];
}

function dataEvidence(entry: ClusterEntry, nowMs: number): Evidence[] {
  const heardMs = entry.lastSampleReceivedMs;
  if (heardMs === undefined) {
    const waitedMs = nowMs - entry.awaitedSinceMs;
    return [
      {
        about: 'data',
        ok: entry.expected && waitedMs > SILENT_AFTER_MS ? false : undefined,
        text: `No sample has come, awaited for ${age(waitedMs)}`,
      },
    ];
  }
  const pushAgeMs = nowMs - heardMs;
  const evidence: Evidence[] = [
    { about: 'data', ok: pushAgeMs <= STALE_AFTER_MS, text: `Last push ${age(pushAgeMs)} ago` },
  ];
  const newestAgeMs = nowMs - (entry.newestSampleMs ?? heardMs);
  if (newestAgeMs - pushAgeMs > STALE_AFTER_MS)
    evidence.push({ about: 'data', ok: false, text: `Newest sample is ${age(newestAgeMs)} old` });
  return evidence;
}

function identityEvidence({ replaced }: ClusterEntry): Evidence[] {
  if (!replaced) return [];
  return [
    {
      about: 'identity',
      ok: undefined,
      text: `Another cluster went by this name before (id ${replaced.previousId})`,
    },
  ];
}

/** As the console writes ages: `4 s`, `3 min 4 s`, `2 h 5 min`, `3 d`; one unit from ten of it up. */
function age(ms: number): string {
  let rest = Math.max(0, Math.round(ms / 1_000));
  const parts: string[] = [];
  for (const [unit, seconds] of AGE_UNITS) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count === 0 && parts.length === 0) continue;
    if (count > 0) parts.push(`${count} ${unit}`);
    if (parts.length === 2 || count >= 10 || count === 0) break;
  }
  return parts.length === 0 ? '0 s' : parts.join(' ');
}

const AGE_UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;
