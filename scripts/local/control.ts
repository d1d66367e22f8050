import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ShiftableClock } from '#scripts/emulators/clock.ts';
import { DRIFT_ACTIONS } from '#scripts/emulators/compute/compute-emulator.ts';
import type { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import { ComputeError } from '#scripts/emulators/compute/compute-error.ts';
import { FAULT_METHODS, FAULT_SERVICES } from '#scripts/emulators/faults.ts';
import type { Fault, Faults } from '#scripts/emulators/faults.ts';

export interface ControlServerOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  readonly compute: Pick<ComputeEmulator, 'calls' | 'machines' | 'machineHistory' | 'drift'>;
  readonly faults: Faults;
  readonly clock: ShiftableClock;
  /** Tells everything that has a clock of its own; `POST /clock` answers when it has finished. */
  readonly onClockMoved?: () => Promise<void>;
}

/** What is wrong with a request to the control interface, and what would be right. */
class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type Handler = (body: unknown) => unknown;

const TEN_YEARS_SECONDS = 10 * 365.25 * 86_400;
const COUNT_MAX = 1_000_000;
const DELAY_MS_MAX = 600_000;
/** For a `delay` fault that does not say how long. */
const DELAY_MS_DEFAULT = 1000;
const BODY_LENGTH_MAX = 1024 * 1024;

/** The control interface of the local cloud: how tests and people look behind the scenes, and break things. */
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
      '/clock': { POST: (body) => this.#moveClock(body) },
      '/drift': { POST: (body) => this.#drift(body) },
    };
  }

  /** `127.0.0.1:PORT`; only after `start`. */
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
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      // Browsers say so when a page asks; a page that somebody has opened has no business here.
      if (request.headers.origin !== undefined) {
        throw new ControlError(403, 'The control interface is not for web pages.');
      }
      const text = await readText(request);
      const handler = this.#findHandler(request, response);
      const answer: unknown = await handler(request.method === 'POST' ? parseJson(text) : undefined);
      send(response, 200, answer);
    } catch (thrown) {
      if (!(thrown instanceof ControlError)) throw thrown;
      send(response, thrown.status, { error: thrown.message });
    }
  }

  #findHandler(request: IncomingMessage, response: ServerResponse): Handler {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
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

function readFaults(body: unknown): readonly Fault[] {
  if (!Array.isArray(body)) {
    throw new ControlError(400, 'The body must be an array of {service, method, kind, count, status?, delayMs?}.');
  }
  return body.map((item: unknown, index) => readFault(item, `Fault ${index}`));
}

function readFault(item: unknown, where: string): Fault {
  const members = readMembers(item, where, ['service', 'method', 'kind', 'count', 'status', 'delayMs']);
  const service = FAULT_SERVICES.find((candidate) => candidate === members['service']);
  if (service === undefined) {
    throw new ControlError(
      400,
      `${where}: service must be one of: ${FAULT_SERVICES.join(', ')}. It is: ${show(members['service'])}.`,
    );
  }
  const { method } = members;
  const methods = FAULT_METHODS[service];
  const kinds = typeof method === 'string' && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (typeof method !== 'string' || kinds === undefined) {
    throw new ControlError(
      400,
      `${where}: method must be one of ${service}'s: ${Object.keys(methods).join(', ')}. It is: ${show(method)}.`,
    );
  }
  const kind = kinds.find((candidate) => candidate === members['kind']);
  if (kind === undefined) {
    throw new ControlError(
      400,
      `${where}: kind must be one of those of ${method}: ${kinds.join(', ')}. It is: ${show(members['kind'])}.`,
    );
  }
  const count = readInteger(members['count'], `${where}: count`, 1, COUNT_MAX);
  const [statusMin, statusMax] = service === 'compute' ? [400, 599] : [1, 16];
  const status =
    members['status'] === undefined
      ? undefined
      : readInteger(members['status'], `${where}: status`, statusMin, statusMax);
  const delayMs =
    members['delayMs'] === undefined
      ? undefined
      : readInteger(members['delayMs'], `${where}: delayMs`, 0, DELAY_MS_MAX);
  const delay = kind === 'delay' ? (delayMs ?? DELAY_MS_DEFAULT) : delayMs;
  return {
    service,
    method,
    kind,
    count,
    ...(status === undefined ? {} : { status }),
    ...(delay === undefined ? {} : { delayMs: delay }),
  };
}

function readInteger(value: unknown, what: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new ControlError(400, `${what} must be a whole number from ${min} to ${max}. It is: ${show(value)}.`);
}

function readMembers(value: unknown, where: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ControlError(400, `${where} must be an object with: ${known.join(', ')}.`);
  }
  const unknown = Object.keys(value).filter((member) => !known.includes(member));
  if (unknown.length > 0) {
    throw new ControlError(
      400,
      `${where} has unknown members: ${unknown.join(', ')}. It may have: ${known.join(', ')}.`,
    );
  }
  return Object.fromEntries(Object.entries(value));
}

function show(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
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
