import type { Clock } from '../clock.ts';
import { CatalogApi, checkZone } from './catalog-api.ts';
import { applyToMachine } from './apply-to-machine.ts';
import { ComputeError, invalidField, notFound, notReady } from './compute-error.ts';
import type { Disk } from './disk-resource.ts';
import { Edits } from './edits.ts';
import type { Machine } from './instance-resource.ts';
import type { Call, Journal } from './journal.ts';
import type { Lifecycle } from './lifecycle.ts';
import { aggregatedBody, listBody } from './list-body.ts';
import { type ListFilter, parseListFilter } from './list-filter.ts';
import { pageFrom, pageOf } from './list-page.ts';
import { needsRoom } from './moves.ts';
import type { Order } from './operation-book.ts';
import type { Operation, OperationFailure, OperationResource } from './operation-resource.ts';
import type { OperationWaiters } from './operation-waiters.ts';
import { parseBody, readBody, readBoolean, readNumber, readRequestId } from './request-values.ts';
import { INSTANCE_FIELDS, OPERATION_FIELDS } from './resource-fields.ts';
import { diskName, instanceName, operationName, zoneName } from './resource-names.ts';
import { isMutation } from './route.ts';
import type { Mutation, Reading, Route } from './route.ts';
import { serialPortOutput } from './serial-output.ts';

/** A parsed request. */
export interface ApiRequest extends Route {
  readonly query: URLSearchParams;
  readonly rawBody: string;
  /** Aborted if the caller has closed the connection. */
  readonly signal: AbortSignal;
  /** An `operationError` or `stockout` fault: the call is accepted, and its operation fails with this error. */
  readonly failure?: OperationFailure | undefined;
  /** An `absent` fault: this call sees no VMs, like a read of outdated data. */
  readonly absent?: boolean;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body?: object;
}

/** Time for which a repeated requestId returns the operation of the first call. */
const REQUEST_ID_MS = 60 * 60_000;
/** Longest wait of `zoneOperations.wait`. */
const WAIT_MS = 120_000;

/** VMs read from the journal at once: a page and the one that shows whether another follows. */
const READ_AT_ONCE = 501;

/** Which VMs a list has. */
interface ListedPlace {
  readonly project: string;
  /** `undefined`: all zones. */
  readonly zone: string | undefined;
  /** The list lacks every VM, like a read of outdated data. */
  readonly absent: boolean;
}

interface ApiParts {
  readonly journal: Journal;
  readonly lifecycle: Lifecycle;
  readonly waiters: OperationWaiters;
  readonly clock: Clock;
}

/** Compute Engine's methods: executes requests, returns responses and keeps the log of mutating calls. */
export class ComputeApi {
  readonly #journal: Journal;
  readonly #lifecycle: Lifecycle;
  readonly #edits: Edits;
  readonly #catalog: CatalogApi;
  readonly #waiters: OperationWaiters;
  readonly #clock: Clock;

  constructor({ journal, lifecycle, waiters, clock }: ApiParts) {
    this.#journal = journal;
    this.#lifecycle = lifecycle;
    this.#edits = new Edits(journal, lifecycle);
    this.#catalog = new CatalogApi(lifecycle);
    this.#waiters = waiters;
    this.#clock = clock;
  }

  /** Returns the response; rejects with a ComputeError if the request is refused. */
  async answer(request: ApiRequest): Promise<ApiAnswer> {
    const { method } = request;
    if (isMutation(method)) return this.#mutate(request, method);
    this.#lifecycle.settle();
    return this.#read(request, method);
  }

  /** Logs a call that was refused before it was read. */
  noteRefused(request: ApiRequest, method: Mutation, status: number): void {
    this.#journal.addCall(this.#call(request, method, 'refused', status));
  }

  /** Whether the request needs capacity of the zone for a VM. */
  asksForRoom(request: ApiRequest): boolean {
    const { method, project, zone, resource } = request;
    if (!this.opensOperation(request)) return false;
    if (method === 'instances.insert') return true;
    if (method !== 'instances.start' && method !== 'instances.resume') return false;
    const machine = this.#find(project, zone, resource);
    return machine !== undefined && needsRoom(method === 'instances.start' ? 'start' : 'resume', machine);
  }

