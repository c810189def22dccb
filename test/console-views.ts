import { fleetView } from '../aggregator/api/fleet.ts';
import type { StoredEvent } from '../aggregator/events/event-store.ts';
import type { ClusterEntry } from '../aggregator/registry/registry.ts';
import type { RuleGroupView } from '../aggregator/rules/view.ts';
import type { FleetView, ObjectiveView } from '../dashboards/console/fleet-view.ts';
import { Labels } from '../model/labels.ts';

// Fixed fleets for the console's tests, told the way the hub knows them.

export const NOW_MS = Date.UTC(2026, 10, 22, 10, 25, 11);
const at = (time: string) => Date.parse(`2026-11-22T${time}Z`);
const GIB = 2 ** 30;

interface ClusterSpec {
  readonly name: string;
  readonly region: string;
  readonly provider: string;
  readonly ready?: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly readySinceMs?: number;
  /** When it was last heard; `never`. Three seconds ago unless told otherwise. */
  readonly heardMs?: number | 'never';
  readonly nodes?: readonly [ready: number, total: number];
  readonly cpu?: readonly [allocated: number, allocatable: number];
}

export function cluster(spec: ClusterSpec): ClusterEntry {
  const { name, region, provider, ready = 'True', nodes = [12, 12], cpu = [18, 46.5] } = spec;
  const heardMs = spec.heardMs === 'never' ? undefined : (spec.heardMs ?? NOW_MS - 3_000);
  return {
    name,
    role: 'member',
    expected: true,
    place: { region, provider },
    state: {
      name,
      id: `id-of-${name}`,
      region,
      provider,
      zones: [],
      syncMode: name.endsWith('ap-2') ? 'Pull' : 'Push',
      kubernetesVersion: 'v1.34.1',
      createdMs: NOW_MS - 86_400_000,
      ready: {
        status: ready,
        reason: spec.reason ?? (ready === 'True' ? 'ClusterReady' : 'ClusterNotReachable'),
        message: '',
        sinceMs: spec.readySinceMs ?? NOW_MS - 86_400_000,
      },
      taints: [],
      nodes: { ready: nodes[0], total: nodes[1] },
      allocatable: { cpuCores: cpu[1], memoryBytes: 180 * GIB, pods: 330 },
      allocated: { cpuCores: cpu[0], memoryBytes: 18 * GIB, pods: 72 },
    },
    stateReceivedMs: NOW_MS - 5_000,
    replaced: undefined,
    lastSampleReceivedMs: heardMs,
    newestSampleMs: heardMs,
    lastEventReceivedMs: undefined,
    awaitedSinceMs: NOW_MS - 86_400_000,
  };
}

export function host(heardMs = NOW_MS - 4_000): ClusterEntry {
  return {
    ...cluster({ name: 'karmada-host', region: 'eu-west-1', provider: 'aws', heardMs }),
    role: 'host',
    state: undefined,
    stateReceivedMs: undefined,
  };
}

export function event(
  time: string,
  told: Partial<Omit<StoredEvent, 'object'>> & { object?: Partial<StoredEvent['object']> },
): StoredEvent {
  const timeMs = at(time);
  return {
    uid: `${time}-${told.reason}`,
    resourceVersion: '1',
    type: 'Normal',
    reason: 'SyncSucceed',
    message: '',
    count: 1,
    timeMs,
    firstTimeMs: timeMs,
    component: 'test',
    cluster: 'prod-eu-1',
    receivedMs: timeMs,
    ...told,
    object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'checkout', uid: 'u', ...told.object },
  };
}

export function alerts(
  ...told: {
    name: string;
    labels: Record<string, string>;
    state?: 'firing' | 'pending';
    since: string;
    summary?: string;
  }[]
): RuleGroupView[] {
  const rules = told.map(({ name, labels, state = 'firing', since, summary = 'A summary.' }) => ({
    type: 'alerting' as const,
    name,
    query: 'vector(1)',
    labels: {},
    health: 'ok' as const,
    lastError: '',
    evaluationTimeMs: 1,
    lastEvaluationMs: NOW_MS,
    state,
    durationMs: 60_000,
    keepFiringForMs: 0,
    annotations: {},
    alerts: [
      {
        labels: Labels.fromObject({ alertname: name, federation: 'demo', ...labels }),
        annotations: { summary, runbook_url: `http://hub.example/runbooks/${name}` },
        state,
        activeAtMs: at(since),
        value: 1,
      },
    ],
  }));
  return [
    {
      name: 'g',
      file: 'f',
      intervalMs: 15_000,
      limit: 0,
      rules,
      evaluationTimeMs: 1,
      lastEvaluationMs: NOW_MS,
    },
  ];
}

