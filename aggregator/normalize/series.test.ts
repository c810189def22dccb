import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Label, Labels } from '../../model/labels.ts';
import { sharedPath } from '../../test/shared.ts';
import { type Identity, LOCAL_IDENTITY } from '../identity/identity.ts';
import { memberLabelsOf } from './karmada-families.ts';
import { hubSeriesNames, ReservedNames } from './reserved-names.ts';
import { type Normalized, normalizeSeries, stampOwnSeries } from './series.ts';

const PLACES: Readonly<Record<string, { region: string; provider: string }>> = {
  'karmada-host': { region: 'eu-west-1', provider: 'aws' },
  'prod-eu-1': { region: 'eu-west-1', provider: 'aws' },
  'prod-us-1': { region: 'us-east-1', provider: 'gcp' },
};
const place = (cluster: string) => PLACES[cluster] ?? { region: '', provider: '' };

const reserved = new ReservedNames();
reserved.generate(['karmascope_aggregator_ingest_samples_total']);

const member: Identity = { name: 'prod-eu-1', cluster: 'prod-eu-1', federation: false, trusted: false };
const host: Identity = { name: 'host', cluster: 'karmada-host', federation: true, trusted: false };

/** `up{job="node"}`, as one reads it; values hold no comma. */
function parse(series: string): Label[] {
  const [, name, inside] = /^([^{]*)(?:\{(.*)\})?$/.exec(series)!;
  const labels = (inside ?? '').split(',').filter((part) => part !== '');
  return [
    ...(name === '' ? [] : [['__name__', name!] as const]),
    ...labels.map((part) => /^([^=]*)="(.*)"$/.exec(part)!.slice(1, 3) as [string, string]),
  ];
}

function normalize(identity: Identity, series: string): Normalized {
  return normalizeSeries(parse(series), { identity, federation: 'demo', place, reserved });
}

/** The final series as one reads it, then the labels that conflicted. */
function shown(identity: Identity, series: string): string {
  const result = normalize(identity, series);
  if (result.kind === 'refused') return `refused: ${result.reason}`;
  const labels = result.labels.toObject();
  const { __name__: name } = labels;
  const rest = Object.entries(labels).flatMap(([key, value]) =>
    key === '__name__' ? [] : `${key}="${value}"`,
  );
  const conflicts = result.conflicts.length === 0 ? '' : ` conflicts: ${result.conflicts}`;
  return `${name}{${rest}}${conflicts}`;
}

const EU = 'provider="aws",region="eu-west-1"';

describe('a member', () => {
  test.each([
    [
      'gets the global labels',
      'up{job="node"}',
      `up{cluster="prod-eu-1",federation="demo",job="node",${EU}}`,
    ],
    [
      'may send its own name again without a conflict',
      'up{cluster="prod-eu-1",region="eu-west-1"}',
      `up{cluster="prod-eu-1",federation="demo",${EU}}`,
    ],
    [
      'cannot write as another cluster',
      'up{cluster="prod-us-1"}',
      `up{cluster="prod-eu-1",exported_cluster="prod-us-1",federation="demo",${EU}} conflicts: cluster`,
    ],
    [
      'cannot move to another federation, region or provider',
      'up{federation="other",provider="gcp",region="us-east-1"}',
      'up{cluster="prod-eu-1",exported_federation="other",exported_provider="gcp",exported_region="us-east-1",' +
        `federation="demo",${EU}} conflicts: federation,region,provider`,
    ],
    [
      'keeps an exported_cluster of its own beside the conflict',
      'up{cluster="elastic",exported_cluster="kafka"}',
      `up{cluster="prod-eu-1",exported_cluster="kafka",exported_exported_cluster="elastic",federation="demo",${EU}} conflicts: cluster`,
    ],
    [
      'moves nothing to another cluster by member_cluster',
      'cluster_ready_state{member_cluster="prod-us-1"}',
      `cluster_ready_state{cluster="prod-eu-1",federation="demo",member_cluster="prod-us-1",${EU}}`,
    ],
    [
      'moves nothing to another cluster by an older label of Karmada',
      'create_resource_to_cluster{cluster="prod-us-1"}',
      `create_resource_to_cluster{cluster="prod-eu-1",exported_cluster="prod-us-1",federation="demo",${EU}} conflicts: cluster`,
    ],
    [
      "keeps Istio's source_cluster",
      'istio_requests_total{source_cluster="mesh-a"}',
      `istio_requests_total{cluster="prod-eu-1",federation="demo",${EU},source_cluster="mesh-a"}`,
    ],
    [
      'sends karmada_build_info of a pull agent',
      'karmada_build_info{git_version="v1.19.0"}',
      `karmada_build_info{cluster="prod-eu-1",federation="demo",git_version="v1.19.0",${EU}}`,
    ],
    ['cannot write alerts', 'ALERTS{alertstate="firing"}', 'refused: reserved_name'],
    ['cannot write the state of alerts', 'ALERTS_FOR_STATE', 'refused: reserved_name'],
    ['cannot write event counters', 'kube_events_total', 'refused: reserved_name'],
    [
      "cannot write the hub's own metrics",
      'karmascope_aggregator_ingest_samples_total',
      'refused: reserved_name',
    ],
    ['cannot write SLO series of the hub', 'slo:burn_rate:ratio', 'refused: reserved_name'],
    [
      'may write SLO series of another tool',
      'slo:sli_error:ratio_rate5m',
      `slo:sli_error:ratio_rate5m{cluster="prod-eu-1",federation="demo",${EU}}`,
    ],
    ["cannot write what is made of Karmada's objects", 'karmada_cluster_info', 'refused: reserved_name'],
    [
      'has le values as Prometheus 3 writes them, on buckets only',
      'request_seconds_bucket{le="1"}',
      `request_seconds_bucket{cluster="prod-eu-1",federation="demo",le="1.0",${EU}}`,
    ],
    [
      'has le left alone elsewhere',
      'limit{le="1"}',
      `limit{cluster="prod-eu-1",federation="demo",le="1",${EU}}`,
    ],
    [
      'has quantile values as Prometheus 3 writes them',
      'rpc_seconds{quantile="1"}',
      'rpc_seconds{cluster="prod-eu-1",federation="demo",provider="aws",quantile="1.0",region="eu-west-1"}',
    ],
    ['has empty labels dropped', 'up{job=""}', `up{cluster="prod-eu-1",federation="demo",${EU}}`],
    ['is refused a series without a name', '{job="node"}', 'refused: missing_metric_name'],
    ['is refused a label that comes twice', 'up{a="1",a="2"}', 'refused: invalid_labels'],
    ['is refused a label without a name', 'up{="1"}', 'refused: invalid_labels'],
  ])('%s', (_, sent, expected) => {
    expect(shown(member, sent)).toBe(expected);
  });

  test('of an unknown place has no region, whatever it sends', () => {
    const lost = { ...member, name: 'lab', cluster: 'lab-1' };
    expect(shown(lost, 'up{region="mars"}')).toBe(
      'up{cluster="lab-1",exported_region="mars",federation="demo"} conflicts: region',
    );
  });
});

describe("the host's collector", () => {
  const US = 'provider="gcp",region="us-east-1",source_cluster="karmada-host"';
  test.each([
    [
      'brings its own series under its own name',
      'workqueue_depth{name="binding-controller"}',
      `workqueue_depth{cluster="karmada-host",federation="demo",name="binding-controller",${EU}}`,
    ],
    [
      "brings Karmada 1.18's series about a member under the member's name",
      'cluster_ready_state{member_cluster="prod-us-1"}',
      `cluster_ready_state{cluster="prod-us-1",federation="demo",member_cluster="prod-us-1",${US}}`,
    ],
    [
      "brings Karmada 1.16's, which has both labels",
      'cluster_ready_state{cluster_name="prod-us-1",member_cluster="prod-us-1"}',
      `cluster_ready_state{cluster="prod-us-1",federation="demo",member_cluster="prod-us-1",${US}}`,
    ],
    [
      "brings Karmada 1.15's under cluster_name",
      'cluster_sync_status_duration_seconds_bucket{cluster_name="prod-us-1",le="5"}',
      `cluster_sync_status_duration_seconds_bucket{cluster="prod-us-1",federation="demo",le="5.0",member_cluster="prod-us-1",${US}}`,
    ],
    [
      "brings Karmada 1.15's under cluster",
      'create_resource_to_cluster{cluster="prod-us-1",kind="Deployment"}',
      `create_resource_to_cluster{cluster="prod-us-1",federation="demo",kind="Deployment",member_cluster="prod-us-1",${US}}`,
    ],
    [
      'has a second opinion on the member kept and counted',
      'create_resource_to_cluster{cluster="prod-eu-1",member_cluster="prod-us-1"}',
      `create_resource_to_cluster{cluster="prod-us-1",exported_cluster="prod-eu-1",federation="demo",member_cluster="prod-us-1",${US}} conflicts: cluster`,
    ],
    [
      "brings what is made of Karmada's objects",
      'karmada_cluster_info{member_cluster="prod-us-1"}',
      `karmada_cluster_info{cluster="prod-us-1",federation="demo",member_cluster="prod-us-1",${US}}`,
    ],
    [
      'brings a member nobody knows without a place, not with its own',
      'cluster_ready_state{member_cluster="new-1"}',
      'cluster_ready_state{cluster="new-1",federation="demo",member_cluster="new-1",source_cluster="karmada-host"}',
    ],
    [
      'moves no other family, whatever label it has',
      'container_cpu{cluster_name="prod-us-1",member_cluster="prod-us-1"}',
      `container_cpu{cluster="karmada-host",cluster_name="prod-us-1",federation="demo",member_cluster="prod-us-1",${EU}}`,
    ],
    [
      'has a forged source_cluster kept apart',
      'cluster_ready_state{member_cluster="prod-us-1",source_cluster="x"}',
      `cluster_ready_state{cluster="prod-us-1",exported_source_cluster="x",federation="demo",member_cluster="prod-us-1",${US}} conflicts: source_cluster`,
    ],
    ['cannot write alerts either', 'ALERTS', 'refused: reserved_name'],
  ])('%s', (_, sent, expected) => {
    expect(shown(host, sent)).toBe(expected);
  });
});

test('a trusted sender has its labels kept exactly as sent', () => {
  expect(shown(LOCAL_IDENTITY, 'ALERTS{cluster="x",le="1"}')).toBe('ALERTS{cluster="x",le="1"}');
});

test('stampOwnSeries() keeps the cluster that a series of the hub is about, with its place', () => {
  const stamped = stampOwnSeries(Labels.fromObject({ __name__: 'x_total', cluster: 'prod-us-1' }), {
    federation: 'demo',
    cluster: 'karmada-host',
    place,
  });
  expect(stamped.toString()).toBe(
    '{__name__="x_total", cluster="prod-us-1", federation="demo", provider="gcp", region="us-east-1"}',
  );
});

test('hubSeriesNames() lists the series of histograms, and leaves out what every process has', () => {
  const families = [
    { name: 'karmascope_aggregator_x_seconds', type: 'histogram' },
    { name: 'karmascope_aggregator_rules', type: 'gauge' },
    { name: 'process_cpu_seconds_total', type: 'counter' },
  ];
  expect(hubSeriesNames(families)).toEqual([
    'karmascope_aggregator_x_seconds_bucket',
    'karmascope_aggregator_x_seconds_sum',
    'karmascope_aggregator_x_seconds_count',
    'karmascope_aggregator_rules',
  ]);
});

describe.skipIf(sharedPath('captures') === undefined)('pages of a real Karmada 1.19', () => {
  const controllerManager = 'karmada-controller-manager';
  const components = [controllerManager, 'karmada-agent.prod-ap-1'];

  test.each(components)('every family about a member on the page of %s is known', (component) => {
    const unknown = seriesAboutMembers(component).flatMap((labels) => {
      const name = labels.get('__name__')!;
      return memberLabelsOf(name) === undefined ? [name] : [];
    });
    expect(unknown).toEqual([]);
  });

  test("each series is about its member, in the member's place", () => {
    const all = seriesAboutMembers(controllerManager);
    expect(all.length).toBeGreaterThan(50);
    for (const labels of all) {
      const result = accepted(labels);
      const about = labels.get('member_cluster')!;
      expect(result.get('cluster')).toBe(about);
      expect(result.get('region')).toBe(place(about).region);
      expect(result.get('source_cluster')).toBe('karmada-host');
    }
  });

  /** How the same series looked on earlier pages, by Karmada's change log. */
  const earlier: Readonly<Record<string, (labels: Map<string, string>, older: string) => void>> = {
    '1.17 and 1.16, which had both labels': (labels, older) =>
      labels.set(older, labels.get('member_cluster')!),
    '1.15, which had the older label only': (labels, older) => {
      labels.set(older, labels.get('member_cluster')!);
      labels.delete('member_cluster');
    },
  };

  test.each(Object.keys(earlier))('the series of Karmada %s go on as the same series', (version) => {
    for (const labels of seriesAboutMembers(controllerManager)) {
      const older = labels.get('__name__')!.includes('_resource_') ? 'cluster' : 'cluster_name';
      const before = new Map(labels);
      earlier[version]!(before, older);
      expect(accepted(before).toString()).toBe(accepted(labels).toString());
    }
  });

  function accepted(sent: Map<string, string>): Labels {
    const result = normalizeSeries([...sent], { identity: host, federation: 'demo', place, reserved });
    if (result.kind === 'refused') throw new Error(result.problem);
    expect(result.conflicts).toEqual([]);
    return result.labels;
  }

  function seriesAboutMembers(component: string): Map<string, string>[] {
    const path = sharedPath('captures', 'metrics', component, 'after-rollout.prom.gz')!;
    const page = gunzipSync(readFileSync(path)).toString('utf8');
    return page.split('\n').flatMap((line) => {
      const series = /^([a-zA-Z_:][\w:]*)\{(.*)\} \S+$/.exec(line);
      if (!series || !series[2]!.includes('member_cluster=')) return [];
      const labels = [...series[2]!.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
      return new Map([
        ['__name__', series[1]!],
        ...labels.map(([, name, value]) => [name, value] as const),
      ] as [string, string][]);
    });
  }
});
