import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

/** A request as it came, before functions-framework could touch it. */
interface Original {
  readonly url: string;
}

const originals = new WeakMap<IncomingMessage, Original>();

let listening = false;

/**
 * Keeps functions-framework from reading requests before our code does. It parses bodies first and answers malformed JSON,
 * unknown charsets and bad percent escapes itself, with an HTML page; it reads bodies of up to 1 GiB into memory; and it
 * answers /favicon.ico and /robots.txt. Without a content type no parser of its feels responsible, and every path is `/`
 * to it. The hook is Node's documented diagnostics channel for requests.
 *
 * One process serves one function, so this changes nobody else's requests.
 */
export function keepRequestsRaw(): void {
  if (listening) return;
  listening = true;
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { readonly request: IncomingMessage };
    originals.set(request, { url: request.url ?? '/' });
    request.url = '/';
    delete request.headers['content-type'];
  });
}

/** Path and query as they came. */
export function originalUrl(request: IncomingMessage): string {
  return originals.get(request)?.url ?? request.url ?? '/';
}
