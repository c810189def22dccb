import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type HttpServer, listen } from '../runtime/http-server.ts';
import { sharedPath } from './shared.ts';

/** A change as an API server sends it in a watch. */
export interface WatchLine {
  readonly type: string;
  readonly object: ApiObject;
}

interface ApiObject {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
}

export interface ApiRequest {
  readonly kind: 'list' | 'watch';
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

/** Answers a request in its own way; false: as usual. */
type Override = (request: ApiRequest, response: ServerResponse) => boolean;

/**
 * A Kubernetes API server on loopback with one collection, which sends what a test or a recording gives it:
 * lists in pages, watches that go on from a resourceVersion.
 */
export class RecordedApi {
  readonly requests: ApiRequest[] = [];
  /** Asked first for each request. */
  override: Override = () => false;
  resourceVersion = '1';
  readonly kubeconfigFile: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'recorded-api-'));
  readonly #path: string;
  readonly #items = new Map<string, ApiObject>();
  readonly #watches = new Set<ServerResponse>();
  #server: HttpServer | undefined;

  private constructor(path: string) {
    this.#path = path;
    this.kubeconfigFile = join(this.#folder, 'kubeconfig.yaml');
  }

  static async start(path: string): Promise<RecordedApi> {
    const api = new RecordedApi(path);
    api.#server = await listen('127.0.0.1:0', (request, response) => api.#handle(request, response));
    api.writeKubeconfig('secret');
    return api;
  }

  get url(): string {
    return this.#server!.url;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  count(kind: ApiRequest['kind']): number {
    return this.requests.filter((request) => request.kind === kind).length;
  }

  writeKubeconfig(token: string): void {
    writeFileSync(
      this.kubeconfigFile,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'it',
        clusters: [{ name: 'it', cluster: { server: this.url } }],
        users: [{ name: 'me', user: { token } }],
        contexts: [{ name: 'it', context: { cluster: 'it', user: 'me' } }],
      }),
    );
  }

  /** Applies a change to the collection and sends it to those who watch, unless they shall miss it. */
  change(line: WatchLine, { missed = false } = {}): void {
    const { type, object } = line;
    this.resourceVersion = object.metadata.resourceVersion;
    if (type === 'ADDED' || type === 'MODIFIED') this.#items.set(object.metadata.uid, object);
    if (type === 'DELETED') this.#items.delete(object.metadata.uid);
    if (!missed) this.send(JSON.stringify(line));
  }

  /** A line as it is to all who watch. */
  send(line: string): void {
    for (const response of this.#watches) response.write(`${line}\n`);
  }

  /** Ends the open watches as a server does, or as one that dies. */
  endWatches({ abruptly = false } = {}): void {
    for (const response of this.#watches) {
      if (abruptly) response.destroy();
      else response.end();
    }
    this.#watches.clear();
  }

  async close(): Promise<void> {
    this.endWatches({ abruptly: true });
    await this.#server?.close();
    rmSync(this.#folder, { recursive: true });
  }

  #handle(incoming: IncomingMessage, response: ServerResponse): void {
    const url = new URL(incoming.url!, this.url);
    if (url.pathname !== this.#path) {
      response.writeHead(404).end();
      return;
    }
    const kind = url.searchParams.has('watch') ? 'watch' : 'list';
    const request = { kind, query: url.searchParams, headers: incoming.headers } as const;
    this.requests.push(request);
    if (this.override(request, response)) return;
    if (kind === 'watch') {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      this.#watches.add(response);
      response.once('close', () => this.#watches.delete(response));
    } else this.#list(url.searchParams, response);
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const items = [...this.#items.values()];
    const start = Number(query.get('continue') ?? 0);
    const end = start + Number(query.get('limit') ?? items.length);
    const metadata = {
      resourceVersion: this.resourceVersion,
      ...(end < items.length ? { continue: String(end) } : {}),
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata, items: items.slice(start, end) }),
    );
  }
}

/** The events of a recorded watch in order of receipt; undefined where there are no recordings. */
export function recordedWatch(...path: string[]): { t: number; event: WatchLine }[] | undefined {
  const file = sharedPath('captures', 'watch', ...path);
  if (file === undefined) return undefined;
  return readText(file)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .filter((record) => 'event' in record);
}

/** The items of a recorded list. */
export function recordedList<T>(...path: string[]): T[] | undefined {
  const file = sharedPath('captures', 'objects', ...path);
  return file === undefined ? undefined : JSON.parse(readText(file)).items;
}

function readText(file: string): string {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
}