export function objective(told: Partial<ObjectiveView> = {}, burn = 0.4): ObjectiveView {
  return {
    name: 'karmada-api-availability',
    displayName: 'Karmada API availability',
    target: 0.999,
    windowMs: 28 * 86_400_000,
    level: 'federation',
    labels: { federation: 'demo' },
    budgetRemaining: 0.881,
    burnRates: [
      { windowMs: 300_000, rate: burn },
      { windowMs: 3_600_000, rate: burn },
    ],
    coverage: 1,
    state: 'ok',
    ...told,
  };
}

export const SIX: readonly ClusterEntry[] = [
  cluster({ name: 'prod-ap-1', region: 'ap-southeast-1', provider: 'azure' }),
  cluster({ name: 'prod-ap-2', region: 'ap-southeast-1', provider: 'azure', cpu: [12.8, 46.5] }),
  cluster({ name: 'prod-eu-1', region: 'eu-west-1', provider: 'aws', cpu: [25.8, 62] }),
  cluster({ name: 'prod-eu-2', region: 'eu-west-1', provider: 'aws', cpu: [22.1, 62] }),
  cluster({ name: 'prod-us-1', region: 'us-east-1', provider: 'gcp' }),
  cluster({ name: 'prod-us-2', region: 'us-east-1', provider: 'gcp', cpu: [12.8, 46.5] }),
];

const CALM_EVENTS = [
  event('10:25:02', {
    reason: 'ReflectStatusSucceed',
    message: 'Reflect status for object succeed.',
    object: { kind: 'Work', namespace: 'karmada-es-prod-eu-1', name: 'checkout-7d9' },
  }),
  event('09:58:12', {
    reason: 'ScalingReplicaSet',
    message: 'Scaled up replica set web-6f4 from 2 to 3',
    cluster: 'prod-us-1',
    object: { kind: 'Deployment', name: 'web' },
  }),
];

interface Fleet {
  readonly federation?: string;
  readonly clusters: readonly ClusterEntry[];
  readonly rules?: readonly RuleGroupView[];
  readonly events?: readonly StoredEvent[];
  readonly objectives?: readonly ObjectiveView[];
  readonly demo?: boolean;
}

export function viewOf(fleet: Fleet): Promise<FleetView> {
  return fleetView({
    federation: () => fleet.federation ?? 'demo',
    clusters: () => fleet.clusters,
    rules: () => fleet.rules ?? [],
    events: async (limit) => (fleet.events ?? []).slice(0, limit),
    objectives: () => fleet.objectives ?? [],
    demo: () => fleet.demo ?? false,
    now: () => NOW_MS,
  });
}

const CALM = [
  objective(),
  ...['eu-west-1', 'us-east-1'].map((region) =>
    objective({ level: 'region', labels: { federation: 'demo', region } }),
  ),
];

export const allWell = () =>
  viewOf({ clusters: [...SIX, host()], events: CALM_EVENTS, objectives: CALM, demo: true });

export const lost = (entry: ClusterEntry): ClusterEntry =>
  cluster({
    name: entry.name,
    region: entry.place.region,
    provider: entry.place.provider,
    ready: 'False',
    readySinceMs: at('10:22:32'),
    heardMs: at('10:22:11'),
    cpu: [entry.state!.allocated.cpuCores, entry.state!.allocatable.cpuCores],
  });

