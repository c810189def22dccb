import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadObjectives, parseObjectives } from './openslo.ts';

const shipped = new URL('../../alerts/slo/karmada-api-availability.yaml', import.meta.url).pathname;
const text = readFileSync(shipped, 'utf8');

test('loadObjectives() reads the shipped file', () => {
  const [objective, ...others] = loadObjectives(shipped);
  expect(others).toEqual([]);
  expect(objective).toMatchObject({
    name: 'karmada-api-availability',
    service: 'karmada-apiserver',
    target: 0.999,
    budget: 0.001,
    windowMs: 28 * 86_400_000,
    good: undefined,
  });
  expect(objective!.bad!.map(String)).toContain('code=~"5.."');
  expect(objective!.total.map(String)).not.toContain('code=~"5.."');
});

test('several documents and several objectives each get a name of their own', () => {
  const second = text
    .replace('name: karmada-api-availability', 'name: other')
    .replace('target: 0.999', 'targetPercent: 99\n    - target: 0.9');
  expect(
    parseObjectives('f.yaml', `${text}\n---\n${second}`).map(({ name, target }) => [name, target]),
  ).toEqual([
    ['karmada-api-availability', 0.999],
    ['other-1', 0.99],
    ['other-2', 0.9],
  ]);
});

test.each([
  [
    'a target of everything',
    ['target: 0.999', 'target: 1'],
    'spec.objectives[0].target: 1 leaves no budget: every single error would break it; write less than 1',
  ],
  [
    'both targets',
    ['target: 0.999', 'target: 0.999\n      targetPercent: 99.9'],
    'needs exactly one of target and targetPercent',
  ],
  [
    'neither good nor bad',
    [/ {8}bad:\n(?: {10}.*\n)+/, ''],
    'spec.indicator.spec.ratioMetric: needs exactly one of good and bad',
  ],
  [
    'a rate as query',
    [
      'query: apiserver_request_total{job="karmada-apiserver",code',
      'query: rate(apiserver_request_total[5m])#',
    ],
    'must be the selector of a counter, without rate() or sum()',
  ],
  ['a calendar month', ['28d', '1M'], '"1M" is a calendar period'],
  [
    'a calendar window',
    ['isRolling: true', 'isRolling: false'],
    'spec.timeWindow[0].isRolling: must be true: calendar windows cannot be evaluated',
  ],
  ['another budgeting method', ['Occurrences', 'Timeslices'], 'spec.budgetingMethod: must be Occurrences'],
  ['another kind', ['kind: SLO', 'kind: SLI'], 'kind: only kind SLO, with its indicator inline, can be read'],
  [
    'an unknown key, where it stands',
    ['  service:', '  servic:'],
    'f.yaml:10:3: spec.servic: unknown key; did you mean "service"?',
  ],
])('parseObjectives() refuses %s', (_, [from, to], problem) => {
  expect(() => parseObjectives('f.yaml', text.replace(from as string, to as string))).toThrow(
    problem as string,
  );
});

test('problems of a later document are reported at its own lines', () => {
  const lines = text.split('\n').length;
  const broken = text.replace('  service:', '  servic:');
  expect(() => parseObjectives('f.yaml', `${text}---\n${broken}`)).toThrow(
    `f.yaml:${lines + 10}:3: spec.servic: unknown key`,
  );
});
