import { describe, expect, test } from 'vitest';
import type { ClusterState } from '../../model/cluster.ts';
import { clusterCondition } from './condition.ts';
import type { ClusterEntry } from './registry.ts';

const NOW = Date.parse('2026-11-22T10:24:00Z');
const SECOND = 1_000;
const ago = (seconds: number) => NOW - seconds * SECOND;

function ready(status: 'True' | 'False' | 'Unknown', reason: string, nodes = '12/12'): ClusterState {
  const [readyNodes, total] = nodes.split('/').map(Number);
  return {
    name: 'prod-us-1',
    id: 'id',
    region: 'us-east-1',
    provider: 'gcp',
    zones: [],
    syncMode: 'Push',
    kubernetesVersion: 'v1.36.0',
    createdMs: 0,
    ready: { status, reason, message: '', sinceMs: ago(125) },
    taints: [],
    nodes: { total: total!, ready: readyNodes! },
    allocatable: { cpuCores: 0, memoryBytes: 0, pods: 0 },
    allocated: { cpuCores: 0, memoryBytes: 0, pods: 0 },
  };
}

function entry(change: Partial<ClusterEntry>): ClusterEntry {
  return {
    name: 'prod-us-1',
    role: 'member',
    expected: true,
    place: { region: 'us-east-1', provider: 'gcp' },
    state: ready('True', 'ClusterReady'),
    stateReceivedMs: ago(9),
    replaced: undefined,
    lastSampleReceivedMs: ago(4),
    newestSampleMs: ago(5),
    lastEventReceivedMs: undefined,
    awaitedSinceMs: ago(3_600),
    ...change,
  };
}

const SILENT = { lastSampleReceivedMs: ago(184), newestSampleMs: ago(185) };

describe('clusterCondition()', () => {
  test.each<[string, Partial<ClusterEntry>, string]>([
    ['all is well', {}, 'healthy'],
    ['Karmada says it is not', { state: ready('False', 'ClusterNotReachable') }, 'not ready'],
    [
      'the agent of a pull member fell silent',
      { state: ready('Unknown', 'ClusterStatusUnknown') },
      'not ready',
    ],
    ['it joined and has no condition yet', { state: ready('Unknown', '') }, 'not ready'],
    [
      'Karmada says no and the collector is silent too',
      { ...SILENT, state: ready('False', '') },
      'not ready',
    ],
    ['all nodes are down though Karmada calls it Ready', { state: ready('True', '', '0/12') }, 'nodes down'],
    [
      'all nodes are down, which silences the collector',
      { ...SILENT, state: ready('True', '', '0/12') },
      'nodes down',
    ],
    ['it has no nodes at all', { state: ready('True', '', '0/0') }, 'healthy'],
    ['only its collector is silent', SILENT, 'silent'],
    ['four pushes are missed', { lastSampleReceivedMs: ago(74) }, 'healthy'],
    ['five pushes are missed', { lastSampleReceivedMs: ago(76) }, 'silent'],
    ['it was never heard', { lastSampleReceivedMs: undefined }, 'silent'],
    ['it just joined', { lastSampleReceivedMs: undefined, awaitedSinceMs: ago(20) }, 'unknown'],
    ['the hub just started', { ...SILENT, awaitedSinceMs: ago(20) }, 'unknown'],
    ['it is a sender nobody registered', { role: 'sender', expected: false, state: undefined }, 'healthy'],
    ['such a sender went away', { role: 'sender', expected: false, state: undefined, ...SILENT }, 'unknown'],
    ['the host is heard', { role: 'host', state: undefined }, 'healthy'],
    ['the host is silent', { role: 'host', state: undefined, ...SILENT }, 'silent'],
  ])('when %s', (_, change, expected) => {
    expect(clusterCondition(entry(change), NOW).state).toBe(expected);
  });

  test.each<[string, Partial<ClusterEntry>, string[]]>([
    [
      'a healthy cluster',
      {},
      [
        '+ Karmada says Ready=True (ClusterReady) for 2 min 5 s',
        '+ 12 of 12 nodes ready',
        '+ Last push 4 s ago',
      ],
    ],
    [
      'a lost cluster, whose last numbers are not verified',
      { ...SILENT, state: ready('False', 'ClusterNotReachable') },
      [
        '- Karmada says Ready=False (ClusterNotReachable) for 2 min 5 s',
        '? 12 of 12 nodes were ready, unverified since',
        '- Last push 3 min 4 s ago',
      ],
    ],
    [
      "the word of a host's collector that is silent itself",
      { stateReceivedMs: ago(7_500) },
      [
        '+ Karmada says Ready=True (ClusterReady) for 2 min 5 s',
        "? Karmada's word is 2 h 5 min old: the host's collector is not heard",
        '+ 12 of 12 nodes ready',
        '+ Last push 4 s ago',
      ],
    ],
    [
      'a queue that drains',
      { newestSampleMs: ago(40 * 60), state: undefined, role: 'host' },
      ['+ Last push 4 s ago', '- Newest sample is 40 min old'],
    ],
    [
      'a cluster that was never heard',
      {
        lastSampleReceivedMs: undefined,
        newestSampleMs: undefined,
        state: undefined,
        awaitedSinceMs: ago(76),
      },
      ['? Karmada has told the hub nothing of this cluster', '- No sample has come, awaited for 1 min 16 s'],
    ],
    [
      'a cluster under the name of another',
      { replaced: { previousId: 'abc', atMs: ago(60) }, state: undefined, role: 'host' },
      ['+ Last push 4 s ago', '? Another cluster went by this name before (id abc)'],
    ],
  ])('has evidence of %s', (_, change, expected) => {
    const { evidence } = clusterCondition(entry(change), NOW);
    const mark = (ok: boolean | undefined) => (ok === undefined ? '?' : ok ? '+' : '-');
    expect(evidence.map(({ ok, text }) => `${mark(ok)} ${text}`)).toEqual(expected);
  });

  test('says since when, and how old the data is', () => {
    const lost = clusterCondition(entry({ state: ready('False', '') }), NOW);
    expect(lost).toMatchObject({ sinceMs: ago(125), dataAgeMs: 4 * SECOND });
    expect(clusterCondition(entry(SILENT), NOW)).toMatchObject({
      sinceMs: ago(184),
      dataAgeMs: 184 * SECOND,
    });
  });
});