export const regionDown = () =>
  viewOf({
    clusters: [...SIX.map((entry) => (entry.place.region === 'us-east-1' ? lost(entry) : entry)), host()],
    rules: alerts(
      {
        name: 'KarmadaRegionDown',
        labels: { region: 'us-east-1', severity: 'critical' },
        since: '10:23:32',
        summary: 'No cluster of a region is ready.',
      },
      {
        name: 'KarmadaClusterNotReady',
        labels: { cluster: 'prod-us-1', region: 'us-east-1', severity: 'critical' },
        since: '10:23:32',
        summary: 'Karmada cannot reach a member cluster.',
      },
      {
        name: 'KarmascopeScrapeFailing',
        labels: { cluster: 'prod-eu-1', region: 'eu-west-1', job: 'node', severity: 'warning' },
        since: '10:24:02',
        state: 'pending',
      },
    ),
    events: [
      event('10:24:58', {
        type: 'Warning',
        reason: 'ScheduleBindingFailed',
        message: '0/6 clusters are available: 2 cluster(s) had untolerated taint.',
        cluster: 'karmada-host',
        object: { kind: 'ResourceBinding', namespace: 'data', name: 'us-report-deployment' },
      }),
      event('10:24:52', {
        type: 'Warning',
        reason: 'ScheduleBindingFailed',
        message: 'no cluster fits',
        cluster: 'karmada-host',
        object: { kind: 'ResourceBinding', namespace: 'data', name: 'us-ledger' },
      }),
      event('10:23:16', {
        reason: 'EvictWorkloadFromClusterSucceed',
        message: 'Evict from cluster prod-us-1 succeed.',
        cluster: 'karmada-host',
        object: { kind: 'ResourceBinding', namespace: 'platform', name: 'authn' },
      }),
      event('10:22:32', {
        reason: 'TaintClusterSucceed',
        message: 'Taint cluster succeed: cluster.karmada.io/not-ready:NoSchedule.',
        cluster: 'karmada-host',
        object: { kind: 'Cluster', namespace: '', name: 'prod-us-1' },
      }),
    ],
    objectives: [
      objective({ budgetRemaining: 0.712, state: 'page' }, 6.2),
      objective({
        level: 'region',
        labels: { region: 'us-east-1' },
        budgetRemaining: undefined,
        state: 'no data',
      }),
    ],
    demo: true,
  });

export const silent = () =>
  viewOf({
    clusters: [
      ...SIX.map((entry) =>
        entry.name === 'prod-eu-2' ? { ...entry, lastSampleReceivedMs: at('10:20:05') } : entry,
      ),
      host(),
    ],
    rules: alerts({
      name: 'KarmadaClusterSilent',
      labels: { cluster: 'prod-eu-2', region: 'eu-west-1', severity: 'critical' },
      since: '10:21:05',
    }),
    events: CALM_EVENTS,
    objectives: CALM,
  });

const REGIONS_OF_100 = [
  ['ap-northeast-1', 'prod-apn1-', 'aws', 8],
  ['ap-southeast-1', 'prod-aps1-', 'azure', 12],
  ['eu-central-1', 'prod-euc1-', 'aws', 12],
  ['eu-north-1', 'prod-eun1-', 'aws', 8],
  ['eu-west-1', 'prod-euw1-', 'aws', 14],
  ['sa-east-1', 'prod-sae1-', 'gcp', 6],
  ['us-central-1', 'prod-usc1-', 'gcp', 10],
  ['us-east-1', 'prod-use1-', 'gcp', 16],
  ['us-west-2', 'prod-usw2-', 'aws', 14],
] as const;

export const hundred = () =>
  viewOf({
    federation: 'global',
    clusters: [
      ...REGIONS_OF_100.flatMap(([region, prefix, provider, count]) =>
        Array.from({ length: count }, (_, i) =>
          cluster({
            name: `${prefix}${String(i + 1).padStart(2, '0')}`,
            region,
            provider,
            cpu: [20 + ((i * 7) % 24), 62],
          }),
        ),
      ),
      host(),
    ],
    events: CALM_EVENTS,
    objectives: CALM,
  });

export const nothingYet = () => viewOf({ clusters: [] });

/** Markup, quotes, a bidirectional override and length in every field that other people fill. */
export const HOSTILE = `"><img src=x onerror=alert(1)></script><script>alert(2)</script><!-- \u202e' & ${'w'.repeat(120)}`;

export const hostile = () =>
  viewOf({
    federation: HOSTILE,
    clusters: [
      cluster({
        name: `down ${HOSTILE}`,
        region: HOSTILE,
        provider: HOSTILE,
        ready: 'False',
        reason: HOSTILE,
        readySinceMs: at('10:22:32'),
        heardMs: at('10:22:11'),
      }),
      cluster({ name: `well ${HOSTILE}`, region: HOSTILE, provider: HOSTILE }),
      cluster({ name: 'other', region: 'eu-west-1', provider: 'aws' }),
    ],
    rules: alerts({
      name: HOSTILE,
      labels: { cluster: `down ${HOSTILE}`, region: HOSTILE, severity: HOSTILE, extra: HOSTILE },
      since: '10:24:00',
      summary: HOSTILE,
    }),
    events: [
      event('10:24:58', {
        type: HOSTILE,
        reason: HOSTILE,
        message: HOSTILE,
        cluster: HOSTILE,
        object: { kind: HOSTILE, namespace: HOSTILE, name: HOSTILE },
      }),
    ],
    objectives: [
      objective({ displayName: HOSTILE, level: 'cluster', labels: { cluster: HOSTILE }, state: 'ticket' }, 3),
    ],
    demo: true,
  });
