import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Fault, FaultKind, Faults } from '../faults.ts';
import type { Emulator } from '../emulator.ts';
import type { AuditEntry } from './audit-entry.ts';
import { ComputeApi } from './compute-api.ts';
import type { ApiAnswer, ApiRequest } from './compute-api.ts';
import { regionOf, zonesOf } from './data/zones.ts';
import { ComputeError, injectedError } from './compute-error.ts';
import type { DiskResource } from './disk-resource.ts';
import type { InstanceResource, Machine } from './instance-resource.ts';
import { Journal } from './journal.ts';
import type { Call, StatusChange } from './journal.ts';
import { Lifecycle } from './lifecycle.ts';
import { NEW_PROJECT_NETWORKS } from './networks.ts';
import { partialResponse } from './partial-response.ts';
import { ReadQuota } from './read-quota.ts';
import type { NetworkSeed } from './networks.ts';
import { operationFailure } from './operation-failures.ts';
import type { OperationFailure } from './operation-resource.ts';
import { OperationWaiters } from './operation-waiters.ts';
import { instanceName } from './resource-names.ts';
import { findRoute, isMutation } from './route.ts';

export interface ComputeEmulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** SQLite file with all state; without it, the state ends with `stop`. */
  readonly stateFile?: string;
  readonly clock: Clock;
  readonly faults: Faults;
  /** Seconds from an accepted insert or start to RUNNING; default 2. */
  readonly bootSeconds?: number;
  /** Seconds from an accepted stop to TERMINATED; default 1. */
  readonly stopSeconds?: number;
  /** Reads beyond this rate are refused; default: none are. */
  readonly readsPerSecond?: number;
  /** The VPC networks that exist from the start; default what a new project has. More are made by `addNetworks`. */
  readonly networks?: readonly NetworkSeed[];
  /** Receives what a log sink would publish for Compute Engine, after the change is on disk. */
  readonly onAudit?: (entry: AuditEntry) => void;
}

export const DRIFT_ACTIONS = ['stop', 'start', 'delete', 'preempt'] as const;
export type DriftAction = (typeof DRIFT_ACTIONS)[number];

/** Far more than any Instance resource needs, in UTF-16 units. */
const BODY_LENGTH_MAX = 1024 * 1024;
const DELAY_MS_DEFAULT = 1000;

/** The parts that exist between start and stop. */
interface Running {
  readonly server: Server;
  readonly journal: Journal;
  readonly lifecycle: Lifecycle;
  readonly waiters: OperationWaiters;
  readonly api: ComputeApi;
  readonly readQuota: ReadQuota | undefined;
  readonly stopping: AbortController;
}

/** Compute Engine's v1 REST API on 127.0.0.1: instances and zone operations, for any project, without credentials. */
export class ComputeEmulator implements Emulator {
  readonly name = 'compute';
  readonly #options: ComputeEmulatorOptions;
  #running: Running | undefined;

  constructor(options: ComputeEmulatorOptions) {
    this.#options = options;
  }

