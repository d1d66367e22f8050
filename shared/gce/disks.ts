import { DisksClient, InstancesClient } from '@google-cloud/compute';
import { type Gate, type Guarded, OPEN_GATE } from '#shared/concurrency/gate.ts';
import { DEPLOYMENT_LABEL } from '#shared/domain/deployment-label.ts';
import { attachedDisk } from './attached-disk.ts';
import { toCloudError } from './cloud-error.ts';
import type { Place } from './compute.ts';
import { type ComputeOptions, connectionOf } from './connection.ts';
import { type Disk, toDisk } from './disk.ts';
import { disksOfZone, type ListPage } from './zone-lists.ts';
import { type CloudOperation, lastSegment, toOperation, type ZoneOperation } from './zone-operation.ts';

export type { Disk } from './disk.ts';

export interface DiskSpec {
  readonly sizeGb: number;
  /** Bare disk type. */
  readonly diskType: string;
}

/** Timeout of a call, the same as for VMs; a caller may be waiting. */
const CALL_TIMEOUT_MS = 8_000;
const PAGE_SIZE = 500;
const ONCE = { timeout: CALL_TIMEOUT_MS, maxRetries: 0 };

interface Clients {
  readonly disks: DisksClient;
  readonly instances: InstancesClient;
}

/** What an adapter and its copies behind gates share. */
interface Shared {
  readonly clients: Clients;
  readonly gate: Gate;
}

/**
 * Disks on Compute Engine, through Google's clients. Every mutation has a requestId, so that a repeat is not applied
 * twice.
 */
export class Disks implements Guarded {
  readonly #options: ComputeOptions;
  readonly #clients: Clients;
  readonly #gate: Gate;

  constructor(options: ComputeOptions, shared: Shared = { clients: clientsOf(options), gate: OPEN_GATE }) {
    this.#options = options;
    this.#clients = shared.clients;
    this.#gate = shared.gate;
  }

  /** Returns the same adapter for one request: no call is sent before the gate opens. */
  behind(gate: Gate): Disks {
    return new Disks(this.#options, { clients: this.#clients, gate });
  }

  async close(): Promise<void> {
    const { disks, instances } = this.#clients;
    await Promise.all([disks.close(), instances.close()]);
  }

  /** Reads a disk; `undefined` when Compute Engine responds with 404, which can be wrong: `findDisk` verifies it. */
  async get({ zone, name }: Place): Promise<Disk | undefined> {
    await this.#gate.opened();
    try {
      const [found] = await this.#clients.disks.get(
        { project: this.#options.project, zone, disk: name },
        { timeout: CALL_TIMEOUT_MS },
      );
      return toDisk(found);
    } catch (thrown) {
      const error = toCloudError(thrown);
      if (error.reason === 'not_found') return undefined;
      throw error;
    }
  }

  /** Finds a disk in its zone's list. The list fails when the zone is unreachable, so an absence is reliable. */
  async find({ zone, name }: Place): Promise<Disk | undefined> {
    await this.#gate.opened();
    try {
      const [found] = await this.#clients.disks.list(
        { project: this.#options.project, zone, filter: `name=${name}`, maxResults: 1 },
        { timeout: CALL_TIMEOUT_MS, autoPaginate: false },
      );
      return found.map(toDisk).find((disk) => disk.name === name);
    } catch (thrown) {
      throw toCloudError(thrown);
    }
  }

  /** Requests an empty disk with our label. Success means only that the request was accepted. */
  async insert({ zone, name }: Place, { sizeGb, diskType }: DiskSpec, requestId: string): Promise<ZoneOperation> {
    const { project, deployment } = this.#options;
    return this.#mutate(({ disks }) =>
      disks.insert(
        {
          project,
          zone,
          requestId,
          diskResource: {
            name,
            sizeGb: String(sizeGb),
            type: `zones/${zone}/diskTypes/${diskType}`,
            labels: { [DEPLOYMENT_LABEL]: deployment },
          },
        },
        ONCE,
      ),
    );
  }

  async delete({ zone, name }: Place, requestId: string): Promise<ZoneOperation> {
    const { project } = this.#options;
    return this.#mutate(({ disks }) => disks.delete({ project, zone, disk: name, requestId }, ONCE));
  }

  /** Requests that the disk be attached to a VM of the same zone. */
  async attach(
    { zone, name }: Place,
    to: { readonly machine: string; readonly deviceName: string },
    requestId: string,
  ): Promise<ZoneOperation> {
    const request = { project: this.#options.project, zone, instance: to.machine, requestId };
    const attachedDiskResource = attachedDisk(zone, name, to.deviceName);
    return this.#mutate(({ instances }) => instances.attachDisk({ ...request, attachedDiskResource }, ONCE));
  }

  /** Requests that a device be detached from a VM of the zone. */
  async detach(
    { zone }: Pick<Place, 'zone'>,
    from: { readonly machine: string; readonly deviceName: string },
    requestId: string,
  ): Promise<ZoneOperation> {
    const request = { project: this.#options.project, zone, instance: from.machine, requestId };
    return this.#mutate(({ instances }) => instances.detachDisk({ ...request, deviceName: from.deviceName }, ONCE));
  }

  /** Returns the device name of a disk on a VM; `undefined` when the disk is not attached to the VM. */
  async deviceNameOf({ zone, name }: Place, machine: string): Promise<string | undefined> {
    await this.#gate.opened();
    try {
      const [found] = await this.#clients.instances.get(
        { project: this.#options.project, zone, instance: machine },
        { timeout: CALL_TIMEOUT_MS },
      );
      const attached = found.disks?.find(({ source }) => lastSegment(source) === name);
      return attached?.deviceName ?? undefined;
    } catch (thrown) {
      const error = toCloudError(thrown);
      if (error.reason === 'not_found') return undefined;
      throw error;
    }
  }

  /** Lists all volumes' disks of this deployment in all zones. Boot disks lack the label, so they are not listed. */
  async *list(): AsyncGenerator<readonly Disk[]> {
    const request = {
      project: this.#options.project,
      filter: `labels.${DEPLOYMENT_LABEL}=${this.#options.deployment}`,
      maxResults: PAGE_SIZE,
      // Without it one unreachable zone would fail the whole list.
      returnPartialSuccess: true,
    };
    let page: Disk[] = [];
    await this.#gate.opened();
    try {
      const scopes = this.#clients.disks.aggregatedListAsync(request, {
        timeout: CALL_TIMEOUT_MS * 4,
        autoPaginate: false,
      });
      for await (const [, scope] of scopes) {
        page.push(...(scope.disks ?? []).map(toDisk));
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

  /** Lists one page of the volumes' disks of a zone, by name. Throws CloudError when the zone is unreachable. */
  async listZone(zone: string, page: { readonly token: string; readonly size: number }): Promise<ListPage<Disk>> {
    await this.#gate.opened();
    const { project, deployment } = this.#options;
    const filter = `labels.${DEPLOYMENT_LABEL}=${deployment}`;
    return disksOfZone(this.#clients.disks, { project, zone, filter, maxResults: page.size, pageToken: page.token });
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
}

function clientsOf(options: ComputeOptions): Clients {
  const connection = connectionOf(options);
  return { disks: new DisksClient(connection), instances: new InstancesClient(connection) };
}
