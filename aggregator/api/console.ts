import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import express, { type NextFunction, type Request, type Response, Router } from 'express';
import {
  type Assets,
  escapeHtml,
  fleetDocument,
  type Theme,
  textDocument,
} from '../../dashboards/console/document.ts';
import type { FleetView } from '../../dashboards/console/fleet-view.ts';
import { markdownToHtml } from '../../dashboards/console/markdown-page.ts';
import { verdict, verdictText } from '../../dashboards/console/verdict.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { FleetStream } from './fleet-stream.ts';

export interface ConsoleOptions {
  readonly fleet: () => FleetView | Promise<FleetView>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where `karmascope demo` plays its scenarios; undefined where nothing is simulated. */
  readonly demoControlUrl?: () => string | undefined;
  readonly fetch?: typeof fetch;
  /** Folder of `<AlertName>.md`; the shipped ones unless told otherwise. */
  readonly runbooksDir?: string;
  /** What `npm run build:console` wrote. */
  readonly assetsDir?: string;
}

const ROOT = join(import.meta.dirname, '..', '..');

/** Everything comes from this hub, nothing runs that is not in its files, and nobody frames it. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

const SCENARIOS: ReadonlySet<string> = new Set(['region-lost', 'collector-silent', 'recovery']);
/** What the simulator may take to answer. */
const SCENARIO_TIMEOUT_MS = 10_000;
/** The input of a scenario is one name. */
const SCENARIO_BODY_BYTES_MAX = 4_096;
/** Below this a packet is saved by nothing. */
const GZIP_ABOVE_BYTES = 1_400;

const compress = promisify(gzip);

/** The page at `/`, what it loads, the same data as JSON and as a stream, and the runbooks. */
export function consoleRouter(options: ConsoleOptions): Router {
  const { fleet, clock, logger } = options;
  const assetsDir = options.assetsDir ?? join(ROOT, 'dashboards', 'console', 'dist');
  const runbooks = readRunbooks(options.runbooksDir ?? join(ROOT, 'alerts', 'runbooks'));
  const assets = readAssets(assetsDir);
  const stream = new FleetStream({ fleet, clock, logger });
  const router = Router();

  router.get('/api/v1/federation/fleet', async (request, response) => {
    response.set('cache-control', 'no-store');
    await send(request, response, 'application/json', JSON.stringify(await fleet()));
  });
  router.get('/api/v1/federation/fleet/stream', (request, response) => stream.open(request, response));
  router.get('/assets/:file', (request, response, next) => {
    const content = assets?.files.get(request.params.file);
    if (!content) return next();
    response.set('cache-control', 'public, max-age=31536000, immutable');
    return send(request, response, content.type, content.bytes);
  });
  if (options.demoControlUrl) {
    const form = express.urlencoded({ extended: false, limit: SCENARIO_BODY_BYTES_MAX });
    router.post('/demo/play/:scenario', sameOriginOnly, form, playScenario(options));
  }

  const page = pageHandler(assets?.addresses);
  router.get(
    '/',
    page(async (request, { addresses, theme }) => {
      const view = await fleet();
      const parameters = new URL(request.originalUrl, 'http://console').searchParams;
      const announcement = verdictText(verdict(view, view.timeMs), { ages: false });
      const props = {
        view,
        nowMs: view.timeMs,
        connection: 'static',
        query: parameters.get('q') ?? '',
        layout: parameters.get('view') === 'table' ? 'table' : 'tiles',
        waitingEvents: 0,
        notice: '',
        announcement,
      } as const;
      return fleetDocument(props, addresses, theme);
    }),
  );
  router.get(
    '/runbooks',
    page((_request, { addresses, theme }) => {
      const items = [...runbooks.keys()].map((name) => `<li><a href="/runbooks/${name}">${name}</a></li>`);
      return textDocument('Runbooks', `<h1>Runbooks</h1><ul>${items.join('')}</ul>`, addresses, theme);
    }),
  );
  router.get(
    '/runbooks/:name',
    page((request, { addresses, theme }, response) => {
      const name = String(request.params['name']);
      const text = runbooks.get(name);
      if (text !== undefined) return textDocument(name, markdownToHtml(text), addresses, theme);
      response.status(404);
      const said = `<h1>No runbook of this name</h1><p>There is none for “${escapeHtml(name)}”. <a href="/runbooks">All runbooks</a></p>`;
      return textDocument('No runbook', said, addresses, theme);
    }),
  );
  return router;
}

