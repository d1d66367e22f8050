import { InstancesClient, ZoneOperationsClient, type protos } from '@google-cloud/compute';
import { type Gate, type Guarded, OPEN_GATE } from '#shared/concurrency/gate.ts';
import { DEPLOYMENT_LABEL } from '#shared/domain/deployment-label.ts';
import type { MachineSpec } from '#shared/domain/instance.ts';
import { CloudError, toCloudError } from './cloud-error.ts';
import { type ComputeOptions, connectionOf } from './connection.ts';
import { type EditCall, sendEdit } from './edit-calls.ts';
import { toInstance } from './instance-order.ts';
import { Looks } from './looks.ts';
import { LOOK_FIELDS, type Machine, MACHINE_FIELDS, toMachine } from './machine.ts';
import { readSerialPort, type SerialOutput } from './serial-port.ts';
import { allZones, type ListPage, machinesOfZone } from './zone-lists.ts';
import { type CloudOperation, toOperation, type ZoneOperation } from './zone-operation.ts';

/** Identifies a VM or disk. */
export interface Place {
  readonly zone: string;
  readonly name: string;
}

/** Timeout of a call. Slow successful calls take a few seconds, and a caller may be waiting. */
const CALL_TIMEOUT_MS = 8_000;
/** Timeout of zoneOperations.wait, which returns after 2 minutes at most. */
const WAIT_TIMEOUT_MS = 125_000;
/** Maximum page size of aggregatedList. */
const PAGE_SIZE = 500;

type Request = 'start' | 'stop' | 'reset' | 'resume' | 'delete';

export interface RequestOptions {
  /** True: a stop may discard the data on Local SSD. Without it, Compute Engine refuses to stop a VM with Local SSD. */
  readonly discardLocalSsd?: boolean;
}

type InsertRequest = protos.google.cloud.compute.v1.IInsertInstanceRequest;

interface Clients {
  readonly instances: InstancesClient;
  readonly operations: ZoneOperationsClient;
}

/** What an adapter and its copies behind gates share. */
interface Shared {
  readonly clients: Clients;
  readonly looks: Looks;
  readonly gate: Gate;
}

export type { ComputeOptions } from './connection.ts';
export type { Machine } from './machine.ts';
export type { ZoneOperation } from './zone-operation.ts';

/**
 * VMs on Compute Engine, through Google's client. Every mutation has a requestId, so that a repeat is not applied
 * twice.
 */
export class Compute implements Guarded {
  readonly #options: ComputeOptions;
  readonly #clients: Clients;
  readonly #looks: Looks;
  readonly #gate: Gate;

  constructor(options: ComputeOptions, shared: Shared = sharedOf(options)) {
    this.#options = options;
    this.#clients = shared.clients;
    this.#looks = shared.looks;
    this.#gate = shared.gate;
  }

