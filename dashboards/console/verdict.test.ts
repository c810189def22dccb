import { describe, expect, test } from 'vitest';
import {
  allWell,
  cluster,
  host,
  hundred,
  lost,
  NOW_MS,
  nothingYet,
  objective,
  regionDown,
  SIX,
  silent,
  viewOf,
} from '../../test/console-views.ts';
import type { FleetView } from './fleet-view.ts';
import { fleetMarkdown } from './markdown.ts';
import { staleVerdict, verdict, verdictText } from './verdict.ts';

function said(view: FleetView): string {
  const { level, lines } = verdict(view, view.timeMs);
  return `${level}: ${verdictText({ level, lines }).replaceAll('\u202f', ' ')}`;
}

const replaced = (name: string, change: (entry: (typeof SIX)[number]) => (typeof SIX)[number]) =>
  SIX.map((entry) => (entry.name === name ? change(entry) : entry));

describe('verdict()', () => {
  test('all well, with numbers', async () => {
    expect(said(await allWell())).toBe(
      'ok: All 6 clusters in 3 regions are healthy. No users hurt: 3 of 3 budgets above 50 %. Last change 26 min ago. Any one region can fail and the rest fits.',
    );
    expect(said(await hundred())).toContain('ok: All 100 clusters in 9 regions are healthy.');
  });

  test('a region is down, and whom it hurts', async () => {
    expect(said(await regionDown())).toBe(
      'down: us-east-1 is down since 10:22:11 (3 min): both clusters. Users: Karmada API availability burns 6.2×, budget 71.2 % left.',
    );
  });

  test('a region that Karmada cannot reach, but that reports, has lost its link or its API servers', async () => {
    const cut = (entry: (typeof SIX)[number]) => ({ ...lost(entry), lastSampleReceivedMs: NOW_MS - 2_000 });
    const clusters = SIX.map((entry) => (entry.place.region === 'us-east-1' ? cut(entry) : entry));
    expect(said(await viewOf({ clusters }))).toContain(
      'down: us-east-1 is down since 10:22:32 (2 min 39 s): both clusters; Karmada cannot reach what still reports.',
    );
  });

  test('one cluster of a region is down', async () => {
    const view = await viewOf({ clusters: replaced('prod-us-1', lost), objectives: [objective()] });
    expect(said(view)).toBe(
      'down: prod-us-1 is down since 10:22:11 (3 min). Users: no objective burns, lowest budget 88.1 %.',
    );
  });

  test('silence is blindness, and outranks what is down', async () => {
    expect(said(await silent())).toBe(
      'blind: prod-eu-2 is silent since 10:20:05 (5 min 6 s); Karmada says Ready. Users: no objective burns, lowest budget 88.1 %.',
    );
    const clusters = replaced('prod-us-1', lost).map((entry) =>
      entry.name === 'prod-eu-1' ? { ...entry, lastSampleReceivedMs: NOW_MS - 200_000 } : entry,
    );
    expect(said(await viewOf({ clusters }))).toMatch(/^blind: prod-eu-1 is silent .* prod-us-1 is down/);
  });

  test('users hurt outrank blindness', async () => {
    const clusters = replaced('prod-eu-1', (entry) => ({ ...entry, lastSampleReceivedMs: NOW_MS - 200_000 }));
    const objectives = [objective({ state: 'page', level: 'cluster', labels: { cluster: 'prod-ap-1' } }, 20)];
    expect(said(await viewOf({ clusters, objectives }))).toMatch(
      /^down: prod-eu-1 is silent .* Users: Karmada API availability in prod-ap-1 burns 20\.0×/,
    );
  });

  test('a silent control plane outranks everything, and its old words are not believed', async () => {
    const clusters = [
      ...SIX.map((entry) => ({ ...entry, stateReceivedMs: NOW_MS - 300_000 })),
      host(NOW_MS - 300_000),
    ];
    expect(said(await viewOf({ clusters }))).toMatch(
      /^blind: The control plane, karmada-host, is silent since 10:20:11 \(5 min\)\. Nobody tells us of clusters that come, go or fail\. All 6 clusters are not judged: reports, but Karmada’s word on it is old\./,
    );
  });

  test('one degraded cluster is named with its cause', async () => {
    const clusters = replaced('prod-ap-1', () =>
      cluster({ name: 'prod-ap-1', region: 'ap-southeast-1', provider: 'azure', nodes: [10, 12] }),
    );
    expect(said(await viewOf({ clusters }))).toContain(
      'warn: prod-ap-1 is degraded: 2 of 12 nodes are not ready.',
    );
  });

  test('no room for the next loss is no calm', async () => {
    const clusters = SIX.map(({ name, place: { region, provider } }) =>
      cluster({ name, region, provider, cpu: [40, 46.5] }),
    );
    expect(said(await viewOf({ clusters }))).toMatch(
      /^warn: .* No room if .* fails: CPU would be 129 % full\.$/,
    );
  });

  test('nothing known is said, not guessed', async () => {
    expect(said(await nothingYet())).toBe(
      'none: No cluster of demo is known yet. The first one that pushes, or that Karmada lists, shows here.',
    );
    const view = await viewOf({
      clusters: SIX,
      objectives: [objective({ budgetRemaining: undefined, state: 'no data' })],
    });
    expect(said(view)).toContain('Users: unknown, no objective has data.');
  });

  test('without ages it changes only when its meaning does', async () => {
    const view = await regionDown();
    const meaning = (nowMs: number) => verdictText(verdict(view, nowMs), { ages: false });
    expect(meaning(view.timeMs + 60_000)).toBe(meaning(view.timeMs));
    expect(meaning(view.timeMs)).toContain('us-east-1 is down since 10:22:11: both clusters.');
  });
});

