import { expect, test } from 'vitest';
import { KARMADA_OBJECT_SERIES } from '../aggregator/normalize/karmada-families.ts';
import { clustersPage } from '../collector/karmada/clusters-page.ts';

test("the hub reserves exactly what the host's collector makes of Karmada's objects", () => {
  const families = clustersPage([]).matchAll(/^# TYPE (\S+) /gm);
  expect(Array.from(families, ([, name]) => name).toSorted()).toEqual([...KARMADA_OBJECT_SERIES].toSorted());
});
