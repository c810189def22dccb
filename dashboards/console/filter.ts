import type { AlertView, ClusterView, EventView, FleetView } from './fleet-view.ts';

/**
 * `region=eu-* state=down,silent prod`: every word must hold. A word with `=` asks one field, `*` stands for
 * anything, a comma for or; a bare word is looked for in name, region, provider and state.
 */
export function clusterFilter(query: string): (cluster: ClusterView) => boolean {
  const tests = query
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(wordTest);
  return (cluster) => tests.every((test) => test(cluster));
}

const FIELDS: Readonly<Record<string, (cluster: ClusterView) => string>> = {
  cluster: (cluster) => cluster.name,
  region: (cluster) => cluster.region,
  provider: (cluster) => cluster.provider,
  state: (cluster) => cluster.state,
  mode: (cluster) => cluster.syncMode ?? '',
};

function wordTest(word: string): (cluster: ClusterView) => boolean {
  const equals = word.indexOf('=');
  const field = equals > 0 ? FIELDS[word.slice(0, equals).toLowerCase()] : undefined;
  if (field) {
    const wanted = word
      .slice(equals + 1)
      .toLowerCase()
      .split(',')
      .map(wildcard);
    return (cluster) => wanted.some((matches) => matches(field(cluster).toLowerCase()));
  }
  const part = word.toLowerCase();
  return ({ name, region, provider, state, word: said }) =>
    [name, region, provider, state, said].some((text) => text.toLowerCase().includes(part));
}

/** Matches in linear time: parts between the stars are looked for in turn. */
function wildcard(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return (text) => text === pattern;
  const first = parts[0]!;
  const last = parts.at(-1)!;
  return (text) => {
    if (!text.startsWith(first)) return false;
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return text.length - last.length >= at && text.endsWith(last);
  };
}

/** Clusters, regions, alerts and events that a query leaves; the verdict stays that of the whole federation. */
export function narrow(view: FleetView, query: string): FleetView {
  if (query.trim() === '') return view;
  const clusters = view.clusters.filter(clusterFilter(query));
  const names = new Set(clusters.map((cluster) => cluster.name));
  const regions = new Set(clusters.map((cluster) => cluster.region));
  return {
    ...view,
    clusters,
    regions: view.regions.filter((region) => regions.has(region.name)),
    alerts: view.alerts.filter((alert) => concerns(alert, names, regions)),
    events: view.events.filter((event: EventView) => names.has(event.cluster)),
  };
}

/** An alert of a whole region concerns its clusters; one of the federation concerns everybody. */
function concerns(
  { labels }: AlertView,
  clusters: ReadonlySet<string>,
  regions: ReadonlySet<string>,
): boolean {
  const { cluster, region } = labels;
  if (cluster) return clusters.has(cluster);
  return region ? regions.has(region) : true;
}
