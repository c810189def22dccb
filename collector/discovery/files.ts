import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { sleep } from '../../runtime/clock.ts';
import { type FileDiscoveryConfig, staticGroupSchema } from './config.ts';
import type { Discovery, DiscoveryOptions, TargetGroup } from './discovery.ts';

/** Files are read this often; a target that waits half a minute for its first scrape is no trouble. */
const READ_INTERVAL_MS = 5_000;

const fileSchema = z.array(staticGroupSchema);

/**
 * Targets from files that another program writes (`file_sd_configs`). A file that cannot be read or is not
 * well-formed keeps the targets it had: a writer that is caught half-way must not end the scrapes.
 */
export function startFileDiscovery(config: FileDiscoveryConfig, options: DiscoveryOptions): Discovery {
  const stopped = new AbortController();
  const discovery = new FileDiscovery(config, options);
  const ended = (async () => {
    while (!stopped.signal.aborted) {
      await discovery.read();
      await sleep(options.clock, READ_INTERVAL_MS, stopped.signal);
    }
  })();
  return {
    watches: () => [],
    stop: async () => {
      stopped.abort();
      await ended;
    },
  };
}

export class FileDiscovery {
  readonly #config: FileDiscoveryConfig;
  readonly #options: DiscoveryOptions;
  /** What each file held, and how many groups it gave. */
  #known = new Map<string, { text: string; groups: number }>();
  /** The error each file was logged with. */
  readonly #errors = new Map<string, string>();

  constructor(config: FileDiscoveryConfig, options: DiscoveryOptions) {
    this.#config = config;
    this.#options = options;
  }

  /** Reads all files, and tells of those that have changed. */
  async read(): Promise<void> {
    const found = new Map<string, { text: string; groups: number }>();
    const changed: TargetGroup[] = [];
    for (const file of await this.#files()) {
      const before = this.#known.get(file);
      try {
        const text = await readFile(file, 'utf8');
        const groups = before?.text === text ? [] : readGroups(file, text);
        changed.push(...groups);
        const count = before?.text === text ? before.groups : groups.length;
        for (let i = count; i < (before?.groups ?? 0); i++) changed.push(emptyGroup(file, i));
        found.set(file, { text, groups: count });
        this.#errors.delete(file);
      } catch (error) {
        this.#log(file, error);
        if (before) found.set(file, before);
      }
    }
    for (const [file, { groups }] of this.#known) {
      if (found.has(file)) continue;
      for (let i = 0; i < groups; i++) changed.push(emptyGroup(file, i));
    }
    this.#known = found;
    if (changed.length > 0) this.#options.onGroups(changed);
  }

  async #files(): Promise<string[]> {
    const files: string[] = [];
    for (const pattern of this.#config.files) {
      const name = basename(pattern);
      if (!name.includes('*')) {
        files.push(pattern);
        continue;
      }
      const [head, ...parts] = name.split('*');
      const tail = parts.join('*');
      try {
        const names = await readdir(dirname(pattern));
        const isMatch = (other: string) =>
          other.length >= head!.length + tail.length && other.startsWith(head!) && other.endsWith(tail);
        for (const other of names.filter(isMatch)) files.push(join(dirname(pattern), other));
      } catch (error) {
        this.#log(pattern, error);
      }
    }
    return files.sort();
  }

  #log(file: string, error: unknown): void {
    const reason = (error as Error).message;
    if (this.#errors.get(file) === reason) return;
    this.#errors.set(file, reason);
    this.#options.logger.error({ file, reason }, 'Cannot read targets; the file keeps those it had');
  }
}

/** JSON is YAML too. */
function readGroups(file: string, text: string): TargetGroup[] {
  const result = fileSchema.safeParse(parse(text) ?? []);
  if (!result.success) throw new Error(z.prettifyError(result.error));
  return result.data.map(({ targets, labels }, i) => ({
    source: `${file}:${i}`,
    targets: targets.map((address) => ({ __address__: address })),
    labels: { __meta_filepath: file, ...labels },
  }));
}

function emptyGroup(file: string, index: number): TargetGroup {
  return { source: `${file}:${index}`, targets: [], labels: {} };
}
