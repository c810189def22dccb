import { Random } from './random.ts';

/** How large the federation is and which chance makes it. */
export interface SimulatorOptions {
  regions: number;
  clustersPerRegion: number;
  /** In each cluster, the host included. */
  nodes: number;
  /** Deployments in Karmada, propagated to the members. */
  workloads: number;
  seed: number;
}

export const defaultSimulatorOptions: SimulatorOptions = {
  regions: 3,
  clustersPerRegion: 2,
  nodes: 12,
  workloads: 40,
  seed: 1,
};

export interface ClusterSpec {
  name: string;
  region: string;
  provider: string;
  zones: readonly string[];
  syncMode: 'Push' | 'Pull';
}

export interface WorkloadSpec {
  namespace: string;
  name: string;
  /** Duplicated: all replicas in each cluster. Divided: the replicas are spread over the clusters. */
  scheduling: 'Duplicated' | 'Divided';
  /** Karmada's replicas: of each cluster when duplicated, of all together when divided. */
  replicas: number;
  clusters: readonly string[];
  /** Demand of all users, before the slow swing over the day's ten minutes. */
  requestsPerSecond: number;
  latencyMedianS: number;
  errorShare: number;
}

export const HOST_CLUSTER = 'karmada-host';

const REGIONS = [
  { short: 'eu', region: 'eu-west-1', provider: 'aws' },
  { short: 'us', region: 'us-east-1', provider: 'gcp' },
  { short: 'ap', region: 'ap-southeast-1', provider: 'azure' },
  { short: 'sa', region: 'sa-east-1', provider: 'aws' },
  { short: 'ca', region: 'ca-central-1', provider: 'aws' },
  { short: 'me', region: 'me-central-1', provider: 'gcp' },
  { short: 'af', region: 'af-south-1', provider: 'aws' },
  { short: 'in', region: 'in-south-1', provider: 'azure' },
] as const;

const NAMES: Readonly<Record<string, readonly string[]>> = {
  shop: [
    'web',
    'cart',
    'catalog',
    'checkout',
    'promo',
    'reviews',
    'search-ui',
    'wishlist',
    'orders',
    'returns',
  ],
  media: [
    'transcode',
    'stream',
    'thumbs',
    'ingest',
    'packager',
    'player-api',
    'captions',
    'cdn-origin',
    'drm',
    'live',
  ],
  data: [
    'warehouse',
    'etl-hourly',
    'etl-daily',
    'ch-reader',
    'feature-store',
    'kafka-bridge',
    'schema-reg',
    'batch-runner',
    'lineage',
    'exporter',
  ],
  platform: [
    'authn',
    'authz',
    'gateway',
    'payments-api',
    'notifier',
    'audit',
    'ledger',
    'flags',
    'mailer',
    'scheduler-ui',
  ],
};

export const NAMESPACES: readonly string[] = Object.keys(NAMES);

/** The host runs Karmada's control plane and no workload of the federation. */
export function hostSpec(): ClusterSpec {
  const { region, provider } = REGIONS[0];
  return { name: HOST_CLUSTER, region, provider, zones: zonesOf(region), syncMode: 'Push' };
}

/** The members, region by region. The last one of the third region (or of the last, if fewer) is in pull mode. */
export function memberSpecs(options: SimulatorOptions): ClusterSpec[] {
  const pullRegion = Math.min(options.regions, 3) - 1;
  return Array.from({ length: options.regions }, (_, r) => {
    const { short, region, provider } = REGIONS[r] ?? {
      short: `r${r + 1}`,
      region: `region-${r + 1}`,
      provider: 'onprem',
    };
    return Array.from({ length: options.clustersPerRegion }, (_, c): ClusterSpec => {
      const pull = r === pullRegion && c === options.clustersPerRegion - 1;
      return {
        name: `prod-${short}-${c + 1}`,
        region,
        provider,
        zones: zonesOf(region),
        syncMode: pull ? 'Pull' : 'Push',
      };
    });
  }).flat();
}

export function workloadSpecs(options: SimulatorOptions, members: readonly ClusterSpec[]): WorkloadSpec[] {
  const random = new Random(options.seed);
  return Array.from({ length: options.workloads }, (_, i) => {
    const namespace = NAMESPACES[i % NAMESPACES.length]!;
    const names = NAMES[namespace]!;
    const turn = Math.floor(i / NAMESPACES.length);
    const name =
      names[turn % names.length]! + (turn < names.length ? '' : `-${Math.floor(turn / names.length) + 1}`);
    const scheduling = i % 3 === 0 ? 'Duplicated' : 'Divided';
    const clusters = chooseClusters(
      members,
      scheduling === 'Duplicated' ? members.length : random.integer(3, 5),
      random,
    );
    return {
      namespace,
      name,
      scheduling,
      replicas: scheduling === 'Duplicated' ? random.integer(1, 2) : clusters.length + random.integer(1, 3),
      clusters,
      requestsPerSecond: random.between(8, 120),
      latencyMedianS: random.between(0.006, 0.06),
      errorShare: random.between(0.0002, 0.003),
    };
  });
}

function zonesOf(region: string): string[] {
  return ['a', 'b', 'c'].map((letter) => `${region}${letter}`);
}

/** `count` clusters in a row from a random one on: close regions first, and every cluster gets its share. */
function chooseClusters(members: readonly ClusterSpec[], count: number, random: Random): string[] {
  const start = random.integer(0, members.length - 1);
  const chosen = Array.from(
    { length: Math.min(count, members.length) },
    (_, i) => members[(start + i) % members.length]!.name,
  );
  return chosen.sort();
}
