import type { ClusterState } from '../../model/cluster.ts';

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: (cluster: ClusterState) => readonly Sample[];
}

/** In the manner of kube-state-metrics; every series also has `member_cluster`. */
const FAMILIES: readonly Family[] = [
  {
    name: 'karmada_cluster_info',
    help: 'Always 1; the labels say what Karmada knows of a member cluster. cluster_id is the UID of its kube-system namespace.',
    samples: (cluster) => [
      [
        {
          cluster_id: cluster.id,
          sync_mode: cluster.syncMode,
          kubernetes_version: cluster.kubernetesVersion,
        },
        1,
      ],
    ],
  },
  {
    name: 'karmada_cluster_status_condition',
    help: 'The condition Ready of a member cluster: 1 for the status it has, 0 for the two it has not.',
    samples: ({ ready }) =>
      (['True', 'False', 'Unknown'] as const).map((status) => [
        { condition: 'Ready', status: status.toLowerCase(), reason: ready.reason },
        ready.status === status ? 1 : 0,
      ]),
  },
  {
    name: 'karmada_cluster_nodes',
    help: 'Nodes of a member cluster. Karmada keeps the last number while it cannot reach the cluster.',
    samples: collected(({ nodes }) => [[{}, nodes.total]]),
  },
  {
    name: 'karmada_cluster_ready_nodes',
    help: 'Ready nodes of a member cluster. Karmada keeps the last number while it cannot reach the cluster.',
    samples: collected(({ nodes }) => [[{}, nodes.ready]]),
  },
  {
    name: 'karmada_cluster_allocatable',
    help: 'Sum over the nodes of what pods may use: cpu in cores, memory in bytes, pods.',
    samples: collected(({ allocatable }) => resourceSamples(allocatable)),
  },
  {
    name: 'karmada_cluster_allocated',
    help: 'Sum of what pods have requested: cpu in cores, memory in bytes, pods.',
    samples: collected(({ allocated }) => resourceSamples(allocated)),
  },
  {
    name: 'karmada_cluster_taint',
    help: 'Always 1: a taint of a member cluster.',
    samples: ({ taints }) => {
      const unique = new Map(taints.map(({ key, effect }) => [`${key} ${effect}`, { key, effect }]));
      return Array.from(unique.values(), (labels) => [labels, 1]);
    },
  },
];

/** The page of member clusters, text format 0.0.4. */
export function clustersPage(clusters: Iterable<ClusterState>): string {
  const all = [...clusters];
  let page = '';
  for (const { name, help, samples } of FAMILIES) {
    page += `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;
    for (const cluster of all)
      for (const [labels, value] of samples(cluster))
        page += `${name}${printLabels({ member_cluster: cluster.name, ...labels })} ${value}\n`;
  }
  return page;
}

/**
 * Karmada collects version, nodes and resources together. Where it never did, there is no version, and its
 * numbers are not zero but unknown: no series.
 */
function collected(samples: Family['samples']): Family['samples'] {
  return (cluster) => (cluster.kubernetesVersion === '' ? [] : samples(cluster));
}

function resourceSamples({ cpuCores, memoryBytes, pods }: ClusterState['allocatable']): Sample[] {
  return [
    [{ resource: 'cpu' }, cpuCores],
    [{ resource: 'memory' }, memoryBytes],
    [{ resource: 'pods' }, pods],
  ];
}

function printLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
