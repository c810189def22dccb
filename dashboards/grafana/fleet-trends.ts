import { linesPanel, timelinePanel } from './kit.ts';
import { fleetQueries as q, SILENT_AFTER_SECONDS } from './queries.ts';

export function users() {
  return [
    linesPanel(
      {
        title: 'Error budget left',
        description:
          'What is left of each objective’s budget over its period, for every level it is measured at. One is untouched, zero is spent.',
        unit: 'percentunit',
        noValue: 'No data: no objective has been measured yet',
      },
      [{ expr: q.budgetLeft, legend: '{{slo}} {{level}} {{region}} {{cluster}}' }],
      {
        min: null,
        steps: [
          [null, 'red'],
          [0.1, 'text'],
        ],
      },
    ),
    linesPanel(
      {
        title: 'Burn rate',
        description:
          'How fast budget is spent, over one hour: 1 uses up exactly the budget over the period, 10 uses it ten times as fast.',
        unit: 'short',
        noValue: 'No data: no objective has been measured yet',
      },
      [{ expr: q.burnRate, legend: '{{slo}} {{level}} {{region}} {{cluster}}' }],
      {
        steps: [
          [null, 'text'],
          [1, 'orange'],
        ],
      },
    ),
    linesPanel(
      {
        title: 'API server errors by cluster',
        description:
          'Share of API requests answered with a 5xx code. The host’s line is Karmada’s own API server.',
        unit: 'percentunit',
        noValue: 'No data: no API server served requests in this range',
      },
      [{ expr: q.apiErrors, legend: '{{cluster}}' }],
      {
        steps: [
          [null, 'text'],
          [0.01, 'orange'],
          [0.05, 'red'],
        ],
      },
    ),
    linesPanel(
      {
        title: 'API server duration p99 by cluster',
        description:
          '99 of 100 API requests were faster; watches and connects are left out because they last by design.',
        unit: 's',
        noValue: 'No data: no API server served requests in this range',
      },
      [{ expr: q.apiDuration, legend: '{{cluster}}' }],
    ),
  ];
}

export function changing() {
  return [
    linesPanel(
      {
        title: 'Firing alerts',
        description: 'Alerts that fire, by name and by the cluster or region they are about.',
        unit: 'short',
        noValue: 'Nothing fired in this range',
      },
      [{ expr: q.firingAlerts, legend: '{{alertname}} {{region}} {{cluster}}' }],
    ),
    linesPanel(
      {
        title: 'Warning events by cluster and reason',
        description: 'The ten most frequent reasons of Kubernetes events of type Warning.',
        unit: 'short',
        noValue: 'No warning event in this range',
      },
      [{ expr: q.warningEvents, legend: '{{cluster}} {{reason}}' }],
    ),
  ];
}

export function failover() {
  return [
    linesPanel(
      {
        title: 'Free CPU by region',
        description:
          'Cores that can still be requested in members that are Ready. A region that is down contributes nothing.',
        unit: 'short',
        noValue: 'No data: no member is Ready',
      },
      [{ expr: q.cpuRoom, legend: '{{region}}' }],
    ),
    linesPanel(
      {
        title: 'Free memory by region',
        description: 'Memory that can still be requested in members that are Ready.',
        unit: 'bytes',
        noValue: 'No data: no member is Ready',
      },
      [{ expr: q.memoryRoom, legend: '{{region}}' }],
    ),
    linesPanel(
      {
        title: 'Scheduling attempts by result',
        description:
          'Karmada’s scheduler: attempts per second. A binding that fits nowhere counts as scheduled here; its event ScheduleBindingFailed tells.',
        unit: 'ops',
        noValue: 'No data: Karmada’s scheduler is not scraped',
      },
      [{ expr: q.schedulingAttempts, legend: '{{result}}' }],
      { width: 8 },
    ),
    linesPanel(
      {
        title: 'Eviction queue',
        description:
          'Bindings waiting to be evicted from a lost member. The series exists only after the first eviction.',
        unit: 'short',
        noValue: 'No eviction since Karmada’s controllers started',
      },
      [{ expr: q.evictionQueue, legend: '{{name}}' }],
      { width: 8 },
    ),
    linesPanel(
      {
        title: 'Failed writes to members',
        description: 'Share of works that could not be written to their member cluster.',
        unit: 'percentunit',
        noValue: 'No data: no work was written in this range',
      },
      [{ expr: q.workErrors, legend: '{{cluster}}' }],
      {
        steps: [
          [null, 'text'],
          [0.01, 'orange'],
          [0.05, 'red'],
        ],
        width: 8,
      },
    ),
    timelinePanel(
      {
        title: 'Taints by cluster',
        description:
          'Taints Karmada or a person has put on a member: while one is there, nothing new is placed, or what runs is evicted.',
        unit: 'short',
        noValue: 'No member is tainted',
      },
      { expr: q.taints, legend: '{{cluster}} {{key}}:{{effect}}' },
      { words: { '1': ['Tainted', 'orange'] }, width: 24 },
    ),
  ];
}

export function blind() {
  return [
    linesPanel(
      {
        title: 'Age of data by cluster',
        description: `Time since the hub last received anything from a cluster; above ${SILENT_AFTER_SECONDS} s it counts as silent.`,
        unit: 's',
        noValue: 'No data: the hub has written nothing in this range',
      },
      [{ expr: q.dataAge, legend: '{{cluster}}' }],
      {
        steps: [
          [null, 'text'],
          [SILENT_AFTER_SECONDS, 'red'],
        ],
      },
    ),
    linesPanel(
      {
        title: 'Push queue fill by cluster',
        description:
          'How full each collector’s push queue is. When it is full, the oldest samples are dropped.',
        unit: 'percentunit',
        noValue: 'No data: no collector reports',
      },
      [{ expr: q.queueFill, legend: '{{cluster}}' }],
      {
        steps: [
          [null, 'text'],
          [0.8, 'orange'],
        ],
        max: 1,
      },
    ),
    linesPanel(
      {
        title: 'Samples pushed by outcome',
        description:
          'Samples per second that collectors sent, dropped because the queue was full, or saw refused by the hub.',
        unit: 'cps',
        noValue: 'No data: no collector reports',
      },
      [{ expr: q.pushedSamples, legend: '{{cluster}} {{outcome}}' }],
    ),
    linesPanel(
      {
        title: 'Targets down by job',
        description: 'Scrape targets that do not answer, by cluster and job.',
        unit: 'short',
        noValue: 'Every target answers, or no cluster reports: see the age of data',
      },
      [{ expr: q.downTargets, legend: '{{cluster}} {{job}}' }],
    ),
  ];
}
