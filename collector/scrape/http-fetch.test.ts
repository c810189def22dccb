import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ManualClock } from '../../runtime/clock.ts';
import { program } from '../../test/shared.ts';
import { parseCollectorConfig } from '../config.ts';
import { HttpClient } from './http-client.ts';
import { checkContentType, httpFetch } from './http-fetch.ts';
import { resolveTarget } from './target.ts';

const TEXT = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores' };
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

describe('httpFetch', () => {
  test('asks for text, with gzip and its timeout, and appends the line feed', async () => {
    let headers: http.IncomingHttpHeaders = {};
    const page = await fetchFrom((request, response) => {
      headers = request.headers;
      response.writeHead(200, TEXT).end('a 1');
    });
    expect(page).toBe('a 1\n');
    expect(headers).toMatchObject({
      accept: 'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'accept-encoding': 'gzip',
      'x-prometheus-scrape-timeout-seconds': '10',
    });
  });

  test('decompresses gzip', async () => {
    const text = 'a{b="c"} 1\n'.repeat(100_000);
    const page = await fetchFrom((_, response) => {
      response.writeHead(200, { ...TEXT, 'content-encoding': 'gzip' }).end(gzipSync(text));
    });
    expect(page).toBe(`${text}\n`);
  });

  test('bounds a page by its decompressed size', async () => {
    const bomb = gzipSync(Buffer.alloc(20 * 2 ** 20));
    const fetched = fetchFrom(
      (_, response) => response.writeHead(200, { ...TEXT, 'content-encoding': 'gzip' }).end(bomb),
      'body_size_limit: 1MB',
    );
    await expect(fetched).rejects.toThrow('body_size_limit exceeded: the page is larger than 1048576 bytes');
  });

  test.each<[string, RequestListener, string]>([
    [
      'a status',
      (_, response) => response.writeHead(503).end(),
      'server returned HTTP status 503 Service Unavailable',
    ],
    [
      'a body that is cut off',
      (_, response) => {
        response.writeHead(200, { ...TEXT, 'content-length': '100' });
        response.write('a 1\n', () => response.destroy());
      },
      'aborted',
    ],
    [
      'broken gzip',
      (_, response) => response.writeHead(200, { ...TEXT, 'content-encoding': 'gzip' }).end('a 1\n'),
      'incorrect header check',
    ],
    [
      'OpenMetrics',
      (_, response) =>
        response.writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0' }).end(),
      'Content-Type application/openmetrics-text is not supported; the target must offer text/plain',
    ],
    [
      'no Content-Type',
      (_, response) => response.writeHead(200).end('a 1\n'),
      'target sends no Content-Type',
    ],
  ])('says what is wrong with %s', async (_, handler, message) => {
    await expect(fetchFrom(handler)).rejects.toThrow(message);
  });

  test('ends at the deadline in the middle of a body', async () => {
    const deadline = new AbortController();
    const fetched = fetchFrom(
      (_, response) => {
        response.writeHead(200, TEXT);
        response.write('a 1\n', () => setImmediate(() => deadline.abort()));
      },
      '',
      deadline.signal,
    );
    await expect(fetched).rejects.toThrow('aborted');
  });

  test('follows redirects, but takes no credential to another origin', async () => {
    const seen: (string | undefined)[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(200, TEXT).end('a 1\n');
    });
    const page = await fetchFrom((request, response) => {
      seen.push(request.headers.authorization);
      const location = request.url === '/metrics' ? '/elsewhere' : `http://${other}/metrics`;
      response.writeHead(302, { location }).end();
    }, 'authorization: { credentials: secret }');
    expect(page).toBe('a 1\n\n');
    expect(seen).toEqual(['Bearer secret', 'Bearer secret', undefined]);
    await expect(
      fetchFrom((_, response) => response.writeHead(302, { location: '/' }).end()),
    ).rejects.toThrow('stopped after 10 redirects');
  });

  test('keeps its connection, and opens another when the server has closed it', async () => {
    const sockets = new Set<unknown>();
    const { fetch } = await fetcher((request, response) => {
      sockets.add(request.socket);
      response.writeHead(200, TEXT).end('a 1\n');
    });
    for (let i = 0; i < 3; i++) await fetch(new AbortController().signal);
    expect(sockets.size).toBe(1);
    for (const socket of sockets) (socket as IncomingMessage['socket']).destroy();
    await fetch(new AbortController().signal);
    expect(sockets.size).toBe(2);
  });

  test('reads a rotated credential', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'karmascope-'));
    closing.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'token');
    writeFileSync(file, 'first\n');
    const seen: (string | undefined)[] = [];
    const { fetch, clock } = await fetcher((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(200, TEXT).end('a 1\n');
    }, `authorization: { credentials_file: "${file}" }`);
    await fetch(new AbortController().signal);
    writeFileSync(file, 'second\n');
    await clock.advance(5_000);
    await fetch(new AbortController().signal);
    expect(seen).toEqual(['Bearer first', 'Bearer second']);
    rmSync(file);
    await clock.advance(5_000);
    await expect(fetch(new AbortController().signal)).rejects.toThrow(
      `Cannot read credentials_file ${file}: ENOENT`,
    );
  });
});

