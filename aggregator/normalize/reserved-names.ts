import { KARMADA_OBJECT_SERIES } from './karmada-families.ts';

/** Made by the hub whatever is configured: by rules, events and objectives. */
export const HUB_SERIES: readonly string[] = [
  'ALERTS',
  'ALERTS_FOR_STATE',
  'kube_events_total',
  'slo:objective:ratio',
  'slo:error_budget_remaining:ratio',
  'slo:coverage:ratio',
  'slo:burn_rate:ratio',
];

/** Names of the hub's own metrics that only a hub has; `process_…` and `nodejs_…` are everybody's. */
const HUB_METRIC = /^karmascope_aggregator_/;

/**
 * Series names that only the hub itself may write, as an exact list: a prefix would also catch what members
 * rightly send, as `karmada_build_info` of a pull member's agent. The list is generated from the parts that
 * make the series.
 */
export class ReservedNames {
  #generated: ReadonlySet<string> = new Set();

  /** Replaces the names of the hub's own metrics. */
  generate(names: Iterable<string>): void {
    this.#generated = new Set(names);
  }

  /** Whether a sender may not write this name. The federation's own identity brings Karmada's objects. */
  has(name: string, sender: { readonly federation: boolean }): boolean {
    if (ALWAYS.has(name) || this.#generated.has(name)) return true;
    return !sender.federation && KARMADA_OBJECTS.has(name);
  }
}

/** The series names of the hub's own metric families, as its /metrics page has them. */
export function hubSeriesNames(
  families: Iterable<{ readonly name: string; readonly type: unknown }>,
): string[] {
  const names: string[] = [];
  for (const { name, type } of families) {
    if (!HUB_METRIC.test(name)) continue;
    if (type === 'histogram') names.push(`${name}_bucket`, `${name}_sum`, `${name}_count`);
    else names.push(name);
  }
  return names;
}

const ALWAYS: ReadonlySet<string> = new Set(HUB_SERIES);
const KARMADA_OBJECTS: ReadonlySet<string> = new Set(KARMADA_OBJECT_SERIES);
