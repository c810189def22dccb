import { createHash } from 'node:crypto';
import type { Database, RootDatabase } from 'lmdb';
import { commitDurably } from '../../runtime/state-database.ts';
import type { Objective } from './openslo.ts';
import type { SliceState } from './slice.ts';

/** Which slices: of an objective as it is defined now, in one cluster. */
export interface SliceKey {
  readonly objective: Objective;
  readonly federation: string;
  readonly cluster: string;
}

/** A run of slices on disk: of one hour, or less at its ends. */
export interface StoredSlices {
  readonly federation: string;
  readonly cluster: string;
  readonly region: string;
  readonly firstSlice: number;
  readonly good: readonly number[];
  readonly total: readonly number[];
  readonly states: readonly SliceState[];
}

type Key = [name: string, version: string, federation: string, cluster: string, block: number];

interface Block {
  readonly region: string;
  readonly good: number[];
  readonly total: number[];
  /** `m`, `i` or `a` for each slice. */
  readonly states: string;
}

/** Slices of one record, an hour of minutes: what a restart must read again is a few thousand records. */
const BLOCK_SLICES = 60;

/**
 * Keeps slices over a restart. A record holds an hour; the version in its key is a hash of the objective's
 * selectors, so that an objective that is defined anew does not inherit what another one counted.
 */
export class SliceStore {
  readonly #database: Database<Block, Key>;

  constructor(root: RootDatabase) {
    this.#database = root.openDB<Block, Key>({ name: 'slo-slices' });
  }

  /** All slices of an objective from `oldestSlice` on, by cluster and time. */
  *load(objective: Objective, oldestSlice: number): Generator<StoredSlices> {
    const prefix: [string, string] = [objective.name, versionOf(objective)];
    for (const { key, value } of this.#database.getRange({
      start: [...prefix, ''] as never,
      end: [...prefix, '\uffff'] as never,
    })) {
      const [, , federation, cluster, block] = key;
      if ((block + 1) * BLOCK_SLICES <= oldestSlice) continue;
      yield {
        federation,
        cluster,
        region: value.region,
        firstSlice: block * BLOCK_SLICES,
        good: value.good,
        total: value.total,
        states: [...value.states].map(stateOf),
      };
    }
  }

  /**
   * Writes slices over what is there, and forgets records that are older than `oldestSlice`. What is lost in
   * a power cut is computed again from the raw samples.
   */
  async save(key: SliceKey, slices: StoredSlices, oldestSlice: number): Promise<void> {
    const prefix: [string, string, string, string] = [
      key.objective.name,
      versionOf(key.objective),
      key.federation,
      key.cluster,
    ];
    await commitDurably(this.#database, () => {
      const last = slices.firstSlice + slices.good.length - 1;
      for (let block = blockOf(slices.firstSlice); block <= blockOf(last); block++) {
        const stored = this.#database.get([...prefix, block]);
        const record: Block = {
          region: slices.region,
          good: [...(stored?.good ?? zeros())],
          total: [...(stored?.total ?? zeros())],
          states: stored?.states ?? 'a'.repeat(BLOCK_SLICES),
        };
        const states = [...record.states];
        for (let i = 0; i < BLOCK_SLICES; i++) {
          const at = block * BLOCK_SLICES + i - slices.firstSlice;
          if (at < 0 || at >= slices.good.length) continue;
          record.good[i] = slices.good[at]!;
          record.total[i] = slices.total[at]!;
          states[i] = slices.states[at]![0]!;
        }
        void this.#database.put([...prefix, block], { ...record, states: states.join('') });
      }
      const old = this.#database.getKeys({ start: [...prefix, 0], end: [...prefix, blockOf(oldestSlice)] });
      for (const record of [...old]) void this.#database.remove(record);
    });
  }
}

function blockOf(slice: number): number {
  return Math.floor(slice / BLOCK_SLICES);
}

function zeros(): number[] {
  return new Array<number>(BLOCK_SLICES).fill(0);
}

function stateOf(letter: string): SliceState {
  return letter === 'm' ? 'measured' : letter === 'i' ? 'idle' : 'absent';
}

function versionOf({ total, good, bad }: Objective): string {
  const text = [total, good ?? [], bad ?? []]
    .map((matchers) => matchers.map(String).toSorted().join(','))
    .join(';');
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
