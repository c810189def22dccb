import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../runtime/clock.ts';
import { ConfigError, parseConfig } from '../../runtime/config.ts';
import { createLogger } from '../../runtime/logger.ts';
import { createRegistry } from '../../runtime/metrics.ts';
import { type IdentityConfig, identitiesSchema } from './config.ts';
import { Identities, LOCAL_IDENTITY, TokenError } from './identity.ts';
import { requireLoopback } from './listen-guard.ts';

let folder: string;
let tokenFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'identity-'));
  tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'first\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

function config(text: string): readonly IdentityConfig[] {
  return parseConfig('hub.yaml', text, identitiesSchema);
}

function identities(configs: readonly IdentityConfig[], clock = new ManualClock()): Identities {
  return new Identities(configs, {
    clock,
    logger: createLogger('silent'),
    metrics: createRegistry('karmascope_aggregator'),
  });
}

const eu = () => config(`[{ name: eu, token_file: ${tokenFile}, cluster: prod-eu-1 }]`);

describe('identify()', () => {
  test('finds the sender of a token, and nobody without one', () => {
    const senders = identities([...eu(), ...config('[{ name: lab, token: secret, trusted: true }]')]);
    expect(senders.identify('Bearer first')).toMatchObject({
      name: 'eu',
      cluster: 'prod-eu-1',
      trusted: false,
    });
    expect(senders.identify('bearer  secret')).toMatchObject({ name: 'lab', trusted: true });
    for (const header of [undefined, '', 'first', 'Bearer', 'Bearer firs', 'Bearer first x', 'Basic first'])
      expect(senders.identify(header)).toBeUndefined();
  });

  test('takes everybody for the local writer where no identities are configured', () => {
    expect(identities([]).identify(undefined)).toBe(LOCAL_IDENTITY);
  });

  test('answers the same object until the configuration is replaced', () => {
    const senders = identities(eu());
    const before = senders.identify('Bearer first');
    expect(senders.identify('Bearer first')).toBe(before);
    senders.replace(eu());
    expect(senders.identify('Bearer first')).not.toBe(before);
  });
});

describe('a token file', () => {
  test('that changes is read again, and may hold the old and the new token', async () => {
    const clock = new ManualClock();
    const senders = identities(eu(), clock);
    writeFileSync(tokenFile, 'first\nsecond\n');
    await senders.checkTokenFiles();
    expect(senders.identify('Bearer first')?.name).toBe('eu');
    expect(senders.identify('Bearer second')?.name).toBe('eu');
    writeFileSync(tokenFile, 'third');
    await senders.checkTokenFiles();
    expect(senders.identify('Bearer second')).toBeUndefined();
    expect(senders.identify('Bearer third')?.name).toBe('eu');
  });

  test('that vanishes or becomes empty leaves the token good, until it is back', async () => {
    const senders = identities(eu());
    rmSync(tokenFile);
    await senders.checkTokenFiles();
    expect(senders.identify('Bearer first')?.name).toBe('eu');
    writeFileSync(tokenFile, '\n');
    await senders.checkTokenFiles();
    expect(senders.identify('Bearer first')?.name).toBe('eu');
    writeFileSync(tokenFile, 'again');
    await senders.checkTokenFiles();
    expect(senders.identify('Bearer again')?.name).toBe('eu');
  });

  test('that comes to hold the token of another identity changes nothing', async () => {
    const senders = identities([...eu(), ...config('[{ name: us, token: theirs, cluster: prod-us-1 }]')]);
    writeFileSync(tokenFile, 'theirs');
    await senders.checkTokenFiles();
    expect(senders.identify('Bearer theirs')?.name).toBe('us');
    expect(senders.identify('Bearer first')?.name).toBe('eu');
  });

  test('that is missing at the start is an error with the file in it', () => {
    rmSync(tokenFile);
    expect(() => identities(eu())).toThrow(
      new TokenError(`Cannot read the token of identity "eu" from ${tokenFile}: no such file`),
    );
  });
});

test('two identities with the same token are refused', () => {
  const twins = config('[{ name: a, token: same, cluster: a }, { name: b, token: same, cluster: b }]');
  expect(() => identities(twins)).toThrow(
    'Cannot tell identities "a" and "b" apart: they have the same token; give each its own',
  );
});

test('a replacement that cannot be used leaves the identities as they were', () => {
  const senders = identities(eu());
  expect(() => senders.replace(config('[{ name: a, token_file: /nowhere, cluster: a }]'))).toThrow(
    TokenError,
  );
  expect(senders.identify('Bearer first')?.name).toBe('eu');
});

describe('identities in a config file', () => {
  test.each([
    ['[{ name: a, cluster: a }]', 'exactly one of token and token_file'],
    ['[{ name: a, token: t, token_file: f, cluster: a }]', 'exactly one of token and token_file'],
    ['[{ name: a, token: t }]', 'needs the cluster to stamp'],
    ['[{ name: a, token: t, trusted: true, cluster: a }]', 'cannot be trusted'],
    ['[{ name: a, token: t, cluster: Prod_EU }]', 'is no cluster name'],
    ['[{ name: a, token: t, cluster: a }, { name: a, token: u, cluster: b }]', 'comes twice'],
    ['[{ name: a, token: t, clutser: a }]', 'did you mean "cluster"?'],
  ])('%s is refused: %s', (text, problem) => {
    expect(() => config(text)).toThrow(ConfigError);
    expect(() => config(text)).toThrow(problem);
  });
});

describe('requireLoopback()', () => {
  test.each(['127.0.0.1:9390', '127.8.8.8:0', 'localhost:9390', '[::1]:9390'])('lets %s pass', (address) => {
    expect(() => requireLoopback(address)).not.toThrow();
  });
  test.each([':9390', '0.0.0.0:9390', '[::]:9390', '10.0.0.1:9390', '127.evil.example:9390'])(
    'refuses %s and says the way out',
    (address) => {
      expect(() => requireLoopback(address)).toThrow('add "identities"');
    },
  );
});