  get address(): string {
    const address = this.#parts().server.address();
    if (address === null || typeof address === 'string')
      throw new Error('The Compute Engine emulator does not listen.');
    return `127.0.0.1:${address.port}`;
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    const { readsPerSecond } = this.#options;
    const { clock, stateFile, bootSeconds = 2, stopSeconds = 1, onAudit = () => undefined } = this.#options;
    const journal = new Journal(stateFile);
    const waiters = new OperationWaiters();
    const lifecycle = new Lifecycle({
      journal,
      clock,
      bootMs: bootSeconds * 1000,
      stopMs: stopSeconds * 1000,
      onAudit,
      onOperationEnd: (name) => waiters.wake(name),
    });
    const api = new ComputeApi({ journal, lifecycle, waiters, clock });
    const server = createServer((request, response) => {
      this.#serve(running, request, response).catch((thrown: unknown) => {
        // The emulator itself is faulty here; the caller gets Compute Engine's reply to an internal error.
        console.error('The Compute Engine emulator failed.', thrown);
        send(response, { status: 500, body: injectedError(500).body() });
      });
    });
    const readQuota = readsPerSecond === undefined ? undefined : new ReadQuota(readsPerSecond, clock);
    const running: Running = { server, journal, lifecycle, waiters, api, readQuota, stopping: new AbortController() };
    this.#running = running;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#options.port ?? 0, '127.0.0.1', resolve);
    });
    this.#seed(running);
    lifecycle.settle();
  }

  async reset(): Promise<void> {
    const running = this.#parts();
    const { journal, lifecycle, waiters } = running;
    journal.clear();
    this.#seed(running);
    lifecycle.settle();
    waiters.wakeAll();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.stopping.abort();
    running.lifecycle.stop();
    await new Promise((resolve) => {
      running.server.close(resolve);
      running.server.closeAllConnections();
    });
    running.journal.close();
  }

  /** Returns all VMs of all projects, as `instances.get` shows them. */
  machines(): readonly InstanceResource[] {
    const { journal, lifecycle } = this.#parts();
    lifecycle.settle();
    return journal.machines().map(({ resource }) => resource);
  }

  /** Returns all persistent disks of all projects, including boot disks, as `disks.get` shows them. */
  disks(): readonly DiskResource[] {
    const { journal, lifecycle } = this.#parts();
    lifecycle.settle();
    return journal.documents('disk', '').map(({ resource }) => resource);
  }

  /**
   * Creates networks and subnetworks as Terraform or the console would. An existing network gets the seed's mode and
   * further subnetworks. Throws an Error that says what is wrong with a seed; then nothing is created.
   */
  addNetworks(seeds: readonly NetworkSeed[]): void {
    const { lifecycle } = this.#parts();
    lifecycle.transact((nowMs) => {
      for (const seed of seeds) lifecycle.networks.put(seed, nowMs);
    });
  }

  /** Returns the existing networks as seeds; the subnetworks that auto mode adds are left out. */
  networks(): readonly NetworkSeed[] {
    return this.#parts().lifecycle.networks.seeds();
  }

  /**
   * Copies an existing VM under other names of its zone, with its status, disks and addresses: many machines for
   * measurements, far faster than inserts make them. Returns the copies' number.
   */
  copyMachine(project: string, zone: string, name: string, copies: Iterable<string>): number {
    const { journal } = this.#parts();
    const original = journal.machine(project, zone, name);
    if (original === undefined) throw new Error(`There is no instance '${name}' to copy.`);
    return journal.loadMachines(copiesOf(original, copies));
  }

  /** Returns every mutating call that reached the emulator, oldest first. */
  calls(): readonly Call[] {
    return this.#parts().journal.calls();
  }

  /** Returns every status of every VM, oldest first; `DELETED` once the VM was deleted. */
  machineHistory(): readonly StatusChange[] {
    const { journal, lifecycle } = this.#parts();
    lifecycle.settle();
    return journal.history();
  }

  /**
   * Changes a VM as the console or the cloud itself would. `instance` is a name, an id, or `zones/Z/instances/NAME` if
   * the name alone is not unique. Returns the changed VM. Throws a ComputeError: 404 for an unknown VM, 400 where
   * Compute Engine would refuse.
   */
  drift(instance: string, action: DriftAction): InstanceResource {
    const { journal, lifecycle } = this.#parts();
    return lifecycle.transact((nowMs) => {
      const machine = findMachine(journal.machines(), instance);
      if (action === 'preempt') {
        lifecycle.preempt(machine, nowMs);
      } else {
        lifecycle.act(action, machine, { principal: 'operator@example.com', api: 'beta', nowMs });
      }
      return journal.machineById(machine.id)?.resource ?? machine.resource;
    });
  }

  #seed({ lifecycle }: Running): void {
    const { networks = NEW_PROJECT_NETWORKS } = this.#options;
    lifecycle.transact((nowMs) => {
      for (const seed of networks) lifecycle.networks.put(seed, nowMs);
    });
  }

  async #serve(running: Running, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const rawBody = await readBody(incoming);
    // The caller closed the connection before the body was complete, so there is no request to execute.
    if (rawBody === undefined) {
      response.destroy();
      return;
    }
    const signal = AbortSignal.any([running.stopping.signal, gone.signal]);
    const answer = await this.#answer(running, incoming, rawBody, signal).catch(refusal);
    if (answer === 'lost') response.destroy();
    else send(response, answer);
  }

  async #answer(
    { api, readQuota, stopping }: Running,
    incoming: IncomingMessage,
    rawBody: string,
    signal: AbortSignal,
  ): Promise<ApiAnswer | 'lost'> {
    const hasStopped = () => stopping.signal.aborted;
    if (hasStopped()) return 'lost';
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const route = findRoute(incoming.method ?? 'GET', url.pathname);
    if (rawBody.length > BODY_LENGTH_MAX) throw new ComputeError(413, 'uploadTooLarge', 'Request Entity Too Large');
    const request: ApiRequest = { ...route, query: url.searchParams, rawBody, signal };
    const fault = takeFault(this.#options.faults, api, request);
    if (fault?.kind === 'delay') await held(fault.delayMs ?? DELAY_MS_DEFAULT, stopping.signal);
    if (hasStopped()) return 'lost';
    if (fault?.kind === 'error') {
      const error = injectedError(fault.status ?? 503, fault.code);
      if (isMutation(route.method)) api.noteRefused(request, route.method, error.status);
      throw error;
    }
    if (!isMutation(route.method)) readQuota?.take();
    const meant = { ...request, failure: failureOf(fault, api, request), absent: fault?.kind === 'absent' };
    const answer = await api.answer(meant).then((whole) => asked(whole, incoming, request), refusal);
    if (fault?.kind === 'falseError') throw injectedError(fault.status ?? 503);
    return fault?.kind === 'lostAnswer' || hasStopped() ? 'lost' : answer;
  }

  #parts(): Running {
    if (this.#running === undefined) throw new Error('The Compute Engine emulator is not running.');
    return this.#running;
  }
}

