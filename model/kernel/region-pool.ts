import { NO_REGION, type Region, reserve } from './kernel.ts';

/**
 * Regions of a thread for owners that come and go: what one gives back serves the next that asks for as
 * much. So ask for few sizes, powers of two, as only the same size is found again.
 */
export class RegionPool {
  readonly #bytesMax: number;
  /** By size: what was given back. */
  readonly #free = new Map<number, number[]>();
  /** Gives back what an owner left behind that is no longer there to do so itself. */
  readonly #abandoned = new FinalizationRegistry<Lease>((lease) => lease.end());
  #reservedBytes = 0;

  /** Beyond `bytesMax` nothing is reserved: these owners leave room for others in the kernels' memory. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  /** What an owner takes; it is given back when the owner is collected. The lease must not know its owner. */
  lease(owner: object): Lease {
    const lease = new Lease(this);
    this.#abandoned.register(owner, lease);
    return lease;
  }

  /** Undefined when the pool's bound is reached, or the end of the kernels' memory. */
  take(sizeBytes: number): Region | undefined {
    const address = this.#free.get(sizeBytes)?.pop();
    if (address !== undefined) return { address, sizeBytes };
    if (this.#reservedBytes + sizeBytes > this.#bytesMax) return undefined;
    try {
      const region = { address: reserve(sizeBytes), sizeBytes };
      this.#reservedBytes += sizeBytes;
      return region;
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  give({ address, sizeBytes }: Region): void {
    const free = this.#free.get(sizeBytes);
    if (free) free.push(address);
    else this.#free.set(sizeBytes, [address]);
  }
}

/** The regions that one owner has of a pool. */
export class Lease {
  readonly #pool: RegionPool;
  readonly #regions = new Map<number, Region>();

  constructor(pool: RegionPool) {
    this.#pool = pool;
  }

  take(sizeBytes: number): Region | undefined {
    const region = this.#pool.take(sizeBytes);
    if (region) this.#regions.set(region.address, region);
    return region;
  }

  give(region: Region): void {
    if (region === NO_REGION || !this.#regions.delete(region.address)) return;
    this.#pool.give(region);
  }

  /** Gives all of them back. */
  end(): void {
    for (const region of this.#regions.values()) this.#pool.give(region);
    this.#regions.clear();
  }
}
