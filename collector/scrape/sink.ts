import type { Labels } from '../../model/labels.ts';
import type { FamilyMetadata } from '../../model/remote-write.ts';
import type { SampleColumns } from '../../model/sample.ts';

/**
 * The samples of one scrape, in the order they were read. A series comes with the same `Labels` object scrape
 * after scrape, so what is computed from it can be kept beside it.
 */
export interface ScrapedBatch extends SampleColumns<Labels> {
  /** What the target says of its families, once, and again when it changes. */
  readonly metadata: readonly FamilyMetadata[];
}

/** Where scraped samples go. */
export interface Sink {
  /** Takes the columns for its own. False: there is no room, the batch is lost and the sink has counted it. */
  tryPush(batch: ScrapedBatch): boolean;
}
