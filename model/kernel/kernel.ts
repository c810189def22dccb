import { readFileSync } from 'node:fs';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

/**
 * The kernels: loops over bytes and samples, compiled from `assembly/` by `npm run build:kernel`. Every
 * thread has its own instance of the module; all instances work in one shared memory.
 *
 * Layout of the memory: the first 1,024 bytes belong to the host, of which the word at `TOP` is the first
 * free byte; from there on regions are handed out and never taken back, so a part reserves its regions once
 * and keeps them. A region that must grow is reserved anew at least twice as large, which bounds what is lost
 * to the size of what is used.
 */
export interface Kernel {
  readonly snappyUncompress: (
    source: number,
    sourceLength: number,
    target: number,
    targetLength: number,
  ) => number;
  readonly writeRequestWalk: (request: number, body: number, bodyLength: number, table: number) => number;
  /** -1 for a key that is not known; otherwise the 32 bits of its number, which is unsigned. */
  readonly seriesFind: (table: number, key: number, keyLength: number) => number;
  readonly seriesAdd: (table: number, key: number, keyLength: number, target: number, number: number) => void;
  readonly seriesMove: (table: number, index: number, capacity: number) => void;
}

/** A part of the kernels' memory. */
export interface Region {
  readonly address: number;
  readonly sizeBytes: number;
}

export const NO_REGION: Region = { address: 0, sizeBytes: 0 };

/** Byte address of the word that holds the first free byte. */
const TOP = 16;
const FIRST_FREE = 1024;
const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
const ALIGN_BYTES = 64;

interface Shared {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** Where the main thread leaves module and memory for the threads that it starts. */
const ENVIRONMENT_KEY = 'karmascope.kernel';

const shared = sharedOfProcess();
let view = new Uint8Array(shared.memory.buffer);

/** This thread's instance. */
export const kernel = new WebAssembly.Instance(shared.module, { env: { memory: shared.memory, abort } })
  .exports as unknown as Kernel;

/** All of the memory. Ask again after each reservation: the view of before does not reach what is new. */
export function kernelBytes(): Uint8Array {
  if (view.byteLength !== shared.memory.buffer.byteLength) view = new Uint8Array(shared.memory.buffer);
  return view;
}

/** Reserves a region, aligned for every access, and returns its address. Throws a RangeError past 4 GiB. */
export function reserve(sizeBytes: number): number {
  const size = Math.ceil(sizeBytes / ALIGN_BYTES) * ALIGN_BYTES;
  const top = new Uint32Array(shared.memory.buffer, TOP, 1);
  let address: number;
  do {
    address = Atomics.load(top, 0);
    if (address + size > PAGE_BYTES * MAX_PAGES - PAGE_BYTES) {
      throw new RangeError(
        `Cannot reserve ${sizeBytes} bytes for a kernel: ${address} bytes of 4 GiB are taken`,
      );
    }
  } while (Atomics.compareExchange(top, 0, address, address + size) !== address);
  const missing = address + size - shared.memory.buffer.byteLength;
  // Another thread may grow it at the same time: then it is a little larger than it need be.
  if (missing > 0) shared.memory.grow(Math.ceil(missing / PAGE_BYTES));
  return address;
}

/** The region itself when it is large enough, else a new one; what was in it is not kept. */
export function atLeast(region: Region, neededBytes: number): Region {
  if (region.sizeBytes >= neededBytes) return region;
  const sizeBytes = Math.max(neededBytes, 2 * region.sizeBytes, PAGE_BYTES);
  return { address: reserve(sizeBytes), sizeBytes };
}

function sharedOfProcess(): Shared {
  const given = isMainThread ? undefined : (getEnvironmentData(ENVIRONMENT_KEY) as Shared | undefined);
  if (given) return given;
  const made: Shared = {
    // Read here and not handed in: the module is part of the code, as an import would be.
    module: new WebAssembly.Module(readFileSync(new URL('build/kernel.wasm', import.meta.url))),
    memory: new WebAssembly.Memory({ initial: 16, maximum: MAX_PAGES, shared: true }),
  };
  new Uint32Array(made.memory.buffer, TOP, 1)[0] = FIRST_FREE;
  setEnvironmentData(ENVIRONMENT_KEY, made as never);
  return made;
}

function abort(): never {
  throw new Error('BUG: a kernel gave up');
}