interface Files {
  readonly addresses: Assets;
  readonly files: ReadonlyMap<string, { readonly type: string; readonly bytes: Buffer }>;
}

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
};

/** All built files, kept in memory: they are few and small. Undefined where the console was never built. */
function readAssets(dir: string): Files | undefined {
  try {
    const addresses = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Assets;
    const files = new Map<string, { type: string; bytes: Buffer }>();
    for (const address of [addresses.script, addresses.style, addresses.icon]) {
      const file = address.slice(address.lastIndexOf('/') + 1);
      const type = TYPES[file.slice(file.lastIndexOf('.') + 1)]!;
      files.set(file, { type, bytes: readFileSync(join(dir, file)) });
    }
    return { addresses, files };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** By alert name; read once, because they ship with the program. */
function readRunbooks(dir: string): ReadonlyMap<string, string> {
  const runbooks = new Map<string, string>();
  const files = readdirSync(dir).filter((file) => file.endsWith('.md'));
  for (const file of files.sort()) runbooks.set(file.slice(0, -3), readFileSync(join(dir, file), 'utf8'));
  return runbooks;
}

interface PageContext {
  readonly addresses: Assets;
  readonly theme: Theme;
}

type PageRenderer = (request: Request, context: PageContext, response: Response) => string | Promise<string>;

function pageHandler(addresses: Assets | undefined) {
  return (render: PageRenderer) => async (request: Request, response: Response) => {
    if (!addresses) {
      response
        .status(503)
        .type('text')
        .send('Cannot show the console: it is not built; run npm run build:console\n');
      return;
    }
    response.set({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cache-control': 'no-store',
      vary: 'cookie',
    });
    const text = await render(request, { addresses, theme: themeOf(request) }, response);
    await send(request, response, 'text/html', text);
  };
}

/** As the reader chose with the key `d`. */
function themeOf({ headers }: Request): Theme {
  const choice = /(?:^|;\s*)karmascope_theme=(light|dark)(?:;|$)/.exec(headers.cookie ?? '')?.[1];
  return choice as Theme;
}

async function send(
  request: Request,
  response: Response,
  type: string,
  body: string | Buffer,
): Promise<void> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.set('content-type', `${type}; charset=utf-8`).vary('accept-encoding');
  const isPacked = bytes.length > GZIP_ABOVE_BYTES && request.acceptsEncodings('gzip') === 'gzip';
  if (isPacked) response.set('content-encoding', 'gzip');
  response.send(isPacked ? await compress(bytes) : bytes);
}

/** Another site's page in somebody's browser cannot press the buttons. */
function sameOriginOnly(request: Request, response: Response, next: NextFunction): void {
  const site = request.headers['sec-fetch-site'] ?? 'none';
  if (site === 'same-origin' || site === 'none') next();
  else response.status(403).json({ message: "Cannot take this from another site's page" });
}

/** A form of the page becomes a call to the simulator; without script the answer leads back to the page. */
function playScenario({ demoControlUrl, fetch: ask = fetch, logger }: ConsoleOptions): express.Handler {
  return async (request, response) => {
    const name = String(request.params['scenario']);
    const base = demoControlUrl?.();
    const answer = (status: number, message: string) => {
      if (status === 200 && request.accepts(['html', 'json']) === 'html') response.redirect(303, '/');
      else response.status(status).json({ message });
    };
    if (base === undefined || !SCENARIOS.has(name))
      return answer(404, 'Cannot play this: there is no such scenario here');
    try {
      const played = await ask(new URL(`/scenario/${name}`, base), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request.body ?? {}),
        redirect: 'error',
        signal: AbortSignal.timeout(SCENARIO_TIMEOUT_MS),
      });
      if (played.ok) return answer(200, 'The scenario runs; the page follows');
      const { error } = (await played.json()) as { error?: string };
      return answer(502, `The simulator refuses: ${error ?? `HTTP ${played.status}`}`);
    } catch (error) {
      logger.warn({ err: error, scenario: name }, 'Cannot reach the simulator');
      return answer(502, 'Cannot reach the simulator: is the demo still running?');
    }
  };
}
