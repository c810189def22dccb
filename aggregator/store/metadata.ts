import type { MetricMetadata } from '../../model/metadata.ts';
import type { MetadataEntry } from './record.ts';

/** About 200 bytes each: 20 MB. 50 clusters of 2,000 families fit. */
export const METADATA_ENTRIES_MAX = 100_000;

interface Kept {
  entry: MetadataEntry;
  /** The log segment that last got it. */
  loggedIn: number;
}

/** What targets say of metric families, per family and cluster; the last word wins. */
export class MetadataStore {
  readonly #kept = new Map<string, Kept>();

  /**
   * Takes an entry in. 'log' when the log segment that is written now does not have it as it is; 'known' when
   * it has; 'full' when it is new and the limit is reached.
   */
  set(entry: MetadataEntry, segment: number): 'log' | 'known' | 'full' {
    const key = `${entry.cluster}\xff${entry.family}`;
    const kept = this.#kept.get(key);
    if (kept === undefined) {
      if (this.#kept.size >= METADATA_ENTRIES_MAX) return 'full';
      this.#kept.set(key, { entry, loggedIn: segment });
      return 'log';
    }
    if (isSame(kept.entry.metadata, entry.metadata) && kept.loggedIn === segment) return 'known';
    kept.entry = entry;
    kept.loggedIn = segment;
    return 'log';
  }

  /** Different things said of each family, of all clusters. */
  byFamily(): Map<string, MetricMetadata[]> {
    const families = new Map<string, MetricMetadata[]>();
    for (const { entry } of this.#kept.values()) {
      const known = families.get(entry.family);
      if (known === undefined) families.set(entry.family, [entry.metadata]);
      else if (!known.some((other) => isSame(other, entry.metadata))) known.push(entry.metadata);
    }
    return families;
  }
}

function isSame(a: MetricMetadata, b: MetricMetadata): boolean {
  return a.type === b.type && a.help === b.help && a.unit === b.unit;
}
