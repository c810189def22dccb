import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { isStale } from '../../model/sample.ts';
import { ManualClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import type { Appender, VectorSample } from '../engine/engine.ts';
import type { DueAlert } from './group.ts';
import { latestSlot, nextSlot, RuleManager, slotOffset } from './manager.ts';
import { parseRuleFile } from './rule-file.ts';
import type { AlertingRuleView } from './view.ts';

/** Keeps what is written as readable lines, and answers queries from a table. */
function fixture() {
  const clock = new ManualClock(1_000_000_000);
  const lines: string[] = [];
  const sent: DueAlert[][] = [];
  const names: Labels[] = [];
  const answers = new Map<string, VectorSample[] | Error>();
  const appender: Appender = {
    ref: (labels) => names.push(labels) - 1,
    append: async ({ series, values, length }) => {
      for (let i = 0; i < length; i++)
        lines.push(`${names[series[i]!]} ${isStale(values, i) ? 'stale' : values[i]}`);
      return {
        appended: length,
        rejected: { duplicate_timestamp: 0, too_old: 0, too_far_in_future: 0 },
        firstRejection: undefined,
      };
    },
    setMetadata: () => {},
  };
  const manager = new RuleManager({
    query: async (expression, timeMs) => {
      const answer = answers.get(expression) ?? [];
      if (answer instanceof Error) throw answer;
      return answer.map((sample) => ({ ...sample, timestampMs: timeMs }));
    },
    appender,
    notify: (alerts) => sent.push([...alerts]),
    externalLabels: { federation: 'prod' },
    externalUrl: 'http://hub',
    intervalMs: 15_000,
    clock,
    logger: createLogger('silent'),
    registry: new Registry(),
  });
  const give = (expression: string, ...labels: Record<string, string>[]) =>
    answers.set(
      expression,
      labels.map((set) => ({ labels: Labels.fromObject(set), timestampMs: 0, value: 7 })),
    );
  return { clock, lines, sent, answers, manager, give, take: () => lines.splice(0) };
}

let it: ReturnType<typeof fixture>;
beforeEach(() => {
  it = fixture();
});
afterEach(() => it.manager.stop());

const rules = (text: string, file = 'f.yaml') => parseRuleFile(file, `groups:\n- name: g\n  rules:\n${text}`);

test('slots are a fixed grid, shifted by the group', () => {
  expect(slotOffset('f.yaml;g', 15_000)).toBe(slotOffset('f.yaml;g', 15_000));
  expect(latestSlot(100, 15, 4)).toBe(94);
  expect(nextSlot(94, 15, 4)).toBe(109);
  expect(nextSlot(93, 15, 4)).toBe(94);
});

test('a recording rule writes its series under its own name and labels, and ends those that vanish', async () => {
  it.give('up', { __name__: 'up', cluster: 'a', tier: 'x' }, { __name__: 'up', cluster: 'b' });
  await it.manager.load(rules('  - record: r\n    expr: up\n    labels: { tier: one }\n'));
  await it.clock.advance(15_000);
  expect(it.take()).toEqual([
    '{__name__="r", cluster="a", tier="one"} 7',
    '{__name__="r", cluster="b", tier="one"} 7',
  ]);
  it.give('up', { __name__: 'up', cluster: 'b' });
  await it.clock.advance(15_000);
  expect(it.take()).toEqual([
    '{__name__="r", cluster="b", tier="one"} 7',
    '{__name__="r", cluster="a", tier="one"} stale',
  ]);
  await it.clock.advance(15_000);
  expect(it.take()).toEqual(['{__name__="r", cluster="b", tier="one"} 7']);
});

test('a failing rule says why, ends nothing, and does not stop the others', async () => {
  it.answers.set('bad', new Error('many-to-many matching not allowed'));
  it.give('up', { cluster: 'a' });
  await it.manager.load(rules('  - record: one\n    expr: bad\n  - record: two\n    expr: up\n'));
  await it.clock.advance(15_000);
  expect(it.take()).toEqual(['{__name__="two", cluster="a"} 7']);
  expect(
    it.manager.groups()[0]!.rules.map(({ name, health, lastError }) => [name, health, lastError]),
  ).toEqual([
    ['one', 'err', 'many-to-many matching not allowed'],
    ['two', 'ok', ''],
  ]);
});

test('an alert goes from pending to firing to resolved, in series, view and what is sent', async () => {
  it.give('down', { __name__: 'x', cluster: 'a' });
  await it.manager.load(
    rules(
      '  - alert: Down\n    expr: down\n    for: 15s\n    annotations: { summary: "{{ $labels.cluster }} {{ $value }}" }\n',
    ),
  );
  await it.clock.advance(15_000);
  expect(it.sent).toEqual([]);
  expect(it.manager.groups()[0]!.rules[0]).toMatchObject({
    state: 'pending',
    alerts: [{ annotations: { summary: 'a 7' } }],
  });
  await it.clock.advance(15_000);
  expect(it.take().filter((line) => line.includes('"ALERTS"'))).toEqual([
    '{__name__="ALERTS", alertname="Down", alertstate="pending", cluster="a"} 1',
    '{__name__="ALERTS", alertname="Down", alertstate="firing", cluster="a"} 1',
    '{__name__="ALERTS", alertname="Down", alertstate="pending", cluster="a"} stale',
  ]);
  const [firing] = it.sent.splice(0).flat();
  expect(firing!.labels.toObject()).toEqual({ alertname: 'Down', cluster: 'a' });
  expect(firing!.endsAtMs - firing!.startsAtMs).toBe(4 * 60_000);
  it.give('down');
  await it.clock.advance(15_000);
  const [resolved] = it.sent.splice(0).flat();
  expect(resolved!.startsAtMs).toBe(firing!.startsAtMs);
  expect(resolved!.endsAtMs).toBe(firing!.startsAtMs + 15_000);
  expect(it.manager.groups()[0]!.rules[0]).toMatchObject({ state: 'inactive', alerts: [] });
});

test('a reload keeps alerts of changed groups, ends series of rules and groups that are gone', async () => {
  it.give('down', { cluster: 'a' });
  it.give('up', { cluster: 'a' });
  const alert = '  - alert: Down\n    expr: down\n    for: 1m\n';
  await it.manager.load([
    ...rules(`${alert}  - record: r\n    expr: up\n`),
    ...rules('  - record: gone\n    expr: up\n', 'g.yaml'),
  ]);
  await it.clock.advance(15_000);
  const activeAtMs = () => (it.manager.groups()[0]!.rules[0] as AlertingRuleView).alerts[0]?.activeAtMs;
  const before = activeAtMs();
  expect(before).toBeDefined();
  it.take();
  await it.manager.load(rules(`${alert}    annotations: { summary: new }\n`));
  expect(it.take()).toEqual(['{__name__="gone", cluster="a"} stale']);
  await it.clock.advance(15_000);
  expect(it.take()).toContain('{__name__="r", cluster="a"} stale');
  expect(activeAtMs()).toBe(before);
});

test('a limit that is exceeded fails the rule and clears its alerts', async () => {
  it.give('down', { cluster: 'a' }, { cluster: 'b' });
  await it.manager.load(
    parseRuleFile('f.yaml', 'groups:\n- name: g\n  limit: 1\n  rules:\n  - alert: Down\n    expr: down\n'),
  );
  await it.clock.advance(15_000);
  expect(it.sent).toEqual([]);
  expect(it.manager.groups()[0]!.rules[0]).toMatchObject({
    alerts: [],
    lastError: 'exceeded limit of 1 with 2 alerts',
  });
});
