import { mkdir, open, readdir, rename, rm, truncate } from 'node:fs/promises';

/** The file operations of the store, as narrow as they can be, so that tests can let each of them fail. */
export interface Files {
  makeDirectory(path: string): Promise<void>;
  list(directory: string): Promise<string[]>;
  /** Makes a file that must not exist. */
  create(path: string): Promise<StoreFile>;
  /** All bytes, in a buffer of their own. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  truncate(path: string, sizeBytes: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes created, renamed and removed names durable. */
  syncDirectory(path: string): Promise<void>;
}

/** A file being written. Operations run in libuv's pool, never on the loop. */
export interface StoreFile {
  /** Writes all of the parts, one after the other, or throws. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>;
  /** fdatasync: returns when everything written is on the device. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

export const diskFiles: Files = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true });
  },
  list: (directory) => readdir(directory),
  async create(path) {
    const handle = await open(path, 'wx+');
    return {
      async write(parts, position) {
        let rest = parts.filter((part) => part.byteLength > 0);
        while (rest.length > 0) {
          const { bytesWritten } = await handle.writev(rest, position);
          position += bytesWritten;
          rest = after(rest, bytesWritten);
        }
      },
      sync: () => handle.datasync(),
      truncate: (sizeBytes) => handle.truncate(sizeBytes),
      close: () => handle.close(),
    };
  },
  async read(path) {
    await using handle = await open(path, 'r');
    const { size } = await handle.stat();
    const bytes = new Uint8Array(new ArrayBuffer(size));
    let length = 0;
    while (length < size) {
      const { bytesRead } = await handle.read(bytes, length, size - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  },
  truncate: (path, sizeBytes) => truncate(path, sizeBytes),
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path),
  async syncDirectory(path) {
    await using handle = await open(path, 'r');
    await handle.sync();
  },
};

/** What is left of the parts when some bytes have been written: a write may stop short. */
function after(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  for (const part of parts) {
    if (bytes >= part.byteLength) bytes -= part.byteLength;
    else {
      rest.push(bytes === 0 ? part : part.subarray(bytes));
      bytes = 0;
    }
  }
  return rest;
}
