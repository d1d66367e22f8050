/**
 * A child process that runs all functions. Each runs as in a Cloud Functions instance: the built bundle behind
 * functions-framework's own server. Every function has a listener, and its bundle is loaded at the first connection.
 * The host ends with the process that started it.
 */
import { createRequire, enableCompileCache } from 'node:module';
import type { Server as HttpServer, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { join } from 'node:path';
import { entryPointOf } from '#shared/runtime/entry-point.ts';
import type { FromHost, ToHost } from './function-host-messages.ts';
import { ShiftedDate } from './shifted-date.ts';

/** Longer than any proxy of the local cloud keeps an idle connection, so that none is closed just when it is reused. */
const KEEP_ALIVE_MS = 120_000;

/** Pause between two bundles that are loaded ahead, so that requests are served in between. */
const PRELOAD_PAUSE_MS = 25;

const date = new ShiftedDate();
date.install();

class FunctionHost {
  readonly #require = createRequire(import.meta.url);
  readonly #bundlesFolder: string;
  readonly #servers = new Map<string, HttpServer>();
  #requestsOpen = 0;

  constructor(bundlesFolder: string) {
    this.#bundlesFolder = bundlesFolder;
  }

  /** Listens and resolves with the port. If the wanted port is taken, or 0, a free one is used. */
  async listen(name: string, wantedPort: number): Promise<number> {
    const listener = createServer({ noDelay: true }, (socket) => this.#connect(name, socket));
    try {
      return await listening(listener, wantedPort);
    } catch {
      return listening(listener, 0);
    }
  }

  async preload(names: readonly string[]): Promise<void> {
    for (const name of names) {
      do await new Promise((resolve) => setTimeout(resolve, PRELOAD_PAUSE_MS).unref());
      while (this.#requestsOpen > 0);
      try {
        this.#serverOf(name);
      } catch {
        // The first request to the function gets the error as its reply.
      }
    }
  }

  /**
   * Unloads these functions, so that the next connection loads their new bundles. Requests in progress complete; idle
   * kept-alive connections are closed, because their next request would reach the old code.
   */
  reload(names: readonly string[]): void {
    for (const name of names) {
      Reflect.deleteProperty(this.#require.cache, this.#bundle(name));
      const old = this.#servers.get(name);
      if (old === undefined) continue;
      this.#servers.delete(name);
      old.prependListener('request', (_request, response: ServerResponse) => (response.shouldKeepAlive = false));
      old.closeIdleConnections();
    }
  }

  /**
   * Passes connections, not requests, to the function's server, so that whatever a bundle changes in Node's HTTP server
   * when it is loaded applies to the first request too.
   */
  #connect(name: string, socket: Socket): void {
    try {
      this.#serverOf(name).emit('connection', socket);
    } catch (thrown) {
      console.error(`The function ${name} could not be loaded: ${firstLine(thrown)}`);
      console.log(thrown);
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    }
  }

  #serverOf(name: string): HttpServer {
    const known = this.#servers.get(name);
    if (known !== undefined) return known;
    const server = this.#load(name);
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.on('request', (_request, response) => {
      this.#requestsOpen += 1;
      response.once('close', () => (this.#requestsOpen -= 1));
    });
    this.#servers.set(name, server);
    return server;
  }

  #load(name: string): HttpServer {
    const framework = this.#require('@google-cloud/functions-framework/testing') as {
      getTestServer(name: string): HttpServer;
    };
    this.#require(this.#bundle(name));
    return framework.getTestServer(entryPointOf(name));
  }

  #bundle(name: string): string {
    return join(this.#bundlesFolder, name, 'index.js');
  }
}

function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Returns the first line, for the terminal; the log contains the whole text. */
function firstLine(thrown: unknown): string {
  return String(thrown).split('\n', 1)[0] ?? '';
}

function say(message: FromHost): void {
  process.send?.(message);
}

let host: FunctionHost | undefined;
let names: readonly string[] = [];

async function handle(message: ToHost): Promise<void> {
  switch (message.type) {
    case 'start': {
      date.offsetMs = message.offsetMs;
      host = new FunctionHost(message.bundlesFolder);
      names = message.functions.map(({ name }) => name);
      const started = host;
      const ports = await Promise.all(
        message.functions.map(async ({ name, port }) => [name, await started.listen(name, port)] as const),
      );
      say({ type: 'ready', ports: Object.fromEntries(ports) });
      return;
    }
    case 'clock':
      date.offsetMs = message.offsetMs;
      say({ type: 'clock', move: message.move });
      return;
    case 'reload':
      host?.reload(message.names);
      say({ type: 'reloaded', reload: message.reload });
      return;
    case 'preload':
      await host?.preload(names);
  }
}

enableCompileCache(process.env['NODE_COMPILE_CACHE']);
process.on('message', (message) => {
  handle(message as ToHost).catch((thrown: unknown) => say({ type: 'failed', message: String(thrown) }));
});
// The terminal sends Ctrl-C to every process of the group, but the parent decides when this process ends.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
