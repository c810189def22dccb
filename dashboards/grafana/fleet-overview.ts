import { ANY_IS_ORANGE, ANY_IS_RED, BUDGET, ERRORS, FULLNESS, SILENCE } from './bands.ts';
import { barsPanel, clusterTablePanel, statPanel, timelinePanel } from './kit.ts';
import { fleetQueries as q, SILENT_AFTER_SECONDS } from './queries.ts';

const READY_WORDS = { '1': ['Ready', 'green'], '0': ['Not ready', 'red'] } as const;

const UNKNOWN_FLEET = 'No data: the hub has written nothing in this range';
export function now() {
  return [
    statPanel(
      {
        title: 'Clusters',
        description: 'Clusters the hub expects data from: the members Karmada knows, and the host.',
        unit: 'short',
        noValue: UNKNOWN_FLEET,
      },
      q.clusters,
      { steps: [[null, 'text']] },
    ),
    statPanel(
      {
        title: 'Not ready',
        description: 'Members whose condition Ready is not True: False and Unknown both count.',
        unit: 'short',
        noValue: 'No data: nobody reports Karmada’s Cluster objects',
      },
      q.notReady,
      { steps: ANY_IS_RED },
    ),
    statPanel(
      {
        title: 'Silent',
        description: `Expected clusters that have sent nothing for ${SILENT_AFTER_SECONDS} s. Silent is not down: it means we cannot see.`,
        unit: 'short',
        noValue: UNKNOWN_FLEET,
      },
      q.silent,
      { steps: ANY_IS_ORANGE },
    ),
    statPanel(
      {
        title: 'Critical alerts',
        description: 'Firing alerts of severity critical in the selection, those of whole regions included.',
        unit: 'short',
        noValue: UNKNOWN_FLEET,
      },
      q.criticalAlerts,
      { steps: ANY_IS_RED },
    ),
    statPanel(
      {
        title: 'Warnings',
        description: 'Firing alerts of severity warning in the selection.',
        unit: 'short',
        noValue: UNKNOWN_FLEET,
      },
      q.warningAlerts,
      { steps: ANY_IS_ORANGE },
    ),
    statPanel(
      {
        title: 'Worst budget left',
        description:
          'The smallest share of error budget left over all objectives and levels; below zero it is overspent.',
        unit: 'percentunit',
        noValue: 'No data: no objective has been measured yet',
      },
      q.worstBudget,
      { steps: BUDGET },
    ),
    statPanel(
      {
        title: 'Targets down',
        description:
          'Scrape targets that did not answer their last scrape. Targets of silent clusters are not counted: nobody asks them.',
        unit: 'short',
        noValue: 'No data: no target has been scraped',
      },
      q.targetsDown,
      { steps: ANY_IS_ORANGE },
    ),
    statPanel(
      {
        title: 'Nodes not ready',
        description:
          'Nodes that are not ready in members that are. A member that is down keeps its last numbers, so it is left out.',
        unit: 'short',
        noValue: 'No data: no member is Ready',
      },
      q.nodesNotReady,
      { steps: ANY_IS_ORANGE },
    ),
  ];
}

export function where() {
  return [
    timelinePanel(
      {
        title: 'Readiness by cluster',
        description:
          'Karmada’s condition Ready of each member. A stripe over all clusters points at the control plane or the network; a gap means nobody knew.',
        unit: 'short',
        noValue: 'No data: nobody reports Karmada’s Cluster objects',
      },
      { expr: q.readiness, legend: '{{region}} / {{cluster}}' },
      { words: READY_WORDS },
    ),
    barsPanel(
      {
        title: 'Ready clusters by region',
        description: 'Share of a region’s members whose condition Ready is True.',
        unit: 'percentunit',
        noValue: 'No data: nobody reports Karmada’s Cluster objects',
      },
      { expr: q.regionReady, legend: '{{region}}' },
      {
        steps: [
          [null, 'red'],
          [0.01, 'orange'],
          [1, 'green'],
        ],
        max: 1,
      },
    ),
    clusterTablePanel(
      {
        title: 'Clusters',
        description:
          'One row per cluster. Capacity of a member that is not Ready is left empty: what Karmada still shows is its last word, not a measurement.',
        unit: 'short',
        noValue: 'No data: the hub knows no cluster in this selection',
      },
      [
        { title: 'Ready', query: q.tableReady, unit: 'short', words: READY_WORDS },
        {
          title: 'Alerts',
          query: q.tableAlerts,
          unit: 'short',
          steps: [
            [null, 'text'],
            [1, 'red'],
          ],
        },
        { title: 'Data age', query: q.tableDataAge, unit: 's', steps: SILENCE, decimals: 0 },
        {
          title: 'Nodes ready',
          query: q.tableNodes,
          unit: 'percentunit',
          steps: [
            [null, 'red'],
            [0.8, 'orange'],
            [1, 'green'],
          ],
        },
        { title: 'CPU requested', query: q.tableCpu, unit: 'percentunit', steps: FULLNESS, decimals: 0 },
        {
          title: 'Memory requested',
          query: q.tableMemory,
          unit: 'percentunit',
          steps: FULLNESS,
          decimals: 0,
        },
        { title: 'Pods', query: q.tablePods, unit: 'percentunit', steps: FULLNESS, decimals: 0 },
        { title: 'API errors', query: q.tableApiErrors, unit: 'percentunit', steps: ERRORS, decimals: 2 },
      ],
      { labels: { region: 'Region', provider: 'Provider' }, sortBy: 'Ready', height: 9 },
    ),
  ];
}
