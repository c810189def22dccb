import { describe, expect, test } from 'vitest';
import {
  alerts,
  cluster,
  event,
  HOSTILE,
  host,
  lost,
  NOW_MS,
  SIX,
  viewOf,
} from '../../test/console-views.ts';
import type { ClusterEntry } from '../registry/registry.ts';

const EU_1 = SIX[2]!;

async function told(entry: ClusterEntry, ...others: ClusterEntry[]): Promise<string> {
  const view = await viewOf({ clusters: [entry, ...others] });
  const { state, word, summary, signals, verified } = view.clusters.find(({ name }) => name === entry.name)!;
  const heard = signals.map(({ name, level, text }) => `${name} ${level} ${text}`).join(', ');
  return `${state}/${word}: ${summary} [${heard}]${verified ? '' : ' unverified'}`;
}

describe('a cluster is', () => {
  test('healthy when Karmada and its collector say so', async () => {
    expect(await told(EU_1)).toBe(
      'healthy/Healthy: All signals agree, 72 pods running [Karmada ok Ready, Heartbeat ok on time, Nodes ok 12 of 12 ready]',
    );
  });

  test('down when both have lost it; its numbers are then its last ones', async () => {
    expect(await told(lost(EU_1))).toBe(
      'down/Down: 2 of 2 signals agree: cluster down [Karmada down not reachable, Heartbeat down last, Nodes none was 12 of 12 ready] unverified',
    );
  });

  test('not ready, but not dead, when Karmada alone has lost it', async () => {
    expect(await told({ ...lost(EU_1), lastSampleReceivedMs: NOW_MS - 2_000 })).toBe(
      'down/Not ready: Karmada cannot reach it; its collector reports [Karmada down not reachable, Heartbeat ok on time, Nodes none was 12 of 12 ready] unverified',
    );
  });

  test('down as well when its condition is Unknown, as of a pull member whose agent is gone', async () => {
    const entry = cluster({
      name: 'prod-ap-2',
      region: 'r',
      provider: 'p',
      ready: 'Unknown',
      reason: 'ClusterStatusUnknown',
      heardMs: NOW_MS - 60_000,
    });
    expect(await told(entry)).toContain(
      'down/Down: 2 of 2 signals agree: cluster down [Karmada down status unknown',
    );
  });

  test('silent, and neither down nor well, when its collector alone is gone', async () => {
    expect(await told({ ...EU_1, lastSampleReceivedMs: NOW_MS - 80_000 })).toBe(
      'silent/Silent: Karmada says Ready; its collector is silent [Karmada ok Ready, Heartbeat blind last, Nodes ok 12 of 12 ready]',
    );
  });

  test('healthy, with a late heartbeat, between two and five missed pushes', async () => {
    expect(await told({ ...EU_1, lastSampleReceivedMs: NOW_MS - 40_000 })).toContain(
      'healthy/Healthy: All signals agree, 72 pods running [Karmada ok Ready, Heartbeat stale late',
    );
  });

  test('without living nodes while Karmada still says Ready', async () => {
    expect(await told(cluster({ name: 'a', region: 'r', provider: 'p', nodes: [0, 12] }))).toContain(
      'nodes down/Nodes down: Karmada says Ready, but no node is [Karmada ok Ready, Heartbeat ok on time, Nodes warn 0 of 12 ready]',
    );
  });

  test('degraded below nine tenths of its nodes', async () => {
    const withNodes = (ready: number) =>
      cluster({ name: 'a', region: 'r', provider: 'p', nodes: [ready, 20] });
    expect(await told(withNodes(18))).toContain('healthy/Healthy');
    expect(await told(withNodes(17))).toContain('degraded/Nodes down: 3 of 20 nodes are not ready');
  });

  test('not judged by an old word of Karmada, whatever it said', async () => {
    const old = { stateReceivedMs: NOW_MS - 100_000 };
    expect(await told({ ...EU_1, ...old })).toBe(
      'unknown/Not judged: Reports, but Karmada’s word on it is old [Karmada blind last word, Heartbeat ok on time, Nodes none was 12 of 12 ready] unverified',
    );
    expect(await told({ ...lost(EU_1), ...old })).toContain(
      'silent/Silent: Silent, and so is Karmada about it',
    );
  });

  test('waited for until its first sample', async () => {
    const entry = { ...EU_1, lastSampleReceivedMs: undefined, awaitedSinceMs: NOW_MS - 5_000 };
    expect(await told(entry)).toContain(
      'unknown/Waiting: Nothing has come of it yet [Karmada ok Ready, Heartbeat blind none yet',
    );
  });

  test('the host when it runs the control plane: it is judged by its collector and shows the list of members', async () => {
    expect(await told(host(), EU_1)).toBe(
      'healthy/Healthy: Control plane reports [Karmada ok lists 1 cluster, Heartbeat ok on time] unverified',
    );
    expect(await told(host(NOW_MS - 80_000), EU_1)).toContain('silent/Silent: Its collector is silent');
  });

  test('degraded by an alert about it, but not by one that only repeats its condition', async () => {
    const state = async (name: string) => {
      const rules = alerts({
        name,
        labels: { cluster: 'prod-eu-1', severity: 'warning' },
        since: '10:20:00',
        summary: 'It cannot scrape.',
      });
      const view = await viewOf({ clusters: SIX, rules });
      const { state, word, summary } = view.clusters.find((other) => other.name === 'prod-eu-1')!;
      return `${state}/${word}: ${summary}`;
    };
    expect(await state('KarmascopeScrapeFailing')).toBe('degraded/Scrape failing: It cannot scrape.');
    expect(await state('KarmadaClusterNotReady')).toContain('healthy/Healthy');
  });
});

