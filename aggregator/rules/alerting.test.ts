import { expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { type Alert, alertSeries, needsSending, nextAlerts } from './alerting.ts';

const MINUTE = 60_000;
const sample = { labels: Labels.fromObject({ alertname: 'A', cluster: 'c' }), annotations: {}, value: 1 };

/**
 * States of one alert, a letter a minute from minute 0 (`.` none, p pending, F firing, r resolved), for the
 * minutes at which its expression gives a sample (`x`) or not (`_`).
 */
function run(rule: { forMs: number; keepFiringForMs: number }, input: string): string {
  let alerts: ReadonlyMap<string, Alert> = new Map();
  let states = '';
  for (let minute = 0; minute < input.length; minute++) {
    alerts = nextAlerts(alerts, input[minute] === 'x' ? [sample] : [], rule, minute * MINUTE);
    const state = alerts.get(sample.labels.key)?.state;
    states += state === undefined ? '.' : { pending: 'p', firing: 'F', inactive: 'r' }[state];
  }
  return states;
}

test.each([
  ['fires at once without `for`', 0, 0, '_xx_', '.FFr'],
  ['waits for `for`, and not longer', 5, 0, '__xxxxxxx_', '..pppppFFr'],
  ['forgets a pending one that ends, and begins anew', 3, 0, 'xx_xxxx', 'pp.pppF'],
  ['is held by keep_firing_for', 5, 3, '__xxxxxxxx______', '..pppppFFFFFFrrr'],
  ['is not new while it is held', 2, 3, 'xxx_x___xx', 'ppFFFFFFFF'],
  ['begins anew after it has resolved', 2, 0, 'xxx_xxx', 'ppFrppF'],
  ['is kept for 15 minutes after it has resolved', 0, 0, `x${'_'.repeat(18)}`, `F${'r'.repeat(16)}..`],
])('an alert %s', (_, forMinutes, keepMinutes, input, expected) => {
  expect(run({ forMs: forMinutes * MINUTE, keepFiringForMs: keepMinutes * MINUTE }, input)).toBe(expected);
});

test('a longer `for` after a reload makes a young firing alert pending again', () => {
  const firing = nextAlerts(new Map(), [sample], { forMs: 0, keepFiringForMs: 0 }, 0);
  const after = nextAlerts(firing, [sample], { forMs: 5 * MINUTE, keepFiringForMs: 0 }, MINUTE);
  expect([...after.values()][0]).toMatchObject({ state: 'pending', activeAtMs: 0 });
});

test('an alert is sent when it fires, after more than the resend delay, and when it resolves', () => {
  const rule = { forMs: 0, keepFiringForMs: 0 };
  let alerts = nextAlerts(new Map(), [sample], rule, 0);
  const sentAt: number[] = [];
  for (let seconds = 0; seconds <= 300; seconds += 15) {
    alerts = nextAlerts(alerts, seconds < 200 ? [sample] : [], rule, seconds * 1000);
    for (const [key, alert] of alerts) {
      if (!needsSending(alert, seconds * 1000, MINUTE)) continue;
      sentAt.push(seconds);
      alerts.set(key, { ...alert, lastSentAtMs: seconds * 1000 });
    }
  }
  // Prometheus resends when the delay is strictly exceeded: with slots of 15 s every 75 s.
  expect(sentAt).toEqual([0, 75, 150, 210, 285]);
});

test('active alerts are the series ALERTS and ALERTS_FOR_STATE', () => {
  const alerts = nextAlerts(new Map(), [sample], { forMs: MINUTE, keepFiringForMs: 0 }, 90_500);
  expect(alertSeries(alerts.values()).map(({ labels, value }) => `${labels} ${value}`)).toEqual([
    '{__name__="ALERTS", alertname="A", alertstate="pending", cluster="c"} 1',
    '{__name__="ALERTS_FOR_STATE", alertname="A", cluster="c"} 90',
  ]);
});