describe.skipIf(!program('openssl'))('httpFetch over TLS (needs openssl)', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'karmascope-'));
    makeCertificates(folder);
    return () => rmSync(folder, { recursive: true });
  });

  const clientOf = (extra: string) =>
    `scheme: https\n    tls_config: { cert_file: "${folder}/client.crt", key_file: "${folder}/client.key", ${extra} }`;

  test('trusts the CA it is given and shows its certificate', async () => {
    expect(await fetchSecurely(folder, clientOf(`ca_file: "${folder}/ca.crt"`))).toBe(
      'who{name="collector"} 1\n\n',
    );
  });

  test('skips verification only when told to', async () => {
    await expect(fetchSecurely(folder, clientOf(''))).rejects.toThrow(
      'self-signed certificate in certificate chain',
    );
    expect(await fetchSecurely(folder, clientOf('insecure_skip_verify: true'))).toContain('collector');
  });

  test('checks the name of the server', async () => {
    const wrong = clientOf(`ca_file: "${folder}/ca.crt", server_name: other.example.com`);
    await expect(fetchSecurely(folder, wrong)).rejects.toThrow(
      "Hostname/IP does not match certificate's altnames",
    );
  });
});

describe('checkContentType', () => {
  test('takes text of any version, and with a fallback what has no known type', () => {
    checkContentType('text/plain', false);
    checkContentType('text/plain; version=1.0.0; escaping=allow-utf-8', false);
    checkContentType(undefined, true);
    checkContentType('text/html', true);
    expect(() => checkContentType('text/html; charset=utf-8', false)).toThrow(
      'target sends the Content-Type "text/html"; if its page is Prometheus\' text, set fallback_scrape_protocol: PrometheusText0.0.4',
    );
  });
});

async function fetchFrom(
  handler: RequestListener,
  jobYaml = '',
  signal = new AbortController().signal,
): Promise<string> {
  const { fetch } = await fetcher(handler, jobYaml);
  return (await fetch(signal)).toString();
}

async function fetcher(handler: RequestListener, jobYaml = '') {
  return fetcherOf(await serve(handler), jobYaml);
}

function fetcherOf(address: string, jobYaml: string) {
  const text = `cluster: c\npush: { url: "http://127.0.0.1:1" }\nscrape_configs:\n  - job_name: j\n    ${jobYaml}\n`;
  const job = parseCollectorConfig('collector.yaml', text).jobs[0]!.scrape;
  const resolved = resolveTarget(job, { __address__: address });
  if (resolved.kind !== 'target') throw new Error('BUG: no target');
  const clock = new ManualClock();
  const client = new HttpClient(job.http, clock);
  closing.push(() => client.close());
  return { fetch: httpFetch(resolved.target, job, client), clock };
}

/** The address of a server that is closed when the test ends. */
async function serve(handler: RequestListener, server: http.Server = http.createServer()): Promise<string> {
  server.on('request', handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function fetchSecurely(folder: string, jobYaml: string): Promise<string> {
  const file = (name: string) => readFileSync(join(folder, name));
  const server = https.createServer({
    key: file('server.key'),
    cert: file('server.crt'),
    ca: file('ca.crt'),
    requestCert: true,
  });
  const address = await serve((request: IncomingMessage, response: ServerResponse) => {
    const { subject } = (request.socket as import('node:tls').TLSSocket).getPeerCertificate();
    response.writeHead(200, TEXT).end(`who{name="${subject?.CN}"} 1\n`);
  }, server);
  const { fetch } = fetcherOf(address, jobYaml);
  return (await fetch(new AbortController().signal)).toString();
}

function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = (name: string) => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    `${name}.key`,
  ];
  openssl('req', '-x509', ...key('ca'), '-out', 'ca.crt', '-days', '2', '-subj', '/CN=ca');
  writeFileSync(join(folder, 'server.ext'), 'subjectAltName=IP:127.0.0.1\n');
  writeFileSync(join(folder, 'client.ext'), 'extendedKeyUsage=clientAuth\n');
  for (const [name, subject] of [
    ['server', 'apiserver'],
    ['client', 'collector'],
  ] as const) {
    openssl('req', ...key(name), '-out', `${name}.csr`, '-subj', `/CN=${subject}`);
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-out',
      `${name}.crt`,
      '-extfile',
      `${name}.ext`,
    );
  }
}
