import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

/**
 * Property of the request that holds the original URL. The symbol is shared by all bundles, because the local cloud
 * runs many functions in one process, and only the first function's hook sees the unchanged request.
 */
const ORIGINAL_URL: unique symbol = Symbol.for('compute-api.original-url');

interface RawRequest extends IncomingMessage {
  [ORIGINAL_URL]?: string;
}

let listening = false;

/**
 * Keeps functions-framework from processing requests before our code. It would parse bodies and respond to malformed
 * JSON, unknown charsets and invalid percent escapes itself with an HTML page, read bodies of up to 1 GiB into memory,
 * and respond to /favicon.ico and /robots.txt. The hook removes the content type, so the framework's body parsers skip
 * the request, and sets the path to `/`. It uses Node's documented diagnostics channel for requests.
 *
 * Every function of this project does this, and a process serves no other functions, so no other requests are affected.
 */
export function keepRequestsRaw(): void {
  if (listening) return;
  listening = true;
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { readonly request: RawRequest };
    if (!(ORIGINAL_URL in request)) request[ORIGINAL_URL] = request.url ?? '/';
    request.url = '/';
    delete request.headers['content-type'];
  });
}

/** Returns the request's original path and query. */
export function originalUrl(request: RawRequest): string {
  return request[ORIGINAL_URL] ?? request.url ?? '/';
}
