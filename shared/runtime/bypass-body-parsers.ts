import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

/**
 * Where the URL is kept. On the request and under a name that all bundles share, because the local cloud runs many functions
 * in one process: only the first of their hooks sees the request as it came.
 */
const ORIGINAL_URL: unique symbol = Symbol.for('compute-api.original-url');

interface RawRequest extends IncomingMessage {
  [ORIGINAL_URL]?: string;
}

let listening = false;

/**
 * Keeps functions-framework from reading requests before our code does. It parses bodies first and answers malformed JSON,
 * unknown charsets and bad percent escapes itself, with an HTML page; it reads bodies of up to 1 GiB into memory; and it
 * answers /favicon.ico and /robots.txt. Without a content type no parser of its feels responsible, and every path is `/`
 * to it. The hook is Node's documented diagnostics channel for requests.
 *
 * Every function of this project does so, and no process serves others, so this changes nobody else's requests.
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

/** Path and query as they came. */
export function originalUrl(request: RawRequest): string {
  return request[ORIGINAL_URL] ?? request.url ?? '/';
}
