import { type Label, Labels, METRIC_NAME } from '../../model/labels.ts';
import { type RelabelRule, relabel } from '../../model/relabel.ts';

export interface SampleLabelOptions {
  readonly targetLabels: Labels;
  /** The target's own word wins over ours, an empty value included. */
  readonly honorLabels: boolean;
  readonly rules: readonly RelabelRule[];
}

/**
 * The labels a series is stored under: what the target wrote, joined with the target's own labels, relabeled.
 * Undefined when a rule drops the series. Throws an Error for labels that name no series.
 */
export function storedLabels(exposed: readonly Label[], options: SampleLabelOptions): Labels | undefined {
  const labels = new Map(exposed);
  if (labels.size < exposed.length) throw new Error(`label name "${repeatedName(exposed)}" is not unique`);
  if (options.honorLabels) addMissing(labels, options.targetLabels);
  else override(labels, options.targetLabels);
  for (const [name, value] of labels) if (value === '') labels.delete(name);
  if (options.rules.length > 0 && !relabel(labels, options.rules)) return undefined;
  if (labels.size === 0) return undefined;
  if (!labels.has(METRIC_NAME)) throw new Error('missing metric name (__name__ label)');
  if (labels.has('')) throw new Error('invalid metric name or label names: a label name is empty');
  return Labels.fromPairs(labels);
}

/** The series that say what a scrape was like: whether it went well, how long it took, what it brought. */
const REPORTS = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
];

/** They carry the target's labels alone. */
export function reportLabels(targetLabels: Labels): Labels[] {
  return REPORTS.map((name) => targetLabels.with({ [METRIC_NAME]: name }));
}

function addMissing(labels: Map<string, string>, targetLabels: Labels): void {
  for (const [name, value] of targetLabels) if (!labels.has(name)) labels.set(name, value);
}

/** A target's word for a label that is ours is kept as `exported_<label>`, or with as many prefixes as it takes. */
function override(labels: Map<string, string>, targetLabels: Labels): void {
  const conflicts: Label[] = [];
  for (const [name, value] of targetLabels) {
    const exposed = labels.get(name);
    if (exposed) conflicts.push([name, exposed]);
    labels.set(name, value);
  }
  conflicts.sort(([a], [b]) => a.length - b.length);
  for (const [name, value] of conflicts) {
    let kept = `exported_${name}`;
    while (labels.get(kept)) kept = `exported_${kept}`;
    labels.set(kept, value);
  }
}

function repeatedName(labels: readonly Label[]): string {
  const seen = new Set<string>();
  return labels.find(([name]) => seen.size === seen.add(name).size)?.[0] ?? '';
}
