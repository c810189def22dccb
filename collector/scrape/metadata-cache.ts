import type { ExpositionParser } from '../../model/exposition.ts';
import { RawSeriesTable } from '../../model/raw-series-table.ts';
import type { FamilyMetadata } from '../../model/remote-write.ts';

/** Lines remembered beyond twice those of the last page. */
const SPARE = 1_000;

/** HELP and TYPE of a target's families: a line seen before costs a comparison of bytes and no string. */
export class MetadataCache {
  readonly #lines = new RawSeriesTable();
  readonly #families = new Map<string, FamilyMetadata>();
  readonly #changed = new Set<string>();
  #pageLines = 0;

  /** Takes the entry at which the parser stands. */
  note(parser: ExpositionParser, entry: 'help' | 'type', page: DataView): void {
    this.#pageLines++;
    if (this.#lines.find(page, parser.entryStart, parser.entryEnd) >= 0) return;
    this.#lines.add(page, parser.entryStart, parser.entryEnd, 0);
    const family = parser.family();
    const known = this.#families.get(family) ?? { family, type: 'unknown', help: '', unit: '' };
    this.#families.set(
      family,
      entry === 'help' ? { ...known, help: parser.help() } : { ...known, type: parser.type },
    );
    this.#changed.add(family);
  }

  /** What a page that was read to its end said that is new. */
  endPage(): FamilyMetadata[] {
    const changed = Array.from(this.#changed, (family) => this.#families.get(family)!);
    this.#changed.clear();
    if (this.#lines.size > 2 * this.#pageLines + SPARE) {
      this.#lines.clear();
      this.#families.clear();
    }
    this.#pageLines = 0;
    return changed;
  }
}
