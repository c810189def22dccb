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
  #lastGoodLines = 0;

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

  /** What has been said that is new since this was last asked. */
  take(): FamilyMetadata[] {
    const changed = Array.from(this.#changed, (family) => this.#families.get(family)!);
    this.#changed.clear();
    return changed;
  }

  /** Forgets all, once it is more than what the last good page had: a page says it anew. */
  endPage(isGood: boolean): void {
    if (isGood) this.#lastGoodLines = this.#pageLines;
    this.#pageLines = 0;
    if (this.#lines.size <= 2 * this.#lastGoodLines + SPARE) return;
    this.#lines.clear();
    this.#families.clear();
    this.#changed.clear();
  }
}
