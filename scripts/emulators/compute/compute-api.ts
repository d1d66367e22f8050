import type { Clock } from '../clock.ts';
import { ComputeError, invalidField, notFound, notReady } from './compute-error.ts';
import type { InstanceResource, Machine } from './instance-resource.ts';
import type { Call, Journal } from './journal.ts';
import { isJsonObject } from './json-object.ts';
import type { JsonObject } from './json-object.ts';
import { needsRoom } from './lifecycle.ts';
import type { Lifecycle, Order } from './lifecycle.ts';
import { parseListFilter } from './list-filter.ts';
import { pageOf } from './list-page.ts';
import type { Operation, OperationResource } from './operation-resource.ts';
import type { OperationWaiters } from './operation-waiters.ts';
import { ZONES, instanceName, operationName, resourceUrl, zoneName } from './resource-names.ts';
import { INSTANCE_FIELDS, OPERATION_FIELDS } from './resource-fields.ts';
import { isMutation } from './route.ts';
import type { ApiMethod, Mutation, Route } from './route.ts';

/** One request, read. */
export interface ApiRequest extends Route {
  readonly query: URLSearchParams;
  readonly rawBody: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** A fault says that the zone has no room for this one. */
  readonly stockout: boolean;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body?: object;
}

/** How long the same requestId means the same operation. */
const REQUEST_ID_MS = 60 * 60_000;
/** What `zoneOperations.wait` waits at most. */
const WAIT_MS = 120_000;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

interface ApiParts {
  readonly journal: Journal;
  readonly lifecycle: Lifecycle;
  readonly waiters: OperationWaiters;
  readonly clock: Clock;
}

/** Compute Engine's methods: from a request to the answer, with the call log kept. */
export class ComputeApi {
  readonly #journal: Journal;
  readonly #lifecycle: Lifecycle;
  readonly #waiters: OperationWaiters;
  readonly #clock: Clock;

  constructor({ journal, lifecycle, waiters, clock }: ApiParts) {
    this.#journal = journal;
    this.#lifecycle = lifecycle;
    this.#waiters = waiters;
    this.#clock = clock;
  }

  /** Rejects with a ComputeError for every refusal. */
  async answer(request: ApiRequest): Promise<ApiAnswer> {
    const { method } = request;
    if (isMutation(method)) return this.#mutate(request, method);
    this.#lifecycle.settle();
    return this.#read(request, method);
  }

  /** Writes a call down that was turned away before it could be looked at. */
  noteRefused(request: ApiRequest, method: Mutation, status: number): void {
    this.#journal.addCall(this.#call(request, method, 'refused', status));
  }

