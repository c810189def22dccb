import { expect, test } from 'vitest';
import {
  allWell,
  cluster,
  event,
  lost,
  NOW_MS,
  nothingYet,
  objective,
  SIX,
  silent,
  viewOf,
} from '../../test/console-views.ts';
import type { FleetView } from './fleet-view.ts';
import { fiveAnswers } from './questions.ts';

const answers = (view: FleetView) =>
  fiveAnswers(view, view.timeMs).map(({ short, level, answer, detail }) =>
    `${short} [${level}] ${answer}; ${detail}`.replaceAll('\u202f', ' '),
  );

const answer = async (short: string, fleet: Parameters<typeof viewOf>[0]) =>
  answers(await viewOf(fleet)).find((text) => text.startsWith(short));

test('all five are answered on a calm day', async () => {
  expect(answers(await allWell())).toEqual([
    'Where? [ok] Nowhere; 6 of 6 ready',
    'Real? [ok] Real; 7 of 7 report; oldest data 4 s',
    'Users? [ok] No; lowest budget 88.1 %, highest burn 0.4×',
    'Changed? [change] ScalingReplicaSet; 26 min ago: Deployment shop/web in prod-us-1',
    'Failover? [ok] Room for any region; if eu-west-1 fails: CPU 59 % full',
  ]);
});

test('with nothing known they say so', async () => {
  expect(answers(await nothingYet())).toEqual([
    'Where? [none] Nothing yet; no cluster is known',
    'Real? [none] Nothing yet; no cluster reports',
    'Users? [none] Not measured; no objective has data yet',
    'Changed? [none] Nothing seen; no event has come yet',
    'Failover? [none] Unknown; no cluster’s capacity is known',
  ]);
});

test('a silent cluster makes us blind, which is not down', async () => {
  const [where, real] = answers(await silent());
  expect(where).toBe('Where? [blind] prod-eu-2; only it, in eu-west-1; 6 of 6 ready');
  expect(real).toBe('Real? [blind] Blind: prod-eu-2; 6 of 7 report; oldest data 4 s');
});

test('signals that disagree are said to', async () => {
  const clusters = SIX.map((entry) =>
    entry.name === 'prod-eu-1' ? { ...lost(entry), lastSampleReceivedMs: NOW_MS - 1_000 } : entry,
  );
  expect(await answer('Real?', { clusters })).toBe(
    'Real? [warn] Signals disagree; 1 of 2 signals say down; 6 of 6 report',
  );
});

test('trouble in every region is everywhere: the control plane or the network', async () => {
  const clusters = SIX.map((entry) => (entry.name.endsWith('1') ? lost(entry) : entry));
  expect(await answer('Where?', { clusters })).toBe(
    'Where? [down] Everywhere; 3 clusters in all 3 regions; 3 of 6 ready',
  );
});

test('an objective that pages hurts users, one that only burns will', async () => {
  const state = (state: 'page' | 'ticket') =>
    answer('Users?', { clusters: SIX, objectives: [objective({ state }, 3)] });
  expect(await state('page')).toBe(
    'Users? [down] Yes: Karmada API availability, 3.0×; budget 88.1 % left of 99.9 %',
  );
  expect(await state('ticket')).toBe(
    'Users? [warn] Soon: Karmada API availability, 3.0×; budget 88.1 % left of 99.9 %',
  );
});

test('the change named is the last one before the trouble, not what the trouble set off', async () => {
  const clusters = SIX.map((entry) => (entry.name === 'prod-us-1' ? lost(entry) : entry));
  const scaled = (time: string, name: string) =>
    event(time, { reason: 'ScalingReplicaSet', object: { kind: 'Deployment', name } });
  expect(
    await answer('Changed?', {
      clusters,
      events: [scaled('10:23:30', 'after'), scaled('10:20:11', 'cause')],
    }),
  ).toBe('Changed? [change] ScalingReplicaSet; 2 min before: Deployment shop/cause in prod-eu-1');
  expect(await answer('Changed?', { clusters, events: [scaled('10:23:30', 'after')] })).toBe(
    'Changed? [change] ScalingReplicaSet; 1 min 41 s ago: Deployment shop/after in prod-eu-1',
  );
});

test('failover has nowhere to go with one region, and no room when the rest is full', async () => {
  expect(await answer('Failover?', { clusters: SIX.slice(0, 2) })).toContain('[warn] Nowhere to go');
  const full = SIX.map(({ name, place: { region, provider } }) =>
    cluster({ name, region, provider, cpu: [40, 46] }),
  );
  expect(await answer('Failover?', { clusters: full })).toContain('[down] No room; if');
});
