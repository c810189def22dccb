import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { loadRuleFile } from '../aggregator/rules/rule-file.ts';
import { program } from '../test/shared.ts';

const folder = import.meta.dirname;
const files = (sub: string, ending: string) =>
  readdirSync(join(folder, sub))
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, sub, name));

const alerts = files('rules', '.yaml')
  .flatMap(loadRuleFile)
  .flatMap(({ rules }) => rules)
  .filter((rule) => rule.type === 'alerting');
const runbooks = files('runbooks', '.md');

test('every alert has a runbook and every runbook an alert', () => {
  expect(runbooks.map((file) => basename(file, '.md')).toSorted()).toEqual(
    alerts.map(({ name }) => name).toSorted(),
  );
});

test.each(alerts.map((alert) => [alert.name, alert] as const))(
  '%s says what, where and what to do',
  (name, alert) => {
    expect(Object.keys(alert.annotations).toSorted()).toEqual(['description', 'runbook_url', 'summary']);
    expect(alert.annotations['runbook_url']).toBe(`{{ $externalURL }}/runbooks/${name}`);
    expect(alert.annotations['summary']).not.toContain('{{');
    expect(alert.labels['severity']).toMatch(/^(critical|warning|info)$/);
  },
);

test.each(alerts.map(({ name, expression }) => [name, expression]))(
  '%s keeps the federation and the cluster or region in every aggregation',
  (_, expression) => {
    const groupings = [...expression.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].map(([, labels]) =>
      labels!.split(/,\s*/),
    );
    expect(groupings.length).toBeGreaterThan(0);
    for (const labels of groupings) {
      expect(labels).toContain('federation');
      expect(labels.some((label) => label === 'cluster' || label === 'region')).toBe(true);
    }
    expect(expression).not.toMatch(/\babsent\(/);
  },
);

test.each(runbooks.map((file) => [basename(file), file]))('%s has the four parts, in order', (name, file) => {
  const headings = [...readFileSync(file, 'utf8').matchAll(/^(#+ .*)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual([
    `# ${basename(name, '.md')}`,
    '## Meaning',
    '## Impact',
    '## Diagnosis',
    '## Mitigation',
  ]);
});

const promtool = program('promtool');
test.skipIf(!promtool)(
  `promtool${promtool ? '' : ' (not installed: skipped)'} agrees with the rules and their tests`,
  () => {
    for (const args of [
      ['check', 'rules', ...files('rules', '.yaml')],
      ['test', 'rules', ...files('tests', '.yaml')],
    ]) {
      expect(
        execFileSync(promtool!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
      ).toContain('SUCCESS');
    }
  },
);
