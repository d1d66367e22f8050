import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request as httpRequest } from 'node:http';
import { RepeatableBody } from './repeatable-body.ts';

/** Address at which a function listens. */
export interface FunctionAddress {
  readonly host: string;
  readonly port: number;
}

/** Returns the address of a running function, waiting for one for a while; `undefined` if none starts in time. */
export type Resolve = (name: string) => Promise<FunctionAddress | undefined>;

export interface Forwarding {
  readonly name: string;
  readonly resolve: Resolve;
  readonly method: string;
  /** Path and query of the request to the function. */
  readonly path: string;
  /** Names and values in alternation, as in `rawHeaders`, without hop-by-hop headers and Host, which are set here. */
  readonly headers: readonly string[];
  /** Limit until the end of the response, over all attempts. */
  readonly deadlineMs: number;
  readonly bodyBytesMax: number;
  /** How often a request of any method is sent again if the connection breaks before the response has begun. */
  readonly repeats: number;
}

/** Sends an error of the infrastructure itself, in the infrastructure's words. */
export type Refuse = (response: ServerResponse, status: number, message: string) => void;

/** Headers that apply to a single connection (RFC 9110 §7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers set by the gateway, which a caller must not be able to remove by naming them in `Connection`. */
const NEVER_DROPPED: ReadonlySet<string> = new Set(['authorization', 'x-forwarded-authorization', 'x-forwarded-for']);

/** Longest attempt to connect: a host that has just ended may not be known to have ended. */
const CONNECT_MS = 3_000;
const CONNECT_PAUSE_MS = 50;

/** Connections are reused for less time than a function keeps them open, so that none is found closed. */
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256, timeout: 60_000 });

/** The end of an attempt: answered, no connection, or a connection that broke before the response. */
type Outcome = 'answered' | 'unconnected' | 'broken';

/**
 * Forwards a request to a function and streams the response back. A failed connection is retried for a while, as
 * Google's front end waits for an instance. After a broken connection the request is sent again up to `repeats` times.
 */
export async function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  forwarding: Forwarding,
  refuse: Refuse,
): Promise<void> {
  if (Number(incoming.headers['content-length'] ?? 0) > forwarding.bodyBytesMax) {
    refuse(response, 413, 'Payload Too Large');
    return;
  }
  const startedAtMs = performance.now();
  const relay = new Relay(incoming, response, forwarding, refuse);
  let repeats = 0;
  let connectFromMs = startedAtMs;
  for (;;) {
    const address = await forwarding.resolve(forwarding.name);
    if (response.destroyed) return;
    if (address === undefined) {
      refuse(response, 503, 'no healthy upstream');
      return;
    }
    const outcome = await relay.attempt(address, startedAtMs + forwarding.deadlineMs);
    if (outcome === 'answered') return;
    if (outcome === 'broken') {
      if (repeats >= forwarding.repeats || !relay.isRepeatable) {
        refuse(response, 503, `${lost(repeats)} connection termination`);
        return;
      }
      repeats += 1;
      connectFromMs = performance.now();
      continue;
    }
    if (performance.now() - connectFromMs > CONNECT_MS) {
      refuse(response, 503, `${lost(repeats)} remote connection failure`);
      return;
    }
    await new Promise((resume) => setTimeout(resume, CONNECT_PAUSE_MS));
  }
}

/** One request with its response, over all attempts. */
class Relay {
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #forwarding: Forwarding;
  readonly #refuse: Refuse;
  readonly #body: RepeatableBody | undefined;
  #onTooLarge: () => void = () => undefined;

  constructor(incoming: IncomingMessage, response: ServerResponse, forwarding: Forwarding, refuse: Refuse) {
    this.#incoming = incoming;
    this.#response = response;
    this.#forwarding = forwarding;
    this.#refuse = refuse;
    const { headers } = incoming;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    this.#body = hasBody ? new RepeatableBody(incoming, forwarding.bodyBytesMax, () => this.#onTooLarge()) : undefined;
  }

  get isRepeatable(): boolean {
    return this.#body?.isRepeatable ?? true;
  }

  attempt(address: FunctionAddress, deadlineAtMs: number): Promise<Outcome> {
    return new Promise((resolve) => {
      const { method, path } = this.#forwarding;
      const response = this.#response;
      const upstream = httpRequest({ ...address, agent, method, path, headers: this.#headers(address) });
      let connected = false;
      let settled = false;
      const settle = (outcome: Outcome): void => {
        if (settled) return;
        settled = true;
        clearTimeout(deadline);
        response.off('close', onClientGone);
        resolve(outcome);
      };
      const fail = (status: number, message: string): void => {
        if (response.headersSent) response.destroy();
        else this.#refuse(response, status, message);
        upstream.destroy();
        settle('answered');
      };
      const onClientGone = (): void => {
        upstream.destroy();
        settle('answered');
      };
      this.#onTooLarge = () => fail(413, 'Payload Too Large');
      const deadline = setTimeout(() => fail(504, 'upstream request timeout'), deadlineAtMs - performance.now());
      response.once('close', onClientGone);

      const send = (): void => {
        connected = true;
        if (this.#body === undefined) upstream.end();
        else this.#body.sendTo(upstream);
      };
      upstream.once('socket', (socket) => {
        if (socket.connecting) socket.once('connect', send);
        else send();
      });
      upstream.once('response', (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', endToEnd(answer.rawHeaders));
        answer.pipe(response);
        answer.once('error', () => fail(503, ''));
        answer.once('end', () => settle('answered'));
      });
      // Every write to a destroyed request is an error of its own, so several can occur.
      upstream.on('error', () => {
        if (settled) return;
        if (response.headersSent) fail(503, '');
        else settle(connected ? 'broken' : 'unconnected');
      });
    });
  }

  #headers(address: FunctionAddress): string[] {
    const headers = ['Host', `${address.host}:${address.port}`];
    headers.push(...endToEnd(this.#forwarding.headers, ['content-length']));
    // The gateway sets the length of the body itself. If a caller could leave it out, the body could be read as another
    // caller's next request (request smuggling).
    const length = this.#incoming.headers['content-length'];
    if (length !== undefined) headers.push('Content-Length', length);
    else if (this.#body !== undefined) headers.push('Transfer-Encoding', 'chunked');
    // Without either header, Node would send `Transfer-Encoding: chunked` for a POST without a body.
    else if (this.#forwarding.method === 'POST') headers.push('Content-Length', '0');
    return headers;
  }
}

/** Returns ESPv2's message for an unreachable backend, as in its backend_retry_test.go. */
function lost(repeats: number): string {
  const what = repeats === 0 ? 'reset reason:' : 'retried and the latest reset reason:';
  return `upstream connect error or disconnect/reset before headers. ${what}`;
}

/** Returns raw headers without those of the connection, those that `Connection` names, and `others`. */
function endToEnd(rawHeaders: readonly string[], others: readonly string[] = []): string[] {
  const dropped = new Set([...HOP_BY_HOP, 'host', ...others]);
  for (const [name, value] of pairs(rawHeaders)) {
    if (name.toLowerCase() !== 'connection') continue;
    for (const named of value.split(',')) {
      const lower = named.trim().toLowerCase();
      if (!NEVER_DROPPED.has(lower)) dropped.add(lower);
    }
  }
  return pairs(rawHeaders)
    .filter(([name]) => !dropped.has(name.toLowerCase()))
    .flat();
}

/** Returns raw headers as pairs of name and value, including repeated ones. */
export function pairs(rawHeaders: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    found.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']);
  }
  return found;
}
