import type { Clock } from './clock.ts';
import { deadline } from './deadline.ts';
import type { KubernetesClient } from './kubernetes-client.ts';
import { readLines } from './kubernetes-lines.ts';

/** Objects a page, as client-go asks for. */
const PAGE_OBJECTS = 500;
/** An object is at most 1.5 MB in etcd; pages of Karmada's Clusters, at 20 KB each, are the largest: 10 MB. */
const PAGE_BYTES_MAX = 64 * 2 ** 20;
/** From the request to its headers, and to the page's end. */
const ANSWER_TIMEOUT_MS = 30_000;
const PAGE_TIMEOUT_MS = 60_000;

export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export interface ListOptions {
  readonly client: KubernetesClient;
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** All objects of a collection, page by page, and the resourceVersion at which it looked like this. */
export async function listAll<T extends KubernetesObject>(
  options: ListOptions,
): Promise<{ items: T[]; resourceVersion: string }> {
  const items: T[] = [];
  for (let token: string | undefined; ; ) {
    const page: ListPage<T> = await readPage(options, PAGE_OBJECTS, token);
    for (const item of page.items ?? []) items.push(withoutManagedFields(item));
    const { resourceVersion, continue: next } = page.metadata ?? {};
    if (!resourceVersion) throw new Error(`Cannot list ${options.path}: the answer is no list of objects`);
    if (!next) return { items, resourceVersion };
    token = next;
  }
}

/** The resourceVersion at which a collection is now, for the price of one object. */
export async function newestResourceVersion(options: ListOptions): Promise<string> {
  return (await readPage(options, 1)).metadata?.resourceVersion ?? '';
}

/** They are a third of an object and say nothing to us. */
export function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  delete (object.metadata as { managedFields?: unknown }).managedFields;
  return object;
}

interface ListPage<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  /** null where a Go server has an empty list. */
  readonly items?: readonly T[] | null;
}

async function readPage<T>(options: ListOptions, objects: number, token?: string): Promise<ListPage<T>> {
  const { client, path } = options;
  const limit = deadline(options, PAGE_TIMEOUT_MS, `the list did not end within ${PAGE_TIMEOUT_MS / 1000} s`);
  try {
    const query = { ...options.query, limit: String(objects), continue: token };
    const response = await client.get(path, { query, signal: limit.signal, timeoutMs: ANSWER_TIMEOUT_MS });
    let text = '';
    for await (const line of readLines(response, PAGE_BYTES_MAX)) {
      text += line;
      if (text.length > PAGE_BYTES_MAX) throw new Error(`Cannot list ${path}: a page is too long`);
    }
    return JSON.parse(text) as ListPage<T>;
  } catch (error) {
    if (limit.signal.aborted) throw limit.signal.reason;
    if (error instanceof SyntaxError)
      throw new Error(`Cannot list ${path}: the answer is not JSON: ${error.message}`, { cause: error });
    throw error;
  } finally {
    limit.cancel();
  }
}
