import { expect, test } from 'vitest';
import { regionDown } from '../../test/console-views.ts';
import { narrow } from './filter.ts';

test.each([
  ['', 7],
  ['  ', 7],
  ['prod-eu', 2],
  ['region=eu-*', 3],
  ['region=eu-* state=down', 0],
  ['state=down,silent', 2],
  ['provider=gcp', 2],
  ['mode=pull', 1],
  ['cluster=prod-*-1', 3],
  ['cluster=*', 7],
  ['cluster=prod', 0],
  ['AZURE', 2],
  ['nonsense=x', 0],
])('narrow() by "%s" leaves %i clusters', async (query, count) => {
  expect(narrow(await regionDown(), query).clusters.length).toBe(count);
});

test('narrow() keeps what concerns the clusters left: their alerts, those of their region, their events', async () => {
  const narrowed = narrow(await regionDown(), 'cluster=prod-us-1');
  expect(narrowed.regions.map(({ name }) => name)).toEqual(['us-east-1']);
  expect(narrowed.alerts.map(({ name }) => name)).toEqual(['KarmadaRegionDown', 'KarmadaClusterNotReady']);
  expect(narrowed.events).toEqual([]);
  expect(narrow(await regionDown(), 'cluster=karmada-host').events.length).toBe(4);
});
