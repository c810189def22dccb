import { basename, dirname } from 'node:path';
import type { Files, StoreFile } from './files.ts';

/** What a test can let happen before an operation: throw, or wait. */
export type Operation = 'create' | 'write' | 'sync' | 'truncate' | 'read' | 'rename' | 'remove';

/**
 * Files in memory for tests: a disk that can be full, operations that fail or wait, and bytes that can be
 * looked at and broken.
 */
export class MemoryFiles implements Files {
  readonly content = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly operations: Operation[] = [];
  quotaBytes = Number.POSITIVE_INFINITY;
  before: (operation: Operation, path: string) => void | Promise<void> = () => {};

  async makeDirectory(): Promise<void> {}

  async list(directory: string): Promise<string[]> {
    return [...this.content.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => basename(path));
  }

  async create(path: string): Promise<StoreFile> {
    await this.#begin('create', path);
    if (this.content.has(path)) throw diskError('EEXIST', path);
    this.content.set(path, new Uint8Array());
    return {
      write: async (parts, position) => {
        await this.#begin('write', path);
        for (const part of parts) {
          this.#write(path, part, position);
          position += part.byteLength;
        }
      },
      sync: () => this.#begin('sync', path),
      truncate: (sizeBytes) => this.truncate(path, sizeBytes),
      close: async () => {},
    };
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    await this.#begin('read', path);
    return this.content.get(path)!.slice();
  }

  async truncate(path: string, sizeBytes: number): Promise<void> {
    await this.#begin('truncate', path);
    const resized = new Uint8Array(sizeBytes);
    resized.set(this.content.get(path)!.subarray(0, sizeBytes));
    this.content.set(path, resized);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#begin('rename', from);
    this.content.set(to, this.content.get(from)!);
    this.content.delete(from);
  }

  async remove(path: string): Promise<void> {
    await this.#begin('remove', path);
    this.content.delete(path);
  }

  async syncDirectory(): Promise<void> {}

  async #begin(operation: Operation, path: string): Promise<void> {
    this.operations.push(operation);
    await this.before(operation, path);
  }

  /** As a full disk does it: what fits is written, then the write fails. */
  #write(path: string, part: Uint8Array, position: number): void {
    const old = this.content.get(path)!;
    let usedBytes = -old.byteLength;
    for (const bytes of this.content.values()) usedBytes += bytes.byteLength;
    const room = Math.max(old.byteLength, this.quotaBytes - usedBytes) - position;
    const fits = part.subarray(0, Math.max(0, room));
    if (position + fits.byteLength <= old.byteLength) old.set(fits, position);
    else this.#extend(path, old, fits, position);
    if (fits.byteLength < part.byteLength) throw diskError('ENOSPC', path);
  }

  #extend(path: string, old: Uint8Array, fits: Uint8Array, position: number): void {
    const resized = new Uint8Array(position + fits.byteLength);
    resized.set(old);
    resized.set(fits, position);
    this.content.set(path, resized);
  }
}

export function diskError(code: 'ENOSPC' | 'EIO' | 'EEXIST', path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
