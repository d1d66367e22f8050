import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ShiftableClock } from '#scripts/emulators/clock.ts';
import { DRIFT_ACTIONS } from '#scripts/emulators/compute/compute-emulator.ts';
import type { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import { ComputeError } from '#scripts/emulators/compute/compute-error.ts';
import type { Faults } from '#scripts/emulators/faults.ts';
import { isOwnPage } from './console/page-files.ts';
import { readFaults } from './control-faults.ts';
import type { LocalConsole } from './console/local-console.ts';
import { readNetworks } from './control-networks.ts';
import { ControlError, readMembers, show } from './control-values.ts';
import { PASSED_ON } from './functions/function-environment.ts';

export interface ControlServerOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  readonly compute: Pick<
    ComputeEmulator,
    'addNetworks' | 'calls' | 'disks' | 'drift' | 'machineHistory' | 'machines' | 'networks'
  >;
  readonly faults: Faults;
  readonly clock: ShiftableClock;
  /** Moves the clocks of other processes; `POST /clock` replies once this has finished. */
  readonly onClockMoved?: () => Promise<void>;
  /** Brings functions and indexes to what the repository says; absent: there are none. */
  readonly onDeploy?: (environment: Readonly<Record<string, string>>) => Promise<unknown>;
  /** The page below `/console`; absent: there is none. */
  readonly console?: LocalConsole;
}

type Handler = (body: unknown) => unknown;

const TEN_YEARS_SECONDS = 10 * 365.25 * 86_400;
const BODY_LENGTH_MAX = 1024 * 1024;

/** The control interface of the local cloud, with which tests and people inspect its state and inject faults. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #handlers: Readonly<Record<string, Readonly<Record<string, Handler>>>>;
  #server: Server | undefined;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    const { compute, faults } = options;
    this.#handlers = {
      '/calls': { GET: () => compute.calls() },
      '/machines': { GET: () => compute.machines() },
      '/disks': { GET: () => compute.disks() },
      '/machine-history': { GET: () => compute.machineHistory() },
      '/faults': {
        GET: () => faults.list(),
        POST: (body) => {
          faults.add(readFaults(body));
          return faults.list();
        },
        DELETE: () => {
          faults.clear();
          return faults.list();
        },
      },
      '/networks': {
        GET: () => compute.networks(),
        POST: (body) => {
          compute.addNetworks(readNetworks(body));
          return compute.networks();
        },
      },
      '/clock': { POST: (body) => this.#moveClock(body) },
      '/drift': { POST: (body) => this.#drift(body) },
      '/deploy': { POST: (body) => this.#deploy(body) },
    };
  }

  /** `127.0.0.1:PORT`; available after `start`. */
  get address(): string {
    const address = this.#server?.address() ?? null;
    if (address === null || typeof address === 'string') throw new Error('The control interface does not listen.');
    return `127.0.0.1:${address.port}`;
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((request, response) => {
      this.#serve(request, response).catch((thrown: unknown) => {
        console.error('The control interface failed.', thrown);
        send(response, 500, { error: 'The control interface failed; its output says why.' });
      });
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#options.port ?? 0, '127.0.0.1', resolve);
    });
  }

  /** Safe to call twice. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.#options.console?.close();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#refuseForeignPages(request);
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      if (this.#options.console?.serveFile(request.method ?? 'GET', url.pathname, response) === true) return;
      const text = await readText(request);
      const handler = this.#findHandler(url, request, response);
      const answer: unknown = await handler(request.method === 'POST' ? parseJson(text) : undefined);
      send(response, 200, answer);
    } catch (thrown) {
      if (!(thrown instanceof ControlError)) throw thrown;
      send(response, thrown.status, { error: thrown.message });
    }
  }

  #refuseForeignPages(request: IncomingMessage): void {
    if (isOwnPage(request, this.address)) return;
    throw new ControlError(403, 'The control interface is not for web pages of another origin.');
  }

  #findHandler(url: URL, request: IncomingMessage, response: ServerResponse): Handler {
    const ofConsole = this.#options.console?.handlerOf(request.method ?? 'GET', url);
    if (ofConsole !== undefined) return ofConsole;
    const { pathname } = url;
    const methods = Object.hasOwn(this.#handlers, pathname) ? this.#handlers[pathname] : undefined;
    if (methods === undefined) {
      throw new ControlError(404, `There is no ${pathname}. There are: ${Object.keys(this.#handlers).join(', ')}.`);
    }
    const method = request.method ?? 'GET';
    const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (handler === undefined) {
      const allowed = Object.keys(methods).join(', ');
      response.setHeader('allow', allowed);
      throw new ControlError(405, `${pathname} does not take ${method}. It takes: ${allowed}.`);
    }
    return handler;
  }

  async #moveClock(body: unknown): Promise<unknown> {
    const { advanceSeconds } = readMembers(body, 'The body', ['advanceSeconds']);
    if (typeof advanceSeconds !== 'number' || !(advanceSeconds >= 0 && advanceSeconds <= TEN_YEARS_SECONDS)) {
      throw new ControlError(400, `advanceSeconds must be a number from 0 to ${TEN_YEARS_SECONDS} (ten years).`);
    }
    const { clock, onClockMoved } = this.#options;
    clock.advance(advanceSeconds);
    await onClockMoved?.();
    return { now: new Date(clock.nowMs()).toISOString(), offsetSeconds: clock.offsetMs / 1000 };
  }

  async #deploy(body: unknown): Promise<unknown> {
    const { onDeploy } = this.#options;
    if (onDeploy === undefined) throw new ControlError(404, 'There are no functions here.');
    const { environment = {} } = readMembers(body, 'The body', ['environment']);
    const settings = Object.entries(readMembers(environment, 'environment', PASSED_ON)).map(([name, value]) => {
      if (typeof value !== 'string') throw new ControlError(400, `${name} must be a text. It is: ${show(value)}.`);
      return [name, value] as const;
    });
    return onDeploy(Object.fromEntries(settings));
  }

  #drift(body: unknown): unknown {
    const { instance, action } = readMembers(body, 'The body', ['instance', 'action']);
    if (typeof instance !== 'string' || instance === '') {
      throw new ControlError(400, 'instance must be the name or the id of a VM, as GET /machines shows it.');
    }
    const known = DRIFT_ACTIONS.find((candidate) => candidate === action);
    if (known === undefined) {
      throw new ControlError(400, `action must be one of: ${DRIFT_ACTIONS.join(', ')}. It is: ${show(action)}.`);
    }
    try {
      const { status } = this.#options.compute.drift(instance, known);
      return { instance, action: known, status };
    } catch (thrown) {
      if (thrown instanceof ComputeError) throw new ControlError(thrown.status, thrown.message);
      throw thrown;
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new ControlError(400, `The body is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  request.setEncoding('utf8');
  let text = '';
  try {
    for await (const part of request) {
      if (text.length <= BODY_LENGTH_MAX) text += String(part);
    }
  } catch (thrown) {
    throw new ControlError(400, `The body broke off: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (text.length > BODY_LENGTH_MAX) throw new ControlError(413, `The body may have ${BODY_LENGTH_MAX} characters.`);
  return text;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}