  /** Whether the request would make the zone find room for a VM. */
  asksForRoom(request: ApiRequest): boolean {
    const { method, project, zone, resource, query } = request;
    this.#lifecycle.settle();
    const requestId = query.get('requestId') ?? '';
    if (requestId !== '' && this.#original(project, requestId) !== undefined) return false;
    if (method === 'instances.insert') {
      const name = parseBody(request.rawBody)?.['name'];
      return typeof name === 'string' && this.#journal.machine(project, zone, name) === undefined;
    }
    if (method !== 'instances.start' && method !== 'instances.resume') return false;
    const machine = this.#find(project, zone, resource);
    return machine !== undefined && needsRoom(method === 'instances.start' ? 'start' : 'resume', machine);
  }

  #mutate(request: ApiRequest, method: Mutation): ApiAnswer {
    try {
      checkZone(request.project, request.zone);
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
    const { project, zone, query, stockout } = request;
    const principal = `compute-api@${project}.iam.gserviceaccount.com`;
    const order: Order = { requestId, principal, api: 'v1', stockout };
    if (method === 'instances.insert') {
      for (const [parameter, collection] of [
        ['sourceInstanceTemplate', 'global/instanceTemplates'],
        ['sourceMachineImage', 'global/machineImages'],
      ] as const) {
        const source = query.get(parameter);
        // Neither can be made here, so none exists.
        if (source !== null) throw notFound(`projects/${project}/${collection}/${source.split('/').at(-1) ?? ''}`);
      }
      return this.#lifecycle.insert({ project, zone }, readBody(request.rawBody), order, nowMs);
    }
    const machine = this.#machine(request);
    switch (method) {
      case 'instances.setLabels':
        return this.#lifecycle.setLabels(machine, readBody(request.rawBody), order, nowMs);
      case 'instances.delete':
        if (machine.resource.deletionProtection && !machine.deleting) throw protectedFromDeletion(machine);
        return this.#lifecycle.act('delete', machine, order, nowMs);
      case 'instances.start':
        return this.#lifecycle.act('start', machine, order, nowMs);
      case 'instances.stop':
        readBoolean(query, 'discardLocalSsd');
        readBoolean(query, 'noGracefulShutdown');
        return this.#lifecycle.act('stop', machine, order, nowMs);
      case 'instances.suspend':
        readBoolean(query, 'discardLocalSsd');
        return this.#lifecycle.act('suspend', machine, order, nowMs);
      case 'instances.reset':
        return this.#lifecycle.act('reset', machine, order, nowMs);
      case 'instances.resume':
        return this.#lifecycle.act('resume', machine, order, nowMs);
    }
  }

  async #read(request: ApiRequest, method: Exclude<ApiMethod, Mutation>): Promise<ApiAnswer> {
    const { project, zone, query } = request;
    if (method !== 'instances.aggregatedList') checkZone(project, zone);
    switch (method) {
      case 'instances.get':
        return { status: 200, body: this.#machine(request).resource };
      case 'instances.list':
        return { status: 200, body: this.#listInstances(project, zone, query) };
      case 'instances.aggregatedList':
        return { status: 200, body: this.#aggregate(project, query) };
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
    }
  }

  async #wait(request: ApiRequest): Promise<OperationResource> {
    const { name, resource } = this.#operation(request);
    if (resource.status === 'DONE') return resource;
    await this.#waiters.wait(name, this.#clock, this.#clock.nowMs() + WAIT_MS, request.signal);
    this.#lifecycle.settle();
    return this.#operation(request).resource;
  }

  #listInstances(project: string, zone: string, query: URLSearchParams): object {
    const base = `${zoneName(project, zone)}/instances`;
    const { items, nextPageToken } = this.#instancePage(this.#journal.machines(project, zone), query);
    return listBody(
      'compute#instanceList',
      base,
      items.map(({ resource }) => resource),
      nextPageToken,
    );
  }

  #aggregate(project: string, query: URLSearchParams): object {
    readBoolean(query, 'returnPartialSuccess');
    readBoolean(query, 'includeAllScopes');
    const { items, nextPageToken } = this.#instancePage(this.#journal.machines(project), query);
    const byZone = new Map<string, InstanceResource[]>(ZONES.map((zone) => [zone, []]));
    for (const { zone, resource } of items) byZone.get(zone)?.push(resource);
    const base = `projects/${project}/aggregated/instances`;
    return {
      kind: 'compute#instanceAggregatedList',
      id: base,
      items: Object.fromEntries(
        [...byZone].map(([zone, instances]) => [
          `zones/${zone}`,
          instances.length > 0 ? { instances } : { warning: noResults(zone) },
        ]),
      ),
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
      selfLink: resourceUrl(base),
    };
  }

