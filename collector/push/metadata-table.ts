import type { FamilyMetadata } from '../../model/remote-write.ts';

/** All families are told again this often, for a hub that was replaced meanwhile. */
const RESEND_MS = 5 * 60_000;
/** The largest page of a Kubernetes cluster has about 300 families; all pages of one, a few thousand. */
const FAMILIES_MAX = 20_000;

/** What targets say of their metric families: told to the hub when it is new or changed, and now and then. */
export class MetadataTable {
  readonly #families = new Map<string, FamilyMetadata>();
  #changed = new Set<string>();
  #sentAllMs = Number.NEGATIVE_INFINITY;

  /** Cheap for what is known: meant to be called with each scrape. The last word wins. */
  note(entries: Iterable<FamilyMetadata>): void {
    for (const entry of entries) {
      const known = this.#families.get(entry.family);
      if (known ? equal(known, entry) : this.#families.size >= FAMILIES_MAX) continue;
      this.#families.set(entry.family, entry);
      this.#changed.add(entry.family);
    }
  }

  /** What the next request should carry. */
  due(nowMs: number): FamilyMetadata[] {
    if (nowMs - this.#sentAllMs >= RESEND_MS) {
      this.#sentAllMs = nowMs;
      this.#changed.clear();
      return [...this.#families.values()];
    }
    if (this.#changed.size === 0) return [];
    const entries = Array.from(this.#changed, (family) => this.#families.get(family)!);
    this.#changed = new Set();
    return entries;
  }
}

function equal(a: FamilyMetadata, b: FamilyMetadata): boolean {
  return a.type === b.type && a.help === b.help && a.unit === b.unit;
}
