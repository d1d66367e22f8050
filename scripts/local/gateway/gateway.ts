import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { forward, pairs } from './forward.ts';
import type { Resolve } from './forward.ts';
import { localIdToken } from './local-id-token.ts';
import { normalPath } from './route-table.ts';
import type { RouteTable } from './route-table.ts';

/** API Gateway's limit for one request. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;

/** Envoy's limit for request headers behind API Gateway. */
const HEADER_BYTES_MAX = 60 * 1024;

export interface GatewayOptions {
  readonly port: number;
  readonly routes: RouteTable;
  readonly resolve: Resolve;
  readonly nowMs: () => number;
}

/**
 * Google's API Gateway (ESPv2) as far as a caller or a function can tell: routes from the document that Terraform uploads,
 * rewrites `Authorization` and `X-Forwarded-For`, and answers for itself in its own words. `GET /healthz` is ours.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #server: Server;
  #ready = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#server = createServer({ maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: 0 }, (request, response) =>
      this.#answer(request, response),
    );
  }

  /** `http://127.0.0.1:PORT`; only after `start`. */
  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Listens; rejects with EADDRINUSE when the port is taken. Until `open`, everything is answered with 503. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  /** Everything behind it is ready: from now on requests are let through. */
  open(): void {
    this.#ready = true;
  }

  /** Takes no more requests, gives those that run `graceMs` to end, then drops them. */
  async stop(graceMs = 500): Promise<void> {
    this.#ready = false;
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeIdleConnections();
    const drop = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(drop);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const target = request.url ?? '/';
    const queryAt = target.indexOf('?');
    const path = normalPath(queryAt === -1 ? target : target.slice(0, queryAt));
    const query = queryAt === -1 ? '' : target.slice(queryAt);
    if (path === '/healthz') {
      sendJson(response, this.#ready ? 200 : 503, { status: this.#ready ? 'ok' : 'starting' });
      return;
    }
    if (!this.#ready) {
      refuse(response, 503, 'no healthy upstream');
      return;
    }
    const method = routedMethod(request);
    const match = this.#options.routes.match(method, path);
    switch (match.outcome) {
      case 'not_found':
        refuse(response, 404, 'The current request is not defined by this API.');
        return;
      case 'method_not_allowed':
        refuse(
          response,
          405,
          `The current request is matched to the defined url template "${match.template}" but its http method is not allowed`,
        );
        return;
      case 'matched': {
        const { backend, deadlineMs } = match.route;
        const forwarding = {
          name: backend,
          resolve: this.#options.resolve,
          method,
          path: path + query,
          headers: rewrittenHeaders(request, `Bearer ${localIdToken('gateway', backend, this.#options.nowMs())}`),
          deadlineMs,
          bodyBytesMax: BODY_BYTES_MAX,
        };
        forward(request, response, forwarding, refuse).catch(() => response.destroy());
      }
    }
  }
}

/** ESPv2 honours the override before it routes, on POST only. */
function routedMethod(request: IncomingMessage): string {
  const override = request.headers['x-http-method-override'];
  const method = request.method ?? 'GET';
  return method === 'POST' && typeof override === 'string' ? override.toUpperCase() : method;
}

/**
 * What ESPv2's backend authentication does: the caller's `Authorization` moves to `X-Forwarded-Authorization`, replacing
 * one that the caller sent; without an `Authorization`, a sent `X-Forwarded-Authorization` passes untouched, which is
 * why functions trust that header for nothing but the credential in it.
 */
function rewrittenHeaders(request: IncomingMessage, authorization: string): string[] {
  const sentAuthorization = request.headers.authorization;
  const kept: string[] = [];
  const forwardedFor: string[] = [];
  for (const [name, value] of pairs(request.rawHeaders)) {
    const lower = name.toLowerCase();
    if (lower === 'x-forwarded-for') forwardedFor.push(value);
    else if (lower === 'authorization' || lower === 'x-http-method-override') continue;
    else if (lower === 'x-forwarded-authorization' && sentAuthorization !== undefined) continue;
    else kept.push(name, value);
  }
  // A function behind API Gateway sees two hops: the caller, and the gateway's own address.
  forwardedFor.push(request.socket.remoteAddress ?? '127.0.0.1', request.socket.localAddress ?? '127.0.0.1');
  kept.push('X-Forwarded-For', forwardedFor.join(', '));
  if (sentAuthorization !== undefined) kept.push('X-Forwarded-Authorization', sentAuthorization);
  kept.push('Authorization', authorization);
  return kept;
}

function refuse(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { code: status, message });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}
