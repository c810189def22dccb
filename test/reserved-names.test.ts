import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { KARMADA_OBJECT_SERIES } from '../aggregator/normalize/karmada-families.ts';
import { HUB_SERIES } from '../aggregator/normalize/reserved-names.ts';
import { clustersPage } from '../collector/karmada/clusters-page.ts';

test("the hub reserves exactly what the host's collector makes of Karmada's objects", () => {
  const families = clustersPage([]).matchAll(/^# TYPE (\S+) /gm);
  expect(Array.from(families, ([, name]) => name).toSorted()).toEqual([...KARMADA_OBJECT_SERIES].toSorted());
});

test('the hub reserves exactly the series of objectives that its SLO engine writes', () => {
  const folder = new URL('../aggregator/slo/', import.meta.url);
  const sources = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const written = sources.flatMap((file) => [
    ...readFileSync(new URL(file, folder), 'utf8').matchAll(/'(slo:[\w:]+)'/g),
  ]);
  const names = new Set(written.map(([, name]) => name!));
  expect([...names].toSorted()).toEqual(HUB_SERIES.filter((name) => name.startsWith('slo:')).toSorted());
});
