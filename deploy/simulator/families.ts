import table from './families.json' with { type: 'json' };

/** What every page says of a metric: facts taken from recorded pages (the application's own three are ours). */
export interface Family {
  type: 'counter' | 'gauge' | 'histogram' | 'summary';
  /** As on the page, escapes included. */
  help: string;
  /** Upper bounds of a histogram without +Inf. */
  buckets?: readonly number[];
}

const families = new Map(Object.entries(table as Record<string, Family>));

export function familyOf(name: string): Family {
  const family = families.get(name);
  if (!family) throw new Error(`BUG: the simulator writes ${name}, which families.json does not describe`);
  return family;
}

export function bucketsOf(name: string): readonly number[] {
  const { buckets } = familyOf(name);
  if (!buckets) throw new Error(`BUG: ${name} is not a histogram`);
  return buckets;
}
