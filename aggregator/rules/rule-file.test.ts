import { expect, test } from 'vitest';
import { parseRuleFile } from './rule-file.ts';

const head = 'groups:\n- name: g\n  rules:\n';

test('parseRuleFile() takes groups as Prometheus writes them, the first document only', () => {
  const text = `---
groups:
- name: g
  interval: 30s
  query_offset: 1m
  limit: 5
  labels: { team: sre }
  rules:
  - record: cluster:up:sum
    expr: sum by (cluster) (up)
    labels: { tier: one }
  - alert: Down
    expr: up == 0
    for: 5m
    keep_firing_for: 1m
    annotations: { summary: "{{ $labels.cluster }} is down" }
---
groups: [nonsense]
`;
  expect(parseRuleFile('f.yaml', text)).toEqual([
    {
      file: 'f.yaml',
      name: 'g',
      intervalMs: 30_000,
      queryOffsetMs: 60_000,
      limit: 5,
      labels: { team: 'sre' },
      rules: [
        {
          type: 'recording',
          name: 'cluster:up:sum',
          expression: 'sum by (cluster) (up)',
          labels: { team: 'sre', tier: 'one' },
        },
        {
          type: 'alerting',
          name: 'Down',
          expression: 'up == 0',
          forMs: 300_000,
          keepFiringForMs: 60_000,
          labels: { team: 'sre' },
          annotations: { summary: '{{ $labels.cluster }} is down' },
        },
      ],
    },
  ]);
});

test.each([
  [
    'an expression that does not parse',
    `${head}  - alert: A\n    expr: sum(\n`,
    'f.yaml:5:5: groups[0].rules[0].expr: could not parse expression: ',
  ],
  [
    'a template that does not parse',
    `${head}  - alert: A\n    expr: up\n    annotations: { x: "{{ nosuch }}" }\n`,
    'f.yaml:6:20: groups[0].rules[0].annotations.x: cannot parse template: function "nosuch" not defined',
  ],
  [
    'annotations on a recording',
    `${head}  - record: a\n    expr: up\n    annotations: {}\n`,
    'f.yaml:6:5: groups[0].rules[0].annotations: unknown key',
  ],
  ['both record and alert', `${head}  - record: a\n    alert: b\n    expr: up\n`, 'unknown key'],
  [
    'a name that is no metric name',
    `${head}  - record: "a{b}"\n    expr: up\n`,
    'f.yaml:4:5: groups[0].rules[0].record: is no valid metric name',
  ],
  [
    'the label __name__',
    `${head}  - record: a\n    expr: up\n    labels: { __name__: x }\n`,
    '__name__: is no valid label name',
  ],
  [
    'two groups of one name',
    'groups:\n- name: g\n- name: g\n',
    'f.yaml:3:3: groups[1].name: group name "g" is repeated in this file',
  ],
  [
    'an unknown key',
    `${head}  - alert: A\n    expr: up\n    fro: 5m\n`,
    'f.yaml:6:5: groups[0].rules[0].fro: unknown key; did you mean "for"?',
  ],
])('parseRuleFile() refuses %s', (_, text, problem) => {
  expect(() => parseRuleFile('f.yaml', text)).toThrow(problem);
});