test('a region is down when no member of it is ready; the host in it does not hold it up', async () => {
  const clusters = [
    ...SIX.map((entry) => (entry.place.region === 'eu-west-1' ? lost(entry) : entry)),
    host(),
  ];
  const { regions } = await viewOf({ clusters });
  expect(regions.map(({ name, state, ready, members }) => `${name} ${state} ${ready}/${members}`)).toEqual([
    'ap-southeast-1 healthy 2/2',
    'eu-west-1 down 0/2',
    'us-east-1 healthy 2/2',
  ]);
});

test('a region with one of its members down is degraded', async () => {
  const clusters = SIX.map((entry) => (entry.name === 'prod-eu-1' ? lost(entry) : entry));
  const { regions } = await viewOf({ clusters });
  expect(regions[1]).toMatchObject({ name: 'eu-west-1', state: 'degraded', ready: 1, members: 2 });
});

test('alerts stand by severity, wider before narrower, newer before older; pending ones last', async () => {
  const rules = alerts(
    { name: 'A', labels: { severity: 'warning', cluster: 'x' }, since: '10:24:00' },
    { name: 'B', labels: { severity: 'critical', cluster: 'x' }, since: '10:23:00' },
    { name: 'C', labels: { severity: 'critical', region: 'r' }, since: '10:22:00' },
    { name: 'D', labels: { severity: 'critical', cluster: 'x' }, since: '10:24:00', state: 'pending' },
    { name: 'E', labels: { severity: 'critical', cluster: 'y' }, since: '10:24:00' },
    { name: 'F', labels: {}, since: '10:25:00' },
  );
  const view = await viewOf({ clusters: SIX, rules });
  expect(view.alerts.map(({ name }) => name).join('')).toBe('CEBAFD');
});

test('a runbook of this hub is linked by its path, another only by http', async () => {
  const runbook = async (url: string) => {
    const [group] = alerts({ name: 'A', labels: {}, since: '10:24:00' });
    const [rule] = group!.rules as unknown as { alerts: { annotations: Record<string, string> }[] }[];
    rule!.alerts[0]!.annotations = { runbook_url: url };
    return (await viewOf({ clusters: SIX, rules: [group!] })).alerts[0]!.runbook;
  };
  expect(await runbook('http://hub.example:9390/runbooks/KarmadaRegionDown')).toBe(
    '/runbooks/KarmadaRegionDown',
  );
  expect(await runbook('https://wiki.example/x?y')).toBe('https://wiki.example/x?y');
  expect(await runbook('javascript:alert(1)')).toBeUndefined();
  expect(await runbook('')).toBeUndefined();
});

test('text of other people carries nothing unseen, and long messages are cut', async () => {
  const events = [
    event('10:24:00', { message: `line\nfeed \u0000\u202e${'x'.repeat(5_000)}`, cluster: HOSTILE }),
  ];
  const view = await viewOf({ federation: 'a\u2066b', clusters: SIX, events });
  expect(view.federation).toBe('a\ufffdb');
  expect(view.events[0]!.message).toMatch(/^line feed \ufffd\ufffdx{200,300}…$/);
  expect(JSON.stringify(view)).not.toContain('\u202e');
});
