import { normalizeFloatLabel } from '../../model/exposition-float.ts';
import { type Label, Labels, METRIC_NAME } from '../../model/labels.ts';
import { type Identity, isClusterName } from '../identity/identity.ts';
import type { Place } from '../registry/registry.ts';
import { memberLabelsOf } from './karmada-families.ts';
import type { ReservedNames } from './reserved-names.ts';

/** Said by the hub of every series: whose data it is. */
export const GLOBAL_LABELS = ['federation', 'cluster', 'region', 'provider'] as const;

/** Where a series about a member was scraped, when that is another cluster than the one it is about. */
export const SOURCE_CLUSTER = 'source_cluster';

export type GlobalLabel = (typeof GLOBAL_LABELS)[number];

export interface NormalizeContext {
  readonly identity: Identity;
  readonly federation: string;
  readonly place: (cluster: string) => Place;
  readonly reserved: ReservedNames;
}

export type Normalized =
  | {
      readonly kind: 'accepted';
      readonly labels: Labels;
      /** Labels that were sent with a value of their own, kept as `exported_<label>`. */
      readonly conflicts: readonly string[];
    }
  | { readonly kind: 'refused'; readonly reason: SeriesRefusal; readonly problem: string };

export type SeriesRefusal = 'missing_metric_name' | 'invalid_labels' | 'reserved_name';

/**
 * From the labels of a series as a sender wrote them (unsorted, perhaps repeated or empty) to those it is
 * stored with: global labels stamped last, by who sent it; a different value that came along is kept as
 * `exported_<label>`. Pure: the answer for the same bytes changes only with the context.
 */
export function normalizeSeries(sent: readonly Label[], context: NormalizeContext): Normalized {
  const labels = new Map<string, string>();
  for (const [name, value] of sent) {
    if (name === '') return refused('invalid_labels', `a label without a name (value "${value}")`);
    if (value === '') continue;
    if (labels.has(name)) return refused('invalid_labels', `label "${name}" comes twice`);
    labels.set(name, value);
  }
  const metricName = labels.get(METRIC_NAME);
  if (metricName === undefined) return refused('missing_metric_name', 'a series without a metric name');
  const { identity } = context;
  if (identity.trusted || identity.cluster === undefined)
    return { kind: 'accepted', labels: Labels.fromPairs(labels), conflicts: [] };
  if (context.reserved.has(metricName, identity))
    return refused('reserved_name', `"${metricName}" is a name that only the hub writes`);

  normalizeFloats(metricName, labels);
  const member = identity.federation ? takeMember(metricName, labels) : undefined;
  const conflicts: string[] = [];
  if (member !== undefined && member !== identity.cluster)
    stamp(labels, SOURCE_CLUSTER, identity.cluster, conflicts);
  const cluster = member ?? identity.cluster;
  const { region, provider } = context.place(cluster);
  stamp(labels, 'federation', context.federation, conflicts);
  stamp(labels, 'cluster', cluster, conflicts);
  stamp(labels, 'region', region, conflicts);
  stamp(labels, 'provider', provider, conflicts);
  return { kind: 'accepted', labels: Labels.fromPairs(labels), conflicts };
}

/** The hub's own series: stamped like a sender's, but a `cluster` they carry is the one they are about. */
export function stampOwnSeries(
  labels: Labels,
  { federation, cluster, place }: { federation: string; cluster: string; place: (cluster: string) => Place },
): Labels {
  const about = labels.get('cluster') || cluster;
  return labels.with({ federation, cluster: about, ...place(about) });
}

function normalizeFloats(metricName: string, labels: Map<string, string>): void {
  const le = labels.get('le');
  if (le !== undefined && metricName.endsWith('_bucket')) labels.set('le', normalizeFloatLabel(le));
  const quantile = labels.get('quantile');
  if (quantile !== undefined) labels.set('quantile', normalizeFloatLabel(quantile));
}

/**
 * The member that one of Karmada's series is about. Older names of the label become `member_cluster`, so that
 * the series goes on under the same labels when Karmada is upgraded.
 */
function takeMember(metricName: string, labels: Map<string, string>): string | undefined {
  const names = memberLabelsOf(metricName);
  const member = names?.map((name) => labels.get(name)).find((value) => value !== undefined);
  if (names === undefined || member === undefined || !isClusterName(member)) return undefined;
  for (const name of names) if (labels.get(name) === member) labels.delete(name);
  labels.set('member_cluster', member);
  return member;
}

/** Puts the hub's value; where the hub knows none, the label is not there at all, whatever was sent. */
function stamp(labels: Map<string, string>, name: string, value: string, conflicts: string[]): void {
  const sent = labels.get(name);
  if (sent !== undefined && sent !== value) {
    labels.set(exportedName(name, labels), sent);
    conflicts.push(name);
  }
  if (value === '') labels.delete(name);
  else labels.set(name, value);
}

/** As Prometheus does: the prefix is put again until the name is free. */
function exportedName(name: string, labels: ReadonlyMap<string, string>): string {
  let exported = `exported_${name}`;
  while (labels.has(exported)) exported = `exported_${exported}`;
  return exported;
}

function refused(reason: SeriesRefusal, problem: string): Normalized {
  return { kind: 'refused', reason, problem };
}
