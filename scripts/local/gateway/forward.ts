import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request as httpRequest } from 'node:http';
import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';

/** Where a function listens. */
export interface FunctionAddress {
  readonly host: string;
  readonly port: number;
}

/** What finds a function: the address of a running instance, waiting for one for a while; `undefined` when none came. */
export type Resolve = (name: string) => Promise<FunctionAddress | undefined>;

export interface Forwarding {
  readonly name: string;
  readonly resolve: Resolve;
  readonly method: string;
  /** Path and query for the function. */
  readonly path: string;
  /** Name and value in turns, as `rawHeaders`; hop-by-hop headers and Host are left out or set here. */
  readonly headers: readonly string[];
  readonly deadlineMs: number;
  readonly bodyBytesMax: number;
}

/** Answers a refusal that the infrastructure itself makes, in the infrastructure's words. */
export type Refuse = (response: ServerResponse, status: number, message: string) => void;

/** Headers that belong to one connection (RFC 9110 §7.6.1). */
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

/** What the gateway answers for: no caller may have it dropped by naming it in `Connection`. */
const NEVER_DROPPED: ReadonlySet<string> = new Set(['authorization', 'x-forwarded-authorization', 'x-forwarded-for']);

/** How long to try for a connection: a host that has just ended may not be known to have. */
const CONNECT_MS = 3_000;
const CONNECT_PAUSE_MS = 50;

const UPSTREAM_LOST = 'upstream connect error or disconnect/reset before headers. reset reason:';

/** A connection is reused for less time than a function keeps it open, so that none is found closed. */
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256, timeout: 60_000 });

/**
 * Hands a request to a function and its answer back, both as they flow. Only a connection that could not be made is
 * tried again: once a request may have been read, repeating it could do it twice.
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
  for (;;) {
    const address = await forwarding.resolve(forwarding.name);
    if (response.destroyed) return;
    if (address === undefined) {
      refuse(response, 503, 'no healthy upstream');
      return;
    }
    const connected = await exchange(incoming, response, { ...forwarding, address }, refuse);
    if (connected) return;
    if (performance.now() - startedAtMs > CONNECT_MS) {
      refuse(response, 503, `${UPSTREAM_LOST} connection failure`);
      return;
    }
    await new Promise((resume) => setTimeout(resume, CONNECT_PAUSE_MS));
  }
}

/** One attempt. Resolves when the answer has ended, with false when no connection could be made and nothing was sent. */
function exchange(
  incoming: IncomingMessage,
  response: ServerResponse,
  forwarding: Forwarding & { readonly address: FunctionAddress },
  refuse: Refuse,
): Promise<boolean> {
  return new Promise((resolve) => {
    const { address } = forwarding;
    const hasBody =
      incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0;
    const headers = ['Host', `${address.host}:${address.port}`, ...endToEnd(forwarding.headers, ['content-length'])];
    // Where a body ends is ours to say: what a caller could have left out would be read as the next request, somebody else's.
    const length = incoming.headers['content-length'];
    if (length !== undefined) headers.push('Content-Length', length);
    else if (hasBody) headers.push('Transfer-Encoding', 'chunked');
    // Without either, Node would announce a chunked body on a POST that has none.
    else if (forwarding.method === 'POST') headers.push('Content-Length', '0');
    let connected = false;
    let settled = false;

    const upstream = httpRequest({
      ...address,
      agent,
      method: forwarding.method,
      path: forwarding.path,
      headers,
    });
    const settle = (outcome: boolean): void => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      response.off('close', onClientGone);
      resolve(outcome);
    };
    const fail = (status: number, message: string): void => {
      if (response.headersSent) response.destroy();
      else refuse(response, status, message);
      upstream.destroy();
      settle(true);
    };
    const onClientGone = (): void => {
      upstream.destroy();
      settle(true);
    };
    const deadline = setTimeout(() => fail(504, 'upstream request timeout'), forwarding.deadlineMs);
    response.once('close', onClientGone);

    const send = (): void => {
      connected = true;
      if (!hasBody) {
        upstream.end();
        return;
      }
      incoming
        .pipe(new BodyLimit(forwarding.bodyBytesMax))
        .once('error', () => fail(413, 'Payload Too Large'))
        .pipe(upstream);
    };
    upstream.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', send);
      else send();
    });
    upstream.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', endToEnd(answer.rawHeaders));
      answer.pipe(response);
      answer.once('error', () => fail(503, ''));
      answer.once('end', () => settle(true));
    });
    upstream.once('error', () => {
      if (settled) return;
      if (!connected) settle(false);
      else fail(503, `${UPSTREAM_LOST} connection termination`);
    });
  });
}

/** Raw headers without those of the connection, those that `Connection` names, and `others`. */
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

/** Raw headers as pairs of name and value, repeated ones too. */
export function pairs(rawHeaders: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    found.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']);
  }
  return found;
}

/** Ends in an error once more than `bytesMax` have come through, whatever was announced. */
class BodyLimit extends Transform {
  #bytesLeft: number;

  constructor(bytesMax: number) {
    super();
    this.#bytesLeft = bytesMax;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#bytesLeft -= chunk.length;
    if (this.#bytesLeft < 0) done(new Error('The body is too large.'));
    else done(null, chunk);
  }
}