test('staleVerdict() says since when nothing is known', async () => {
  const view = await allWell();
  const { level, lines } = staleVerdict(view, view.timeMs + 48_000);
  expect(level).toBe('blind');
  expect(verdictText({ level, lines }).replaceAll('\u202f', ' ')).toMatch(
    /^The hub has not answered since 10:25:11 \(48 s\)\. What follows was true then\. All 6 clusters/,
  );
});

test('fleetMarkdown() is for a channel: verdict, answers, alerts, address', async () => {
  const text = fleetMarkdown(await regionDown(), 'http://hub.example/').replaceAll('\u202f', ' ');
  expect(text.split('\n')).toEqual([
    '**us-east-1 is down since 10:22:11 (3 min): both clusters. Users: Karmada API availability burns 6.2×, budget 71.2 % left.**',
    '',
    '- Where? **1 of 3 regions** (us-east-1; 4 of 6 ready)',
    '- Real, or are we blind? **Real** (4 of 4 signals say down; 5 of 7 report)',
    '- Are users hurt? **Yes: Karmada API availability, 6.2×** (budget 71.2 % left of 99.9 %)',
    '- What changed? **TaintClusterSucceed** (2 min 39 s ago: Cluster prod-us-1 in karmada-host)',
    '- Failover: working? room? **Room for any region** (if eu-west-1 fails: CPU 85 % full; last eviction 10:23:16)',
    '',
    'Firing (2):',
    '- Region down us-east-1, critical, since 10:23:32',
    '- Cluster not ready prod-us-1, critical, since 10:23:32',
    '',
    'demo at 2026-11-22T10:25:11Z, http://hub.example/',
  ]);
});

test('fleetMarkdown() lets no label become markup', async () => {
  const view = await viewOf({ federation: 'a*b`c<i>[x](http://evil.example)\n# d', clusters: [] });
  expect(fleetMarkdown(view, 'http://hub.example/')).toContain(
    'a\\*b\\`c\\<i\\>\\[x\\](http://evil.example) \\# d',
  );
});
