import { expect, test } from 'vitest';
import { cluster, lost, SIX, viewOf } from '../../test/console-views.ts';
import { regionLosses } from './room.ts';

const rounded = (losses: ReturnType<typeof regionLosses>) =>
  losses.map(
    ({ region, fits, resource, fullAfter }) =>
      `${region} ${fits} by ${resource}: ${Math.round(fullAfter * 100)} %`,
  );

test('regionLosses() names the scarcest resource, the worst region first', async () => {
  expect(rounded(regionLosses(await viewOf({ clusters: SIX })))).toEqual([
    'eu-west-1 fits by CPU: 59 %',
    'ap-southeast-1 fits by CPU: 50 %',
    'us-east-1 fits by CPU: 50 %',
  ]);
});

test('regionLosses() counts nothing of a dead cluster, neither load nor room', async () => {
  const clusters = SIX.map((entry) => (entry.place.region === 'us-east-1' ? lost(entry) : entry));
  expect(rounded(regionLosses(await viewOf({ clusters })))).toEqual([
    'eu-west-1 fits by CPU: 85 %',
    'ap-southeast-1 fits by CPU: 63 %',
  ]);
});

test('regionLosses() says tight and no room', async () => {
  const at = (cpu: number) => [
    cluster({ name: 'a', region: 'r1', provider: 'p', cpu: [cpu, 100] }),
    cluster({ name: 'b', region: 'r2', provider: 'p', cpu: [45, 100] }),
  ];
  expect(regionLosses(await viewOf({ clusters: at(45) }))[0]!.fits).toBe('tight');
  expect(regionLosses(await viewOf({ clusters: at(60) }))[0]!.fits).toBe('no room');
});

test('regionLosses() is empty where there is no other region', async () => {
  expect(regionLosses(await viewOf({ clusters: SIX.slice(0, 2) }))).toEqual([]);
});
