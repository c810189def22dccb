import { assembleDashboard } from './assemble.ts';
import { now, where } from './fleet-overview.ts';
import { blind, changing, failover, users } from './fleet-trends.ts';
import { annotationQueries, variableQueries } from './queries.ts';

/** The first screen of an incident: which region, which cluster, since when, and are we blind. */
export function fleetDashboard() {
  return assembleDashboard({
    uid: 'karmascope-fleet',
    title: 'Karmascope / Fleet',
    description:
      'Every cluster of the federation: which region, which cluster, since when, are users hurt, is there room, are we blind.',
    variables: [
      { name: 'federation', label: 'Federation', query: variableQueries.federation, multi: false },
      { name: 'region', label: 'Region', query: variableQueries.region, multi: true },
      { name: 'cluster', label: 'Cluster', query: variableQueries.cluster, multi: true },
    ],
    annotations: [
      { name: 'Cluster or region lost', expr: annotationQueries.clusterLost, color: 'red' },
      { name: 'Cluster silent', expr: annotationQueries.clusterSilent, color: 'purple' },
    ],
    rows: [
      { title: 'Now', panels: now() },
      { title: 'Where', panels: where() },
      { title: 'Are users hurt', panels: users() },
      { title: 'What is changing', panels: changing() },
      { title: 'Failover: working, and is there room', panels: failover() },
      { title: 'Are we blind', panels: blind() },
    ],
  });
}