  #instancePage(machines: readonly Machine[], query: URLSearchParams) {
    const filter = parseListFilter(query.get('filter') ?? '', INSTANCE_FIELDS);
    const listed = machines
      .filter(({ resource }) => filter(resource))
      .map((item) => ({ item, name: `${item.zone}/${item.name}`, createdMs: item.createdMs }));
    return pageOf(listed, query);
  }

  #listOperations(project: string, zone: string, query: URLSearchParams): object {
    const filter = parseListFilter(query.get('filter') ?? '', OPERATION_FIELDS);
    const listed = this.#journal
      .operations(project, zone)
      .filter(({ resource }) => filter(resource))
      .map(({ resource, name, insertMs }) => ({ item: resource, name, createdMs: insertMs }));
    const { items, nextPageToken } = pageOf(listed, query);
    return listBody('compute#operationList', `${zoneName(project, zone)}/operations`, items, nextPageToken);
  }

  #machine({ project, zone, resource }: Route): Machine {
    const machine = this.#find(project, zone, resource);
    if (machine === undefined) throw notFound(instanceName(project, zone, resource));
    return machine;
  }

  /** A VM goes by its name or its id. */
  #find(project: string, zone: string, resource: string): Machine | undefined {
    const machine = /^\d+$/.test(resource)
      ? this.#journal.machineById(resource)
      : this.#journal.machine(project, zone, resource);
    return machine?.project === project && machine.zone === zone ? machine : undefined;
  }

  #operation({ project, zone, resource }: Route): Operation {
    const operation = this.#journal.operation(resource);
    if (operation?.project !== project || operation.zone !== zone) {
      throw notFound(operationName(project, zone, resource));
    }
    return operation;
  }

  #original(project: string, requestId: string): Operation | undefined {
    return this.#journal.operationByRequest(project, requestId, this.#clock.nowMs() - REQUEST_ID_MS);
  }

  #call(request: ApiRequest, method: Mutation, outcome: Call['outcome'], status: number): Call {
    const name = method === 'instances.insert' ? parseBody(request.rawBody)?.['name'] : request.resource;
    const requestId = request.query.get('requestId') ?? '';
    return {
      method,
      zone: request.zone,
      instance: typeof name === 'string' ? name : '',
      requestId: requestId === '' ? null : requestId,
      time: new Date(this.#clock.nowMs()).toISOString(),
      outcome,
      status,
    };
  }
}

function checkZone(project: string, zone: string): void {
  if (!ZONES.includes(zone)) throw notFound(zoneName(project, zone));
}

function readRequestId(query: URLSearchParams): string | undefined {
  const requestId = query.get('requestId') ?? '';
  if (requestId === '') return undefined;
  if (!UUID.test(requestId) || requestId === NIL_UUID) {
    throw invalidField('requestId', requestId, 'The request ID must be a valid UUID, other than the zero UUID.');
  }
  return requestId;
}

/** The same requestId for something else is a mistake of the caller that must not look like success. */
function checkSameRequest(original: Operation, request: ApiRequest, method: Mutation): void {
  const name = method === 'instances.insert' ? readBody(request.rawBody)['name'] : request.resource;
  const { machine } = original;
  const same = `instances.${original.method}` === method && original.zone === request.zone;
  if (same && (name === machine.name || name === machine.id)) return;
  throw invalidField('requestId', request.query.get('requestId') ?? '', 'It was used for a different request.');
}

function readBoolean(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  if (text !== null && text !== 'true' && text !== 'false') throw invalidField(name, text, 'Must be true or false.');
  return text === 'true';
}

function parseBody(rawBody: string): JsonObject | undefined {
  try {
    const body: unknown = JSON.parse(rawBody);
    return isJsonObject(body) ? body : undefined;
  } catch {
    // Each caller says in its own way that there is no body.
    return undefined;
  }
}

function readBody(rawBody: string): JsonObject {
  if (rawBody.trim() === '') return {};
  const body = parseBody(rawBody);
  if (body === undefined) throw new ComputeError(400, 'parseError', 'Parse Error');
  return body;
}

function protectedFromDeletion(machine: Machine): ComputeError {
  const name = instanceName(machine.project, machine.zone, machine.name);
  return new ComputeError(
    400,
    'invalid',
    `Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion: ${name}'.`,
  );
}

function listBody(kind: string, base: string, items: readonly object[], nextPageToken: string | undefined): object {
  return {
    kind,
    id: base,
    ...(items.length === 0 ? {} : { items }),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
    selfLink: resourceUrl(base),
  };
}

function noResults(zone: string): object {
  return {
    code: 'NO_RESULTS_ON_PAGE',
    message: `There are no results for scope 'zones/${zone}' on this page.`,
    data: [{ key: 'scope', value: `zones/${zone}` }],
  };
}
