import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Clock } from '../../runtime/clock.ts';
import { type ApiResource, apiVersionOf, type StatusError, statusObject } from './api-resources.ts';
import { serveWatch } from './kubernetes-watch.ts';
import type { KubernetesObject, ObjectStore } from './object-store.ts';

/** What the server's own request metrics are told of each request. */
export interface ServedRequest {
  verb: 'GET' | 'LIST' | 'WATCH';
  api: ApiResource;
  scope: 'cluster' | 'namespace' | 'resource';
  code: number;
  seconds: number;
}

export interface KubernetesApiOptions {
  store: ObjectStore;
  resources: readonly ApiResource[];
  clock: Clock;
  /** The one bearer token that is let in; without it nobody is asked. */
  token?: string;
  /** The server's /metrics. */
  metrics: () => { contentType: string; text: string };
  onRequest?: (request: ServedRequest) => void;
}

const HEALTH_PATHS = new Set(['/healthz', '/livez', '/readyz']);
const SERVER_VERSION = { major: '1', minor: '36', gitVersion: 'v1.36.2', platform: 'linux/amd64' };

/** Reading access to an API server: get, list and watch; what it does not have is answered as Kubernetes does. */
export function createKubernetesApi(options: KubernetesApiOptions): RequestListener {
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://apiserver');
    const startMs = options.clock.now();
    const answer = route(options, url, request);
    const { about } = answer;
    if (about) {
      response.once('finish', () => {
        const seconds = (options.clock.now() - startMs) / 1000;
        options.onRequest?.({ ...about, code: response.statusCode, seconds });
      });
    }
    if ('watch' in answer) serveWatch({ ...options, ...answer.watch }, url.searchParams, response);
    else sendText(response, answer.code, answer.text, answer.contentType);
  };
}

type Matcher = (object: KubernetesObject) => boolean;

/** What a request gets; `about` is missing where no resource was asked for. */
type Answer = { about?: Omit<ServedRequest, 'code' | 'seconds'> | undefined } & (
  | { code: number; text: string; contentType: string }
  | { watch: { api: ApiResource; matches: Matcher } }
);

function route(options: KubernetesApiOptions, url: URL, request: IncomingMessage): Answer {
  const path = url.pathname;
  if (HEALTH_PATHS.has(path)) return { code: 200, text: 'ok', contentType: 'text/plain; charset=utf-8' };
  const denied = checkToken(request, path, options.token);
  if (denied) return statusAnswer(denied);
  if (path === '/version') return jsonAnswer(200, SERVER_VERSION);
  if (path === '/metrics') return { code: 200, ...options.metrics() };
  const target = findTarget(options.resources, path);
  if (!target) return statusAnswer(NO_RESOURCE);
  if (request.method !== 'GET') return statusAnswer(READ_ONLY);
  const matches = parseSelectors(url.searchParams);
  if (typeof matches === 'string') return statusAnswer({ code: 400, reason: 'BadRequest', message: matches });
  const watch = ['1', 'true'].includes(url.searchParams.get('watch') ?? '');
  return { about: aboutOf(target, watch), ...answerAbout(options.store, target, matches, watch) };
}

const NO_RESOURCE: StatusError = {
  code: 404,
  reason: 'NotFound',
  message: 'the server could not find the requested resource',
};

const READ_ONLY: StatusError = {
  code: 405,
  reason: 'MethodNotAllowed',
  message: 'the server does not allow this method on the requested resource',
};

/** Anonymous is 403 by path, a wrong token 401: as recorded. */
function checkToken(
  request: IncomingMessage,
  path: string,
  token: string | undefined,
): StatusError | undefined {
  if (token === undefined) return undefined;
  const { authorization } = request.headers;
  if (authorization === `Bearer ${token}`) return undefined;
  if (authorization !== undefined) return { code: 401, reason: 'Unauthorized', message: 'Unauthorized' };
  const message = `forbidden: User "system:anonymous" cannot get path "${path}"`;
  return { code: 403, reason: 'Forbidden', message };
}

interface Target {
  api: ApiResource;
  namespace: string | undefined;
  name: string | undefined;
}

function findTarget(resources: readonly ApiResource[], path: string): Target | undefined {
  const match =
    /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+)(?=\/[^/]))?\/([^/]+)(?:\/([^/]+))?\/?$/.exec(
      path,
    );
  if (!match) return undefined;
  const [, base, namespace, resource, name] = match;
  const api = resources.find((known) => known.base === base && known.resource === resource);
  if (!api || (namespace !== undefined && !api.namespaced)) return undefined;
  return { api, namespace, name: name === undefined ? undefined : decodeURIComponent(name) };
}

function aboutOf({ api, namespace, name }: Target, watch: boolean): Answer['about'] {
  if (name !== undefined) return { verb: 'GET', api, scope: 'resource' };
  return { verb: watch ? 'WATCH' : 'LIST', api, scope: namespace === undefined ? 'cluster' : 'namespace' };
}

function answerAbout(
  store: ObjectStore,
  { api, namespace, name }: Target,
  selects: Matcher,
  watch: boolean,
): Answer {
  const { resource } = api;
  if (name !== undefined) {
    const object = store.get(resource, namespace, name);
    if (object) return jsonAnswer(200, object);
    return statusAnswer({ code: 404, reason: 'NotFound', message: `${resource} "${name}" not found` });
  }
  const matches: Matcher = (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) && selects(object);
  return watch ? { watch: { api, matches } } : jsonAnswer(200, listObject(store, api, matches));
}

/** Items of a list carry neither kind nor apiVersion; the list's own resourceVersion is where a watch goes on. */
function listObject(store: ObjectStore, api: ApiResource, matches: Matcher): unknown {
  const found = store.list(api.resource).filter(matches);
  return {
    kind: `${api.kind}List`,
    apiVersion: apiVersionOf(api),
    metadata: { resourceVersion: String(store.resourceVersion) },
    items: found.map(({ kind: _, apiVersion: __, ...item }) => item),
  };
}

/** `a=b`, `a==b` and `a!=b` of labels and of fields by path; anything else is refused rather than ignored. */
function parseSelectors(params: URLSearchParams): Matcher | string {
  const tests: Matcher[] = [];
  for (const [param, read] of SELECTORS) {
    for (const term of (params.get(param) ?? '').split(',').filter(Boolean)) {
      const match = /^([^=!\s]+)(!?)==?([^=\s]*)$/.exec(term);
      if (!match) return `unable to parse requirement: ${param} "${term}" is not supported here`;
      const [, key, not, value] = match as unknown as [string, string, string, string];
      tests.push((object) => (read(object, key) === value) === (not === ''));
    }
  }
  return (object) => tests.every((test) => test(object));
}

const SELECTORS: readonly [string, (object: KubernetesObject, key: string) => string][] = [
  [
    'labelSelector',
    (object, key) => (object.metadata['labels'] as Record<string, string> | undefined)?.[key] ?? '',
  ],
  ['fieldSelector', fieldAt],
];

function fieldAt(object: KubernetesObject, path: string): string {
  let value: unknown = object;
  for (const part of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[part];
  return value === undefined ? '' : String(value);
}

function statusAnswer(error: StatusError): Answer {
  return jsonAnswer(error.code, statusObject(error));
}

function jsonAnswer(code: number, body: unknown): Answer {
  return { code, text: `${JSON.stringify(body)}\n`, contentType: 'application/json' };
}

function sendText(response: ServerResponse, code: number, text: string, contentType: string): void {
  response.writeHead(code, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
