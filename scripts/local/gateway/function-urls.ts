import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { forward } from './forward.ts';
import type { Resolve } from './forward.ts';

/** Cloud Run's limit for the body of one request. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;

/** Cloud Run's longest request; callers have shorter deadlines of their own. */
const DEADLINE_MS = 3_600_000;

/**
 * Stands in for Google's front end: each function has a constant address, whichever process serves it. Pub/Sub pushes
 * and the scheduler call `http://127.0.0.1:PORT/FUNCTION`.
 */
export class FrontEnd {
  readonly #server: Server;

  constructor(functions: readonly string[], resolve: Resolve) {
    const known = new Set(functions);
    this.#server = createServer({ requestTimeout: 0 }, (request, response) => {
      const [, name = '', rest = ''] = /^\/([^/?]*)(.*)$/s.exec(request.url ?? '') ?? [];
      if (!known.has(name)) {
        refuse(response, 404, `There is no function "${name}".`);
        return;
      }
      const forwarding = {
        name,
        resolve,
        method: request.method ?? 'POST',
        path: rest.startsWith('/') ? rest : `/${rest}`,
        headers: request.rawHeaders,
        deadlineMs: DEADLINE_MS,
        bodyBytesMax: BODY_BYTES_MAX,
        // Pub/Sub delivers again and the scheduler runs again, so nothing in between repeats a request.
        repeats: 0,
      };
      forward(request, response, forwarding, refuse).catch(() => response.destroy());
    });
    // Pub/Sub and the scheduler keep connections for longer than Node's default of five seconds.
    this.#server.keepAliveTimeout = 120_000;
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', () => resolve());
    });
  }

  /** Returns the address of a function; available after `start`. */
  url(name: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${name}`;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${message}\n`);
}