  /** Whether the request would open a new operation on an existing VM or disk, or on a VM that does not exist yet. */
  opensOperation(request: ApiRequest): boolean {
    const { method, project, zone, resource, query } = request;
    if (!isMutation(method)) return false;
    this.#lifecycle.settle();
    const requestId = query.get('requestId') ?? '';
    if (requestId !== '' && this.#original(project, requestId) !== undefined) return false;
    if (method === 'instances.insert') {
      const name = parseBody(request.rawBody)?.['name'];
      return typeof name === 'string' && this.#journal.machine(project, zone, name) === undefined;
    }
    if (method.startsWith('disks.')) return true;
    return this.#find(project, zone, resource) !== undefined;
  }

  /** Returns the name of an existing VM's machine type, or of the one that an insert requests. */
  machineTypeOf({ method, project, zone, resource, rawBody }: ApiRequest): string {
    const asked = method === 'instances.insert' ? parseBody(rawBody)?.['machineType'] : undefined;
    const reference = typeof asked === 'string' ? asked : this.#find(project, zone, resource)?.resource.machineType;
    return reference?.slice(reference.lastIndexOf('/') + 1) ?? '';
  }

  #mutate(request: ApiRequest, method: Mutation): ApiAnswer {
    try {
      checkZone(request.zone);
      const requestId = readRequestId(request.query);
      const operation = this.#lifecycle.transact((nowMs) => {
        const original = requestId === undefined ? undefined : this.#original(request.project, requestId);
        if (original !== undefined) {
          checkSameRequest(original, request, method);
          this.#journal.addCall(this.#call(request, method, 'replayed', 200));
          return original;
        }
        const done = this.#apply(request, method, requestId, nowMs);
        this.#journal.addCall(this.#call(request, method, 'applied', 200));
        return done;
      });
      return { status: 200, body: operation.resource };
    } catch (thrown) {
      if (thrown instanceof ComputeError) this.noteRefused(request, method, thrown.status);
      throw thrown;
    }
  }

  #apply(request: ApiRequest, method: Mutation, requestId: string | undefined, nowMs: number): Operation {
    const { project, zone, query, failure } = request;
    const principal = `compute-api@${project}.iam.gserviceaccount.com`;
    const order: Order = { requestId, principal, api: 'v1', failure, nowMs };
    switch (method) {
      case 'instances.insert':
        refuseSources(project, query);
        return this.#lifecycle.insert({ project, zone }, readBody(request.rawBody), order);
      case 'disks.insert': {
        const body = readBody(request.rawBody);
        return this.#lifecycle.disks.insert({ project, zone }, body, query.get('sourceImage'), order);
      }
      case 'disks.resize':
        return this.#lifecycle.disks.resize(this.#disk(request), readBody(request.rawBody), order);
      case 'disks.setLabels':
        return this.#lifecycle.disks.setLabels(this.#disk(request), readBody(request.rawBody), order);
      case 'disks.delete':
        return this.#lifecycle.disks.delete(this.#disk(request), order);
      default:
        return applyToMachine(this.#machine(request), request, method, {
          lifecycle: this.#lifecycle,
          edits: this.#edits,
          order,
        });
    }
  }

  async #read(request: ApiRequest, method: Reading): Promise<ApiAnswer> {
    const { project, zone, query } = request;
    if (zone !== '') checkZone(zone);
    switch (method) {
      case 'instances.get':
        return { status: 200, body: this.#machine(request).resource };
      case 'instances.getSerialPortOutput':
        return { status: 200, body: this.#serialPort(request) };
      case 'instances.list':
        return { status: 200, body: this.#listInstances(request) };
      case 'instances.aggregatedList':
        return { status: 200, body: this.#aggregate(request) };
      case 'zoneOperations.get':
        return { status: 200, body: this.#operation(request).resource };
      case 'zoneOperations.list':
        return { status: 200, body: this.#listOperations(project, zone, query) };
      case 'zoneOperations.wait':
        return { status: 200, body: await this.#wait(request) };
      case 'zoneOperations.delete': {
        const { name, resource } = this.#operation(request);
        if (resource.status !== 'DONE') throw notReady(operationName(project, zone, name));
        this.#journal.removeOperation(name);
        return { status: 204 };
      }
      default:
        return { status: 200, body: this.#catalog.read(request, method) };
    }
  }

  async #wait(request: ApiRequest): Promise<OperationResource> {
    const { name, resource } = this.#operation(request);
    if (resource.status === 'DONE') return resource;
    await this.#waiters.wait(name, this.#clock, this.#clock.nowMs() + WAIT_MS, request.signal);
    this.#lifecycle.settle();
    return this.#operation(request).resource;
  }

  #serialPort(request: ApiRequest): object {
    const port = readNumber(request.query, 'port', 1);
    if (port < 1 || port > 4) throw invalidField('port', String(port), 'Must be a number from 1 to 4.');
    return serialPortOutput(this.#journal, this.#machine(request), port, readNumber(request.query, 'start', 0));
  }

  #listInstances({ project, zone, query, absent = false }: ApiRequest): object {
    const { items, ...more } = this.#instancePage({ project, zone, absent }, query);
    const page = { items: items.map(({ resource }) => resource), ...more };
    return listBody('compute#instanceList', `${zoneName(project, zone)}/instances`, page);
  }

  #aggregate({ project, query, absent = false }: ApiRequest): object {
    readBoolean(query, 'returnPartialSuccess');
    readBoolean(query, 'includeAllScopes');
    const page = this.#instancePage({ project, zone: undefined, absent }, query);
    const base = `projects/${project}/aggregated/instances`;
    return aggregatedBody('compute#instanceAggregatedList', base, 'instances', page);
  }

  #instancePage(of: ListedPlace, query: URLSearchParams) {
    const filter = parseListFilter(query.get('filter') ?? '', INSTANCE_FIELDS);
    return pageFrom((after) => this.#instancesAfter(after, of, filter), query);
  }

  /** Reads VMs in the order of zone and name, a few hundred at a time. */
  *#instancesAfter(after: string | undefined, { project, zone, absent }: ListedPlace, filter: ListFilter) {
    const [afterZone = '', afterName = ''] = (after ?? '').split('/');
    let position = { zone: afterZone, name: afterName };
    for (let more = !absent; more;) {
      const machines = this.#journal.machinesAfter(project, zone, position, READ_AT_ONCE);
      for (const item of machines) {
        position = { zone: item.zone, name: item.name };
        if (filter(item.resource)) yield { item, name: `${item.zone}/${item.name}`, createdMs: item.createdMs };
      }
      more = machines.length === READ_AT_ONCE;
    }
  }

  #listOperations(project: string, zone: string, query: URLSearchParams): object {
    const filter = parseListFilter(query.get('filter') ?? '', OPERATION_FIELDS);
    const listed = this.#journal
      .operations(project, zone)
      .filter(({ resource }) => filter(resource))
      .map(({ resource, name, insertMs }) => ({ item: resource, name, createdMs: insertMs }));
    return listBody('compute#operationList', `${zoneName(project, zone)}/operations`, pageOf(listed, query));
  }

  #machine({ project, zone, resource, absent = false }: ApiRequest): Machine {
    const machine = absent ? undefined : this.#find(project, zone, resource);
    if (machine === undefined) throw notFound(instanceName(project, zone, resource));
    return machine;
  }

  #disk({ project, zone, resource }: Route): Disk {
    const disk = this.#lifecycle.disks.find(project, zone, resource);
    if (disk === undefined) throw notFound(diskName(project, zone, resource));
    return disk;
  }

  /** Finds a VM by its name or its numeric id. */
  #find(project: string, zone: string, resource: string): Machine | undefined {
    const machine = /^\d+$/.test(resource)
      ? this.#journal.machineById(resource)
      : this.#journal.machine(project, zone, resource);
    return machine?.project === project && machine.zone === zone ? machine : undefined;
  }

  /** Finds an operation by its name or its numeric id (GetZoneOperationRequest in compute.proto). */
  #operation({ project, zone, resource }: Route): Operation {
    const operation = /^\d+$/.test(resource)
      ? this.#journal.operationById(resource)
      : this.#journal.operation(resource);
    if (operation?.project !== project || operation.zone !== zone) {
      throw notFound(operationName(project, zone, resource));
    }
    return operation;
  }

  #original(project: string, requestId: string): Operation | undefined {
    return this.#journal.operationByRequest(project, requestId, this.#clock.nowMs() - REQUEST_ID_MS);
  }

  #call(request: ApiRequest, method: Mutation, outcome: Call['outcome'], status: number): Call {
    const name = targetOf(request, method);
    const requestId = request.query.get('requestId') ?? '';
    return {
      method,
      zone: request.zone,
      instance: typeof name === 'string' ? name : '',
      requestId: requestId === '' ? null : requestId,
      time: new Date(this.#clock.nowMs()).toISOString(),
      outcome,
      status,
      ...(outcome === 'applied' && request.failure !== undefined ? { operationError: request.failure.code } : {}),
    };
  }
}

/** Returns the name of the resource that a request is about; an insert has it in the body. */
function targetOf(request: ApiRequest, method: Mutation): unknown {
  return method.endsWith('.insert') ? parseBody(request.rawBody)?.['name'] : request.resource;
}

/** Refuses source templates and machine images, which cannot be created in the emulator and therefore never exist. */
function refuseSources(project: string, query: URLSearchParams): void {
  for (const [parameter, collection] of [
    ['sourceInstanceTemplate', 'global/instanceTemplates'],
    ['sourceMachineImage', 'global/machineImages'],
  ] as const) {
    const source = query.get(parameter);
    if (source !== null) throw notFound(`projects/${project}/${collection}/${source.split('/').at(-1) ?? ''}`);
  }
}

/** Refuses a requestId that was used for another call: the caller's mistake must not look like success. */
function checkSameRequest(original: Operation, request: ApiRequest, method: Mutation): void {
  const name = targetOf(request, method);
  const { target } = original;
  const same = original.method === method && original.zone === request.zone;
  if (same && (name === target.name || name === target.id)) return;
  throw invalidField('requestId', request.query.get('requestId') ?? '', 'It was used for a different request.');
}
