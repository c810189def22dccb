import http, { type IncomingMessage } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from './clock.ts';
import { readLines } from './kubernetes-lines.ts';

/** Of a refusal's body: a Status object, of which the message is wanted. */
const STATUS_CHARACTERS_MAX = 16 * 1024;

/** The API server did not give what was asked: `status` is 0 when there was no answer at all. */
export class KubernetesError extends Error {
  readonly status: number;
  /** What the server asks to wait before the next try. */
  readonly retryAfterMs: number;

  constructor(message: string, { status = 0, retryAfterMs = 0, cause }: KubernetesErrorOptions = {}) {
    super(message, { cause });
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

interface KubernetesErrorOptions {
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

export interface GetOptions {
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Until the headers are here. */
  readonly timeoutMs: number;
}

/**
 * Reads from one API server. Who we are, how we prove it and whom we trust is the kubeconfig's matter, or the
 * service account's where there is none; the client library that knows all its forms costs 80 MB of memory,
 * so it is loaded with the first request. Requests are made by hand, because the library's own watch has no
 * bound on a line and swallows what it cannot parse.
 */
export class KubernetesClient {
  readonly #kubeconfigFile: string | undefined;
  readonly #clock: Clock;
  #config: KubeConfig | undefined;

  constructor({
    kubeconfigFile,
    clock,
  }: { readonly kubeconfigFile: string | undefined; readonly clock: Clock }) {
    this.#kubeconfigFile = kubeconfigFile;
    this.#clock = clock;
  }

  /** For pages and logs. */
  get source(): string {
    return this.#kubeconfigFile ?? 'service account of this pod';
  }

  /** Reads the kubeconfig anew with the next request: after a failure its credentials may have been rotated. */
  reload(): void {
    this.#config = undefined;
  }

  /**
   * A successful answer whose body has yet to be read; aborting the signal ends it at any time. Everything
   * else rejects with a KubernetesError.
   */
  async get(path: string, { query, signal, timeoutMs }: GetOptions): Promise<IncomingMessage> {
    const options: RequestOptions = { headers: { accept: 'application/json' } };
    const config = (this.#config ??= await this.#load());
    const url = new URL(config.getCurrentCluster()!.server);
    url.pathname = url.pathname.replace(/\/+$/, '') + path;
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value);
    try {
      await config.applyToHTTPSOptions(options);
    } catch (cause) {
      throw new KubernetesError(`Cannot use the credentials of ${this.source}: ${(cause as Error).message}`, {
        cause,
      });
    }
    const response = await this.#request(url, { ...options, signal }, timeoutMs);
    if (response.statusCode === 200) return response;
    throw await refusal(url, response, this.#clock.now());
  }

  #request(url: URL, options: RequestOptions, timeoutMs: number): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? https : http).request(url, options);
      const cancel = this.#clock.after(timeoutMs, () =>
        request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
      );
      request.once('response', (response) => {
        cancel();
        resolve(response);
      });
      request.once('error', (cause: NodeJS.ErrnoException) => {
        cancel();
        reject(new KubernetesError(`Cannot reach ${url.origin}: ${cause.message || cause.code}`, { cause }));
      });
      request.end();
    });
  }

  async #load(): Promise<KubeConfig> {
    const { KubeConfig } = await import('@kubernetes/client-node');
    const config = new KubeConfig();
    try {
      if (this.#kubeconfigFile !== undefined) config.loadFromFile(this.#kubeconfigFile);
      else config.loadFromCluster();
    } catch (cause) {
      throw new KubernetesError(`Cannot read ${this.source}: ${(cause as Error).message}`, { cause });
    }
    const cluster = config.getCurrentCluster();
    if (!URL.canParse(cluster?.server ?? '')) {
      const wayOut =
        this.#kubeconfigFile === undefined
          ? 'there is none where this runs; set kubeconfig_file'
          : 'its current-context names no cluster with a server';
      throw new KubernetesError(`Cannot use ${this.source}: ${wayOut}`);
    }
    // The library refuses plain HTTP, for a token in it is in the open; on loopback it is not.
    const { protocol, hostname } = new URL(cluster!.server);
    if (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
      config.loadFromOptions({
        ...config,
        clusters: config.clusters.map((other) => ({ ...other, skipTLSVerify: true })),
      });
    return config;
  }
}

async function refusal(url: URL, response: IncomingMessage, nowMs: number): Promise<KubernetesError> {
  const status = response.statusCode ?? 0;
  const header = response.headers['retry-after'];
  const waitMs = header === undefined ? 0 : 1000 * Number(header) || Date.parse(header) - nowMs;
  return new KubernetesError(
    `Cannot GET ${url.pathname} from ${url.origin}: ${status} ${await statusMessage(response)}`,
    { status, retryAfterMs: Math.max(0, waitMs || 0) },
  );
}

/** A Status object's message, or the beginning of whatever a proxy in between has to say. */
async function statusMessage(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const line of readLines(response, STATUS_CHARACTERS_MAX)) {
      text += line;
      if (text.length > STATUS_CHARACTERS_MAX) break;
    }
    const status: unknown = JSON.parse(text);
    if (typeof status === 'object' && status !== null && 'message' in status) return String(status.message);
  } catch {
    // The status alone has to do.
  }
  return (text.trim() || response.statusMessage || '').slice(0, 200);
}