  /**
   * Returns the same adapter for one request: no call is sent before the gate opens, and none if it stays closed. Reads
   * wait too, because Compute Engine limits the reads of the whole platform together.
   */
  behind(gate: Gate): Compute {
    return new Compute(this.#options, { clients: this.#clients, looks: this.#looks, gate });
  }

  /** The label of all VMs of this deployment; VMs without it are never changed. */
  get label(): { readonly name: string; readonly value: string } {
    return { name: DEPLOYMENT_LABEL, value: this.#options.deployment };
  }

  /** Finds the credentials and fetches an access token, so that the first request does not wait for them. */
  async connect(): Promise<void> {
    const { instances } = this.#clients;
    await instances.initialize();
    if (this.#options.emulatorHost === undefined) await instances.auth.getAccessToken();
  }

  async close(): Promise<void> {
    await Promise.all([this.#clients.instances.close(), this.#clients.operations.close()]);
  }

  /** Reads a VM; `undefined` when Compute Engine responds with 404, which can be wrong: `findMachine` verifies it. */
  async get(place: Place): Promise<Machine | undefined> {
    await this.#gate.opened();
    return this.#get(place, MACHINE_FIELDS);
  }

  /**
   * The VM without its metadata, for callers that can be answered from the record: see `Looks`. `version` is the one of the
   * record that the caller has read; those who have read the same one share a call.
   */
  async look(place: Place, version: string): Promise<Machine | undefined> {
    await this.#gate.opened();
    return this.#looks.share(`${place.zone}/${place.name}@${version}`, () => this.#get(place, LOOK_FIELDS));
  }

  /**
   * Finds a VM in its zone's list; `undefined` when the list lacks it. Unlike the list of all zones, this list fails
   * when the zone is unreachable, so an absence is reliable.
   */
  async find(place: Place): Promise<Machine | undefined> {
    await this.#gate.opened();
    try {
      const [found] = await this.#clients.instances.list(
        { project: this.#options.project, zone: place.zone, filter: `name=${place.name}`, maxResults: 1 },
        { timeout: CALL_TIMEOUT_MS, autoPaginate: false },
      );
      return found.map(toMachine).find(({ name }) => name === place.name);
    } catch (thrown) {
      throw toCloudError(thrown);
    }
  }

  /** Requests a new VM. Success means only that the request was accepted. */
  async insert(place: Place, spec: MachineSpec, requestId: string): Promise<ZoneOperation> {
    const request: InsertRequest = {
      project: this.#options.project,
      zone: place.zone,
      requestId,
      instanceResource: toInstance(place, spec, this.#options.deployment),
    };
    return this.#mutate(async ({ instances }) =>
      instances.insert(request, { timeout: CALL_TIMEOUT_MS, maxRetries: 0 }),
    );
  }

  /** Requests a power change or the deletion of a VM. Success means only that the request was accepted. */
  async request(
    verb: Request,
    place: Place,
    requestId: string,
    { discardLocalSsd }: RequestOptions = {},
  ): Promise<ZoneOperation> {
    const request = { project: this.#options.project, zone: place.zone, instance: place.name, requestId };
    const options = { timeout: CALL_TIMEOUT_MS, maxRetries: 0 };
    return this.#mutate(async ({ instances }) => {
      switch (verb) {
        case 'start':
          return instances.start(request, options);
        case 'stop':
          return instances.stop(discardLocalSsd === true ? { ...request, discardLocalSsd } : request, options);
        case 'reset':
          return instances.reset(request, options);
        case 'resume':
          return instances.resume(request, options);
        case 'delete':
          return instances.delete(request, options);
      }
    });
  }

  /** Requests a change of a VM other than a power change. Success means only that the request was accepted. */
  async edit(call: EditCall, place: Place, requestId: string): Promise<ZoneOperation> {
    const target = { project: this.#options.project, ...place, requestId };
    const options = { timeout: CALL_TIMEOUT_MS, maxRetries: 0 };
    return this.#mutate(({ instances }) => sendEdit(call, target, { instances, options }));
  }

  /** Reads the output of a VM's first serial port from byte `start` on; `undefined` when the VM does not exist. */
  async serialOutput(place: Place, start: number): Promise<SerialOutput | undefined> {
    await this.#gate.opened();
    return readSerialPort(this.#clients.instances, { project: this.#options.project, ...place, start });
  }

  /** Reads a zone operation; `undefined` when Compute Engine has forgotten it (after about two weeks). */
  async operation(zone: string, name: string): Promise<ZoneOperation | undefined> {
    return this.#readOperation(({ operations }) =>
      operations.get({ project: this.#options.project, zone, operation: name }, { timeout: CALL_TIMEOUT_MS }),
    );
  }

  /**
   * Lets Compute Engine wait for the operation, for at most `waitMs`; the operation that is returned may not be done yet.
   * After a timeout it is read once more. `undefined` as in `operation`.
   */
  async wait(zone: string, name: string, waitMs: number): Promise<ZoneOperation | undefined> {
    const timeout = Math.min(waitMs, WAIT_TIMEOUT_MS);
    try {
      return await this.#readOperation(({ operations }) =>
        operations.wait({ project: this.#options.project, zone, operation: name }, { timeout, maxRetries: 0 }),
      );
    } catch (thrown) {
      // A timeout of this client does not mean that the operation failed, so its state is read.
      if (thrown instanceof CloudError && thrown.reason === 'lost') return this.operation(zone, name);
      throw thrown;
    }
  }

  /** Lists all VMs of this deployment in all zones, page by page. */
  async *list(): AsyncGenerator<readonly Machine[]> {
    const request = {
      project: this.#options.project,
      filter: `labels.${DEPLOYMENT_LABEL}=${this.#options.deployment}`,
      maxResults: PAGE_SIZE,
      // Without it one unreachable zone would fail the whole list.
      returnPartialSuccess: true,
    };
    let page: Machine[] = [];
    await this.#gate.opened();
    try {
      for await (const [, scope] of this.#clients.instances.aggregatedListAsync(request, {
        timeout: CALL_TIMEOUT_MS * 4,
        autoPaginate: false,
      })) {
        page.push(...(scope.instances ?? []).map(toMachine));
        if (page.length >= PAGE_SIZE) {
          yield page;
          page = [];
        }
      }
    } catch (thrown) {
      throw toCloudError(thrown);
    }
    if (page.length > 0) yield page;
  }

  /** Lists one page of this deployment's VMs of a zone, by name. Throws CloudError when the zone is unreachable. */
  async listZone(zone: string, page: { readonly token: string; readonly size: number }): Promise<ListPage<Machine>> {
    await this.#gate.opened();
    const { project, deployment } = this.#options;
    const filter = `labels.${DEPLOYMENT_LABEL}=${deployment}`;
    const request = { project, zone, filter, maxResults: page.size, pageToken: page.token };
    return machinesOfZone(this.#clients.instances, request);
  }

  /** Returns the names of all zones; one that is unreachable can be missing. */
  async zones(): Promise<readonly string[]> {
    await this.#gate.opened();
    return allZones(this.#clients.instances, this.#options.project);
  }

  async #get({ zone, name }: Place, fields: string): Promise<Machine | undefined> {
    try {
      const [found] = await this.#clients.instances.get(
        { project: this.#options.project, zone, instance: name },
        { timeout: CALL_TIMEOUT_MS, otherArgs: { headers: { 'X-Goog-FieldMask': fields } } },
      );
      return toMachine(found);
    } catch (thrown) {
      const error = toCloudError(thrown);
      if (error.reason === 'not_found') return undefined;
      throw error;
    }
  }

  async #mutate(call: (clients: Clients) => Promise<readonly [unknown, ...unknown[]]>): Promise<ZoneOperation> {
    await this.#gate.opened();
    let accepted: unknown;
    try {
      [accepted] = await call(this.#clients);
    } catch (thrown) {
      throw toCloudError(thrown);
    }
    // The client wraps the operation for polling; `latestResponse` is the resource itself.
    const { latestResponse } = accepted as { readonly latestResponse: CloudOperation };
    return toOperation(latestResponse);
  }

  async #readOperation(
    call: (clients: Clients) => Promise<readonly [CloudOperation, ...unknown[]]>,
  ): Promise<ZoneOperation | undefined> {
    await this.#gate.opened();
    try {
      const [found] = await call(this.#clients);
      return toOperation(found);
    } catch (thrown) {
      const error = toCloudError(thrown);
      if (error.reason === 'not_found') return undefined;
      throw error;
    }
  }
}

function sharedOf(options: ComputeOptions): Shared {
  return { clients: clientsOf(options), looks: new Looks(options.nowMs ?? Date.now), gate: OPEN_GATE };
}

function clientsOf(options: ComputeOptions): Clients {
  const connection = connectionOf(options);
  return { instances: new InstancesClient(connection), operations: new ZoneOperationsClient(connection) };
}
