import { describe, expect, test } from 'vitest';
import { defaultSimulatorOptions, memberSpecs, type WorkloadSpec, workloadSpecs } from './topology.ts';
import { place, placementText, replacements, type Workload } from './workload.ts';

const spec = (scheduling: WorkloadSpec['scheduling'], replicas: number): WorkloadSpec => ({
  namespace: 'shop',
  name: 'web',
  scheduling,
  replicas,
  clusters: ['a', 'b', 'c'],
  requestsPerSecond: 1,
  latencyMedianS: 0.01,
  errorShare: 0,
});

const placed = (scheduling: WorkloadSpec['scheduling'], placement: Record<string, number>): Workload => ({
  spec: spec(scheduling, 5),
  templateUid: 't',
  bindingUid: 'b',
  generation: 1,
  placement: new Map(Object.entries(placement)),
  leftBehind: new Set(),
});

describe('place()', () => {
  test('gives each cluster all replicas of a duplicated workload', () => {
    expect(placementText(place(spec('Duplicated', 2), ['a', 'b']))).toBe('{a:2, b:2}');
  });
  test('spreads a divided one as evenly as it can', () => {
    expect(placementText(place(spec('Divided', 5), ['a', 'b', 'c']))).toBe('{a:2, b:2, c:1}');
    expect(placementText(place(spec('Divided', 2), ['a', 'b', 'c']))).toBe('{a:1, b:1}');
  });
});

describe('replacements()', () => {
  test('sends the replicas of a lost cluster to the ready ones it runs in', () => {
    const workload = placed('Divided', { a: 3, b: 1, c: 1 });
    expect(placementText(replacements(workload, 'a', ['b', 'c', 'd']))).toBe('{b:2, c:1}');
    expect(placementText(replacements(workload, 'a', ['c', 'd']))).toBe('{c:3}');
  });
  test('takes any ready cluster when it runs in none, and nothing when there is none', () => {
    expect(placementText(replacements(placed('Divided', { a: 3 }), 'a', ['d']))).toBe('{d:3}');
    expect(replacements(placed('Divided', { a: 3 }), 'a', []).size).toBe(0);
  });
  test('replaces nothing of a duplicated workload', () => {
    expect(replacements(placed('Duplicated', { a: 2, b: 2 }), 'a', ['b', 'c']).size).toBe(0);
  });
});

test('the default federation is the one the documentation names', () => {
  const members = memberSpecs(defaultSimulatorOptions);
  const lines = members.map(
    ({ name, region, provider, syncMode }) => `${name} ${region} ${provider} ${syncMode}`,
  );
  expect(lines).toEqual([
    'prod-eu-1 eu-west-1 aws Push',
    'prod-eu-2 eu-west-1 aws Push',
    'prod-us-1 us-east-1 gcp Push',
    'prod-us-2 us-east-1 gcp Push',
    'prod-ap-1 ap-southeast-1 azure Push',
    'prod-ap-2 ap-southeast-1 azure Pull',
  ]);
});

test('workloads have names of their own, also when there are more than names', () => {
  const size = { ...defaultSimulatorOptions, workloads: 130 };
  const names = workloadSpecs(size, memberSpecs(size)).map(({ namespace, name }) => `${namespace}/${name}`);
  expect(new Set(names).size).toBe(130);
});

test('the same seed makes the same workloads, another seed others', () => {
  const of = (seed: number) => {
    const size = { ...defaultSimulatorOptions, seed };
    return workloadSpecs(size, memberSpecs(size));
  };
  expect(of(7)).toEqual(of(7));
  expect(of(7)).not.toEqual(of(8));
});