function* copiesOf(original: Machine, names: Iterable<string>): Generator<Machine> {
  let id = BigInt(original.id);
  for (const name of names) {
    id += 1n;
    const { selfLink } = original.resource;
    const resource = {
      ...original.resource,
      id: String(id),
      name,
      selfLink: `${selfLink.slice(0, selfLink.lastIndexOf('/') + 1)}${name}`,
    };
    yield { ...original, id: String(id), name, resource };
  }
}

/**
 * Takes the fault for this call, if any. A `stockout` or `operationError` fault stays queued until a call that it fits.
 */
function takeFault(faults: Faults, api: ComputeApi, request: ApiRequest): Fault | undefined {
  const kinds: FaultKind[] = ['error', 'falseError', 'lostAnswer', 'delay', 'absent'];
  if (api.asksForRoom(request)) kinds.push('stockout');
  if (api.opensOperation(request)) kinds.push('operationError');
  return faults.take('compute', request.method, kinds);
}

function failureOf(fault: Fault | undefined, api: ComputeApi, request: ApiRequest): OperationFailure | undefined {
  if (fault?.kind !== 'stockout' && fault?.kind !== 'operationError') return undefined;
  const { project, zone } = request;
  const code = fault.kind === 'stockout' ? 'ZONE_RESOURCE_POOL_EXHAUSTED' : (fault.code ?? 'INTERNAL_ERROR');
  const place = { project, zone, machineType: api.machineTypeOf(request) };
  // Another zone of the region, as if that one had capacity; the real service names one where it knows of one.
  const zonesAvailable = zonesOf(regionOf(zone)).find((other) => other !== zone) ?? '';
  return operationFailure(code, place, { httpStatus: fault.httpStatus, zonesAvailable });
}

function findMachine(machines: readonly Machine[], instance: string): Machine {
  const matching = machines.filter(({ id, project, zone, name }) =>
    [id, name, `zones/${zone}/instances/${name}`, instanceName(project, zone, name)].includes(instance),
  );
  const [machine, second] = matching;
  if (machine === undefined) throw new ComputeError(404, 'notFound', `There is no instance '${instance}'.`);
  if (second !== undefined) {
    throw new ComputeError(
      400,
      'invalid',
      `More than one instance is named '${instance}': say zones/Z/instances/NAME.`,
    );
  }
  return machine;
}

/** The part of an answer that the request asks for, by its parameter or by the header that stands for it. */
function asked(whole: ApiAnswer, { headers }: IncomingMessage, { method, query }: ApiRequest): ApiAnswer {
  const header = headers['x-goog-fieldmask'];
  const fields = query.get('fields') ?? query.get('$fields') ?? (typeof header === 'string' ? header : undefined);
  if (fields === undefined || whole.body === undefined) return whole;
  try {
    return { ...whole, body: partialResponse(whole.body, fields, method) };
  } catch (thrown) {
    return refusal(thrown);
  }
}

function refusal(thrown: unknown): ApiAnswer {
  if (thrown instanceof ComputeError) return { status: thrown.status, body: thrown.body() };
  throw thrown;
}

/** Waits in real time, like a slow network, but ends when the emulator stops. */
async function held(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => undefined);
}

/** Reads the whole body. A body that is too long is cut; one that breaks off is `undefined`. */
async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  try {
    incoming.setEncoding('utf8');
    let text = '';
    for await (const part of incoming) {
      if (text.length <= BODY_LENGTH_MAX) text += String(part);
    }
    return text;
  } catch {
    // The connection closed before the end of the body.
    return undefined;
  }
}

function send(response: ServerResponse, { status, body }: ApiAnswer): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  if (body === undefined) {
    response.end();
    return;
  }
  response.setHeader('content-type', 'application/json; charset=UTF-8');
  response.end(JSON.stringify(body, undefined, 2));
}
