import { readFile } from 'node:fs/promises';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Clock } from '../../runtime/clock.ts';

export interface HttpOptions {
  readonly authorization:
    | {
        readonly type: string;
        readonly credentials: string | undefined;
        readonly credentialsFile: string | undefined;
      }
    | undefined;
  readonly tls:
    | {
        readonly caFile: string | undefined;
        readonly certFile: string | undefined;
        readonly keyFile: string | undefined;
        readonly serverName: string | undefined;
        readonly insecureSkipVerify: boolean;
      }
    | undefined;
  readonly followRedirects: boolean;
  readonly compression: boolean;
}

/** As Go's client has it. */
const REDIRECTS_MAX = 10;
/** Certificates and tokens are rotated hours before they end: a change that is seen this late is early. */
const RECHECK_MS = 5_000;
/** Idle connections: one to each target, of 10,000 at most; a server closes its own after a minute or so. */
const FREE_SOCKETS_MAX = 10_000;

type Agents = { readonly http: http.Agent; readonly https: https.Agent };

/** GET for the targets of one job, with the job's credentials, which are read again when their files change. */
export class HttpClient {
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  #agents: Agents | undefined;
  /** What the agents were made of. */
  #material = '';
  #checkedMs = Number.NEGATIVE_INFINITY;
  #authorization: string | undefined;
  #checking: Promise<void> | undefined;

  constructor(options: HttpOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** The answer of whatever status that is no redirect; its body must be read or destroyed by the caller. */
  async get(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    await this.#refresh();
    let at = new URL(url);
    const origin = at.origin;
    for (let redirects = 0; ; redirects++) {
      // A credential is for the target, not for where the target points.
      const authorized = at.origin === origin && this.#authorization !== undefined;
      const sent = authorized ? { ...headers, authorization: this.#authorization! } : headers;
      const response = await this.#request(at, sent, signal);
      const location = response.headers.location;
      const isRedirect = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0);
      if (!isRedirect || location === undefined || !this.#options.followRedirects) return response;
      response.resume();
      if (redirects === REDIRECTS_MAX) throw new Error(`stopped after ${REDIRECTS_MAX} redirects`);
      at = new URL(location, at);
    }
  }

  close(): void {
    this.#agents?.http.destroy();
    this.#agents?.https.destroy();
  }

  async #request(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    for (let tries = 1; ; tries++) {
      const agents = this.#agents!;
      const isTls = url.protocol === 'https:';
      const request = isTls
        ? https.request(url, { headers, signal, agent: agents.https })
        : http.request(url, { headers, signal, agent: agents.http });
      try {
        return await new Promise<IncomingMessage>((resolve, reject) => {
          request.once('response', resolve);
          request.once('error', reject);
          request.end();
        });
      } catch (error) {
        // The server closed an idle connection in the moment it was used again: this says nothing about it.
        const isStaleSocket = request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(codeOf(error));
        if (!isStaleSocket || tries > 1) throw error;
      }
    }
  }

  /** Reads credentials when it is time to; those who come meanwhile wait for the same reading. */
  async #refresh(): Promise<void> {
    if (this.#clock.now() - this.#checkedMs < RECHECK_MS) return;
    this.#checking ??= this.#readCredentials().finally(() => {
      this.#checking = undefined;
    });
    await this.#checking;
  }

  async #readCredentials(): Promise<void> {
    const { authorization, tls } = this.#options;
    const [ca, cert, key, credentials] = await Promise.all([
      read(tls?.caFile, 'ca_file'),
      read(tls?.certFile, 'cert_file'),
      read(tls?.keyFile, 'key_file'),
      read(authorization?.credentialsFile, 'credentials_file'),
    ]);
    const secret = credentials?.trim() ?? authorization?.credentials;
    this.#authorization = authorization && secret && `${authorization.type} ${secret}`;
    const material = JSON.stringify([ca, cert, key]);
    if (this.#agents === undefined || material !== this.#material) {
      // Scrapes under way go on with the old ones.
      if (this.#agents) closeIdle(this.#agents);
      const shared = { keepAlive: true, maxFreeSockets: FREE_SOCKETS_MAX };
      this.#agents = {
        http: new http.Agent(shared),
        https: new https.Agent({
          ...shared,
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key }),
          ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
          rejectUnauthorized: tls?.insecureSkipVerify !== true,
        }),
      };
      this.#material = material;
    }
    this.#checkedMs = this.#clock.now();
  }
}

async function read(file: string | undefined, key: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`Cannot read ${key} ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function closeIdle(agents: Agents): void {
  for (const agent of [agents.http, agents.https])
    for (const sockets of Object.values(agent.freeSockets))
      for (const socket of sockets ?? []) socket.destroy();
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}
