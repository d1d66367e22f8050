import { EventEmitter } from 'node:events';
import http, { type IncomingMessage, type RequestListener, type RequestOptions } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { Readable } from 'node:stream';
import type { Network } from './network.ts';

/** A request to a host that is not an emulator: a push of Pub/Sub to a function. */
export interface HostRequest {
  readonly host: string;
  readonly body: string;
}

/** Returns the HTTP status of the reply. */
export type HostHandler = (request: HostRequest) => Promise<number>;

/** A server's reply; `undefined` if it closed the connection instead. */
interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Carries HTTP requests inside this process. A server that listens from now on is reached by its port, and the host
 * names the calling process. Requests to other ports go to `hosts`. Call it once, before servers listen.
 */
export function carryHttp(network: Network, hosts: HostHandler): void {
  const servers = new Map<number, http.Server>();
  let lastPort = 40_000;

  http.Server.prototype.listen = function (this: http.Server, ...args: unknown[]) {
    lastPort += 1;
    const port = lastPort;
    servers.set(port, this);
    this.address = () => ({ address: '127.0.0.1', family: 'IPv4', port });
    const listening = args.at(-1);
    if (typeof listening === 'function') queueMicrotask(() => (listening as () => void)());
    return this;
  } as http.Server['listen'];

  const request = (target: string | URL, options: RequestOptions, onResponse: (response: IncomingMessage) => void) => {
    const url = new URL(target);
    const server = servers.get(Number(url.port));
    const { method = 'GET' } = options;
    return new CarriedRequest(options.signal, onResponse, async (body, gone) => {
      if (server === undefined) return { status: await hosts({ host: url.hostname, body }), body: '' };
      return network.call(url.hostname, () => served(server, { method, path: url.pathname + url.search, body }, gone));
    });
  };
  Object.assign(http, { request });
  syncBuiltinESMExports();
}

/**
 * Passes the request to the server as Node's own parser would. Returns undefined if the server destroyed the
 * connection.
 */
function served(
  server: http.Server,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body: string },
  gone: AbortSignal,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const incoming = Object.assign(bytesOf(body), { method, url: path, headers: {} });
    const response = new CarriedResponse(resolve);
    gone.addEventListener('abort', () => response.emit('close'), { once: true });
    const [listener] = server.listeners('request') as RequestListener[];
    listener?.(incoming as unknown as IncomingMessage, response as never);
  });
}

/** The server's response object, with the members that the emulators use. */
class CarriedResponse extends EventEmitter {
  statusCode = 200;
  headersSent = false;
  destroyed = false;
  readonly #resolve: (answer: Answer | undefined) => void;

  constructor(resolve: (answer: Answer | undefined) => void) {
    super();
    this.#resolve = resolve;
  }

  setHeader(): void {
    return;
  }

  end(body = ''): void {
    this.headersSent = true;
    this.#resolve({ status: this.statusCode, body });
  }

  destroy(): void {
    this.destroyed = true;
    this.#resolve(undefined);
  }
}

/** The client's request object, with the members that the REST adapter and the Pub/Sub emulator's push use. */
class CarriedRequest extends EventEmitter {
  readonly reusedSocket = false;
  readonly #send: (body: string, gone: AbortSignal) => Promise<Answer | undefined>;
  readonly #onResponse: (response: IncomingMessage) => void;
  readonly #gone = new AbortController();
  #ended = false;

  constructor(
    signal: AbortSignal | undefined,
    onResponse: (response: IncomingMessage) => void,
    send: (body: string, gone: AbortSignal) => Promise<Answer | undefined>,
  ) {
    super();
    this.#send = send;
    this.#onResponse = onResponse;
    const abort = (): void => this.#fail(new DOMException('This operation was aborted', 'AbortError'));
    if (signal?.aborted === true) queueMicrotask(abort);
    else signal?.addEventListener('abort', abort, { once: true });
  }

  end(body?: string | Uint8Array): void {
    const text = body === undefined ? '' : Buffer.from(body as string).toString('utf8');
    this.#send(text, this.#gone.signal).then(
      (answer) => {
        if (this.#ended) return;
        if (answer === undefined) {
          this.#fail(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
          return;
        }
        this.#ended = true;
        const response = Object.assign(bytesOf(answer.body), {
          statusCode: answer.status,
          headers: {},
        });
        this.#onResponse(response as unknown as IncomingMessage);
      },
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  #fail(thrown: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#gone.abort();
    this.emit('error', thrown);
  }
}

function bytesOf(text: string): Readable {
  return Readable.from(text === '' ? [] : [Buffer.from(text)], { objectMode: false });
}
