import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { IdentityConfig } from './config.ts';

export { isClusterName } from './cluster-name.ts';

/** Who a sender is, proven by its token. Nothing else a sender says can change what it maps to. */
export interface Identity {
  readonly name: string;
  /** The cluster whose data it brings; absent for trusted senders only. */
  readonly cluster?: string;
  /** May speak for the whole federation: Cluster objects, Karmada's series about members. */
  readonly federation: boolean;
  /** Labels are kept exactly as sent. */
  readonly trusted: boolean;
  readonly region?: string;
  readonly provider?: string;
}

/** Everybody, where no identities are configured: such a hub listens on loopback only. */
export const LOCAL_IDENTITY: Identity = { name: 'local', federation: true, trusted: true };

/** A changed token file is noticed within this time. */
const TOKEN_FILE_CHECK_MS = 5_000;

/** A token file cannot be used; the message says which identity's, why, and the way out. */
export class TokenError extends Error {}

interface Entry {
  readonly identity: Identity;
  readonly file: string | undefined;
  /** What the file looked like when it was read: inode, size and time of change. */
  fingerprint: string;
  digests: readonly Buffer[];
}

/**
 * Maps bearer tokens to identities. Only SHA-256 digests are kept: they are looked up by digest and compared
 * in constant time, so that an answer's time says nothing about a token.
 */
export class Identities {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #reloads: Counter<'identity' | 'outcome'>;
  #entries: readonly Entry[] = [];
  #byDigest = new Map<string, Entry>();
  #cancelCheck: (() => void) | undefined;

  /** Throws a TokenError when a token cannot be had. */
  constructor(
    configs: readonly IdentityConfig[],
    { logger, clock, metrics }: { logger: Logger; clock: Clock; metrics: Registry },
  ) {
    this.#logger = logger;
    this.#clock = clock;
    this.#reloads = new Counter({
      name: 'karmascope_aggregator_token_file_reads_total',
      help: 'Token files read again because they had changed.',
      labelNames: ['identity', 'outcome'],
      registers: [metrics],
    });
    this.replace(configs);
    this.#scheduleCheck();
  }

  /** The sender of a request, by its Authorization header; undefined when the token is missing or unknown. */
  identify(authorization: string | undefined): Identity | undefined {
    if (this.#entries.length === 0) return LOCAL_IDENTITY;
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    const digest = digestOf(token);
    const entry = this.#byDigest.get(digest.toString('base64'));
    if (!entry?.digests.some((known) => timingSafeEqual(known, digest))) return undefined;
    return entry.identity;
  }

  get list(): readonly Identity[] {
    return this.#entries.length === 0 ? [LOCAL_IDENTITY] : this.#entries.map((entry) => entry.identity);
  }

  /** Takes over a new configuration whole, or throws and keeps the one it had. */
  replace(configs: readonly IdentityConfig[]): void {
    const entries = configs.map(readEntry);
    this.#byDigest = index(entries);
    this.#entries = entries;
  }

  /** Reads token files that changed. One that cannot be read leaves its identity's tokens as they were. */
  async checkTokenFiles(): Promise<void> {
    const entries = this.#entries;
    for (const entry of entries) {
      if (entry.file === undefined) continue;
      const fingerprint = await stat(entry.file).then(fingerprintOf, () => '');
      // The configuration was replaced meanwhile, and with it the files were read.
      if (entries !== this.#entries) return;
      if (fingerprint === entry.fingerprint) continue;
      const before = entry.digests;
      const outcome = { identity: entry.identity.name, outcome: 'read' };
      try {
        entry.digests = readTokens(entry.identity.name, entry.file).map(digestOf);
        this.#byDigest = index(entries);
        this.#logger.info(
          { identity: entry.identity.name, file: entry.file },
          'Token file changed and was read',
        );
      } catch (error) {
        entry.digests = before;
        outcome.outcome = 'failed';
        this.#logger.error(
          { identity: entry.identity.name, reason: String((error as Error).message) },
          'Cannot read a changed token file; the token known before stays good',
        );
      }
      entry.fingerprint = fingerprint;
      this.#reloads.inc(outcome);
    }
  }

  stop(): void {
    this.#cancelCheck?.();
  }

  #scheduleCheck(): void {
    this.#cancelCheck = this.#clock.after(TOKEN_FILE_CHECK_MS, () => {
      this.#scheduleCheck();
      void this.checkTokenFiles();
    });
  }
}

function readEntry(config: IdentityConfig): Entry {
  const identity: Identity = {
    name: config.name,
    federation: config.federation,
    trusted: config.trusted,
    ...(config.cluster !== undefined && { cluster: config.cluster }),
    ...(config.region !== undefined && { region: config.region }),
    ...(config.provider !== undefined && { provider: config.provider }),
  };
  const file = config.token_file;
  if (file === undefined) return { identity, file, fingerprint: '', digests: [digestOf(config.token ?? '')] };
  // Looked at before it is read: a rotation in between is then seen as a change, not missed.
  const status = statSync(file, { throwIfNoEntry: false });
  const digests = readTokens(identity.name, file).map(digestOf);
  return { identity, file, fingerprint: status ? fingerprintOf(status) : '', digests };
}

function readTokens(name: string, file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reason = code === 'ENOENT' ? 'no such file' : String((error as Error).message);
    throw new TokenError(`Cannot read the token of identity "${name}" from ${file}: ${reason}`);
  }
  const tokens = text.split('\n').flatMap((line) => line.trim() || []);
  if (tokens.length === 0)
    throw new TokenError(
      `Cannot read the token of identity "${name}" from ${file}: it is empty; write one token a line`,
    );
  return tokens;
}

/** Throws when two identities have the same token: who sends could not be told. */
function index(entries: readonly Entry[]): Map<string, Entry> {
  const byDigest = new Map<string, Entry>();
  for (const entry of entries) {
    for (const digest of entry.digests) {
      const key = digest.toString('base64');
      const other = byDigest.get(key);
      if (other && other !== entry)
        throw new TokenError(
          `Cannot tell identities "${other.identity.name}" and "${entry.identity.name}" apart: they have the same token; give each its own`,
        );
      byDigest.set(key, entry);
    }
  }
  return byDigest;
}

function fingerprintOf(stats: { ino: number; size: number; mtimeMs: number }): string {
  return `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
