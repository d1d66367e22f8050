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

/** API Gateway's limit for the body of one request. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;

/** API Gateway's limit for a request's headers: https://docs.cloud.google.com/api-gateway/docs/quotas. */
const HEADER_BYTES_MAX = 60 * 1024;

/** Envoy's default `max_headers_count`. */
const HEADERS_MAX = 100;

/** ESPv2's BackendRetryNum, which applies to `reset,connect-failure,refused-stream` and every method. */
const REPEATS = 1;

const LOOPBACK = '127.0.0.1';

/** How long the gateway waits for callers. */
export interface GatewayTimeouts {
  /** For all headers of a request, and between any two signs of life during a request. */
  readonly streamIdleMs: number;
  /** For the next request on a connection. */
  readonly keepAliveMs: number;
}

/**
 * ESPv2's `stream_idle_timeout` (its DefaultIdleTimeout; Envoy begins a stream with the first byte of its headers) and
 * the keep-alive of Google's front end: https://docs.cloud.google.com/load-balancing/docs/https/request-distribution.
 */
const TIMEOUTS: GatewayTimeouts = { streamIdleMs: 300_000, keepAliveMs: 610_000 };

/** Node's default interval for closing connections whose headers are late. */
const CHECK_MS_MAX = 30_000;

export interface GatewayOptions {
  readonly port: number;
  readonly routes: RouteTable;
  readonly resolve: Resolve;
  readonly nowMs: () => number;
  /** Project id in the entries of the log. Default: `local`. */
  readonly project?: string;
  /** Receives an entry for each request that was answered or aborted. */
  readonly log?: (entry: RequestEntry) => void;
  /** Headers of `/healthz`, which identify this gateway's local cloud. */
  readonly healthHeaders?: Readonly<Record<string, string>>;
  /** Shorter timeouts for tests. */
  readonly timeouts?: GatewayTimeouts;
}

/**
 * Imitates Google's API Gateway (ESPv2) as far as callers and functions can observe it: routes by the document that
 * Terraform uploads, rewrites `Authorization` and `X-Forwarded-For`, and sends its own errors in ESPv2's words. Only
 * `GET /healthz` is an addition.
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
        // A body may take any time, as long as data keeps arriving.
        requestTimeout: 0,
        headersTimeout: streamIdleMs,
        keepAliveTimeout: keepAliveMs,
        connectionsCheckingInterval: Math.min(streamIdleMs, CHECK_MS_MAX),
      },
      (request, response) => this.#answer(request, response),
    );
    // One more than allowed, to detect too many headers; Node drops further ones without notice.
    server.maxHeadersCount = HEADERS_MAX + 1;
    server.setTimeout(streamIdleMs);
    server.on('clientError', refuseConnection);
    this.#server = server;
  }

  /** `http://127.0.0.1:PORT`; only after `start`. */
  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Starts listening; rejects with EADDRINUSE if the port is taken. Until `open` is called, every reply is 503. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  /** Lets requests through; called once everything behind the gateway is ready. */
  open(): void {
    this.#ready = true;
  }

  /** Accepts no further requests, gives those in progress `graceMs` to end, then drops them. */
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
    // Registered before any response, so that refusals are logged too.
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

/** Ends a connection on which no request could be parsed, with Envoy's reply. */
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

/** Returns the method that decides the route. ESPv2 honours the override, on POST only. */
function routedMethod(request: IncomingMessage): string {
  const override = request.headers['x-http-method-override'];
  const method = request.method ?? 'GET';
  return method === 'POST' && typeof override === 'string' ? override.toUpperCase() : method;
}

/**
 * Rewrites headers as ESPv2's backend authentication does: the caller's `Authorization` moves to
 * `X-Forwarded-Authorization` and replaces one that the caller sent. Without an `Authorization`, a sent
 * `X-Forwarded-Authorization` passes unchanged; functions therefore use that header only for the credential in it.
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
  // Adds two hops: the caller's address as Google's front end sees it, and the gateway's as the functions' front end
  // sees it.
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
