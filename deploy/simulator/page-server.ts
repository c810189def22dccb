import type { RequestListener } from 'node:http';
import { EXPOSITION_CONTENT_TYPE } from './exposition.ts';

/** Serves one metrics page, without authentication, as Karmada's components and most exporters do. */
export function pageHandler(path: string, render: () => string): RequestListener {
  return (request, response) => {
    if (new URL(request.url ?? '/', 'http://page').pathname !== path) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
      return;
    }
    const text = render();
    response.writeHead(200, {
      'content-type': EXPOSITION_CONTENT_TYPE,
      'content-length': Buffer.byteLength(text),
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
}
