import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { forward, pairs } from './forward.ts';
import type { Resolve } from './forward.ts';
import { localIdToken } from './local-id-token.ts';
import { requestEntry } from './request-entry.ts';
import type { RequestEntry } from './request-entry.ts';
import { normalPath } from './route-table.ts';
import type { RouteTable } from './route-table.ts';

/** API Gateway's limit for one request. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;

/** API Gateway's limit for a request's headers: https://docs.cloud.google.com/api-gateway/docs/quotas. */
const HEADER_BYTES_MAX = 60 * 1024;

/** Envoy's default `max_headers_count`. */
const HEADERS_MAX = 100;

/** ESPv2's BackendRetryNum, for `reset,connect-failure,refused-stream`, whatever the method. */
const REPEATS = 1;

const LOOPBACK = '127.0.0.1';

/** How long the gateway waits for whom. */
export interface GatewayTimeouts {
  /** For a request's headers as a whole, and for any sign of life while a request is under way. */
  readonly streamIdleMs: number;
  /** For the next request of a connection. */
  readonly keepAliveMs: number;
}

/**
 * ESPv2's `stream_idle_timeout` (its DefaultIdleTimeout; Envoy begins a stream with the first byte of its headers) and the
 * keep-alive of Google's front end: https://docs.cloud.google.com/load-balancing/docs/https/request-distribution.
 */
const TIMEOUTS: GatewayTimeouts = { streamIdleMs: 300_000, keepAliveMs: 610_000 };

/** Node's default for looking after connections whose headers are late. */
const CHECK_MS_MAX = 30_000;

export interface GatewayOptions {
  readonly port: number;
  readonly routes: RouteTable;
  readonly resolve: Resolve;
  readonly nowMs: () => number;
  /** In the entries of the log. Default: `local`. */
  readonly project?: string;
  /** Takes an entry for each request that has been answered or given up. */
  readonly log?: (entry: RequestEntry) => void;
  /** Headers of `/healthz`: who this gateway belongs to. */
  readonly healthHeaders?: Readonly<Record<string, string>>;
  /** For tests that cannot wait for the real ones. */
  readonly timeouts?: GatewayTimeouts;
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
    const { streamIdleMs, keepAliveMs } = options.timeouts ?? TIMEOUTS;
    const server = createServer(
      {
        maxHeaderSize: HEADER_BYTES_MAX,
        // A body may take as long as it likes, as long as it moves.
        requestTimeout: 0,
        headersTimeout: streamIdleMs,
        keepAliveTimeout: keepAliveMs,
        connectionsCheckingInterval: Math.min(streamIdleMs, CHECK_MS_MAX),
      },
      (request, response) => this.#answer(request, response),
    );
    // One more than allowed, so that too many are seen; Node would drop what is beyond in silence.
    server.maxHeadersCount = HEADERS_MAX + 1;
    server.setTimeout(streamIdleMs);
    server.on('clientError', refuseConnection);
    this.#server = server;
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

  #logWhenOver(
    request: IncomingMessage,
    response: ServerResponse,
    served: { readonly operationId: string | undefined },
  ): void {
    const { log, nowMs, project = 'local' } = this.#options;
    if (log === undefined) return;
    const startedAtMs = nowMs();
    const remoteAddress = request.socket.remoteAddress ?? LOOPBACK;
    response.once('close', () => {
      const status = response.headersSent ? response.statusCode : 0;
      log(
        requestEntry({
          request,
          project,
          operationId: served.operationId,
          status,
          remoteAddress,
          startedAtMs,
          endedAtMs: nowMs(),
        }),
      );
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const target = request.url ?? '/';
    const queryAt = target.indexOf('?');
    const path = normalPath(queryAt === -1 ? target : target.slice(0, queryAt));
    const query = queryAt === -1 ? '' : target.slice(queryAt);
    if (path === '/healthz') {
      for (const [name, value] of Object.entries(this.#options.healthHeaders ?? {})) response.setHeader(name, value);
      sendJson(response, this.#ready ? 200 : 503, { status: this.#ready ? 'ok' : 'starting' });
      return;
    }
    if (!this.#ready) {
      refuse(response, 503, 'no healthy upstream');
      return;
    }
    // Before anything is answered, so that refusals have their entry as well.
    const served = { operationId: undefined as string | undefined };
    this.#logWhenOver(request, response, served);
    if (request.rawHeaders.length > 2 * HEADERS_MAX) {
      refuse(response, 431, 'Request Header Fields Too Large');
      return;
    }
    request.once('timeout', () => {
      if (response.headersSent) request.socket.destroy();
      else
        refuse(
          response.once('finish', () => request.socket.destroy()),
          408,
          'stream timeout',
        );
    });
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
        const { backend, deadlineMs, operationId } = match.route;
        served.operationId = operationId;
        const forwarding = {
          name: backend,
          resolve: this.#options.resolve,
          method,
          path: path + query,
          headers: rewrittenHeaders(request, `Bearer ${localIdToken('gateway', backend, this.#options.nowMs())}`),
          deadlineMs,
          bodyBytesMax: BODY_BYTES_MAX,
          repeats: REPEATS,
        };
        forward(request, response, forwarding, refuse).catch(() => response.destroy());
      }
    }
  }
}

/** Ends a connection on which no request could be read, with the answer that Envoy would give. */
function refuseConnection(error: Error & { readonly code?: string }, socket: Duplex): void {
  const [status, reason, message] = connectionRefusal(error.code);
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ code: status, message });
  const head = `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`, () => socket.destroy());
}

function connectionRefusal(code: string | undefined): [status: number, reason: string, message: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'Request Header Fields Too Large', 'Request Header Fields Too Large'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'Request Timeout', 'stream timeout'];
    default:
      return [400, 'Bad Request', 'Bad Request'];
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
  // The caller as Google's front end saw them, and the gateway as the functions' front end sees it: two hops.
  forwardedFor.push(request.socket.remoteAddress ?? LOOPBACK, request.socket.localAddress ?? LOOPBACK);
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
