import type { ServerResponse } from 'node:http';
import type { Clock } from '../../runtime/clock.ts';
import { type ApiResource, apiVersionOf, statusObject } from './api-resources.ts';
import type { KubernetesObject, ObjectStore, WatchEvent } from './object-store.ts';

export interface WatchOptions {
  store: ObjectStore;
  api: ApiResource;
  clock: Clock;
  matches: (object: KubernetesObject) => boolean;
}

/** As recorded: a bookmark a minute on a quiet watch. */
const BOOKMARK_INTERVAL_MS = 60_000;

/** A client that reads nothing for long is cut, as a slow watcher is; 8 MiB are about 4,000 changes. */
const UNREAD_BYTES_MAX = 8 * 1024 * 1024;

/** An API server ends a watch that set no timeout after 30 to 60 minutes. */
const DEFAULT_TIMEOUT_S = 1_800;

/**
 * One line of JSON for each change. Without a resourceVersion (or with 0) what exists comes first as ADDED; a
 * resourceVersion whose changes are forgotten gives one ERROR line, code 410, with HTTP 200; one from the
 * future gives not a single line, as after a restore of etcd.
 */
export function serveWatch(options: WatchOptions, params: URLSearchParams, response: ServerResponse): void {
  const { store, api, clock, matches } = options;
  const bookmarks = params.get('allowWatchBookmarks') === 'true' || params.get('allowWatchBookmarks') === '1';
  const from = Number(params.get('resourceVersion') ?? 0) || 0;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();

  const send = (type: string, object: unknown) => {
    response.write(`${JSON.stringify({ type, object })}\n`);
    if (response.writableLength > UNREAD_BYTES_MAX) response.destroy();
  };
  const sendChange = (event: WatchEvent) => {
    if (event.resourceVersion > from && matches(event.object)) send(event.type, event.object);
  };
  const bookmark = (annotations?: Record<string, string>) => {
    const metadata = { resourceVersion: String(store.resourceVersion), ...(annotations && { annotations }) };
    send('BOOKMARK', { kind: api.kind, apiVersion: apiVersionOf(api), metadata });
  };

  if (from === 0) {
    for (const object of store.list(api.resource).filter(matches)) send('ADDED', object);
    if (bookmarks) bookmark({ 'k8s.io/initial-events-end': 'true' });
  } else {
    const missed = store.changesAfter(api.resource, from);
    if (!missed) {
      const message = `too old resource version: ${from} (${store.oldestVersion(api.resource)})`;
      send('ERROR', statusObject({ code: 410, reason: 'Expired', message }));
      response.end();
      return;
    }
    for (const event of missed) sendChange(event);
  }

  const unwatch = store.watch(api.resource, sendChange);
  let cancelBookmark = () => {};
  const scheduleBookmark = () => {
    cancelBookmark = clock.after(BOOKMARK_INTERVAL_MS, () => {
      if (store.resourceVersion >= from) bookmark();
      scheduleBookmark();
    });
  };
  if (bookmarks) scheduleBookmark();
  const timeoutS = Number(params.get('timeoutSeconds')) || DEFAULT_TIMEOUT_S;
  const cancelTimeout = clock.after(timeoutS * 1000, () => response.end());
  response.once('close', () => {
    unwatch();
    cancelBookmark();
    cancelTimeout();
  });
}
