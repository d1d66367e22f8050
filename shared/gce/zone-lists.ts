import type { DisksClient, InstancesClient } from '@google-cloud/compute';
import { toCloudError } from './cloud-error.ts';
import { LOOK_FIELDS, type Machine, toMachine } from './machine.ts';
import { lastSegment } from './zone-operation.ts';
import { type Disk, DISK_FIELDS, toDisk } from './disk.ts';

/** One page of a zone's list, in the order of names. */
export interface ListPage<T> {
  readonly items: readonly T[];
  /** Token of the next page; `''`: this is the last one. */
  readonly next: string;
}

export interface ListRequest {
  readonly project: string;
  readonly zone: string;
  /** Only resources with this label are listed. */
  readonly filter: string;
  readonly maxResults: number;
  /** `''`: the first page. */
  readonly pageToken: string;
}

/** Timeout of a page of a long list. */
const PAGE_TIMEOUT_MS = 32_000;

/**
 * Lists one page of the VMs of a zone, by name. Unlike the list of all zones, this list fails when the zone is
 * unreachable. Throws CloudError.
 */
export async function machinesOfZone(instances: InstancesClient, request: ListRequest): Promise<ListPage<Machine>> {
  try {
    const [items, , { nextPageToken }] = await instances.list(request, pageOptions(LOOK_FIELDS));
    return { items: items.map(toMachine), next: nextPageToken ?? '' };
  } catch (thrown) {
    throw toCloudError(thrown);
  }
}

/** Lists one page of the disks of a zone, as `machinesOfZone` does with VMs. */
export async function disksOfZone(disks: DisksClient, request: ListRequest): Promise<ListPage<Disk>> {
  try {
    const [items, , { nextPageToken }] = await disks.list(request, pageOptions(DISK_FIELDS));
    return { items: items.map(toDisk), next: nextPageToken ?? '' };
  } catch (thrown) {
    throw toCloudError(thrown);
  }
}

/**
 * Asks Compute Engine for these fields only: the whole JSON of a VM is about ten times as long as the fields that are
 * used.
 */
function pageOptions(fields: string) {
  const mask = `items(${fields}),nextPageToken`;
  return {
    timeout: PAGE_TIMEOUT_MS,
    autoPaginate: false,
    otherArgs: { headers: { 'X-Goog-FieldMask': mask } },
  };
}

/**
 * Returns the names of all zones. There is a list of zones of its own, but every page of the list of all VMs names them
 * too, and needs neither a further client nor a permission. A zone that is unreachable can be missing.
 */
export async function allZones(instances: InstancesClient, project: string): Promise<readonly string[]> {
  const zones = new Set<string>();
  try {
    const request = { project, maxResults: 1, returnPartialSuccess: true };
    const scopes = instances.aggregatedListAsync(request, { timeout: PAGE_TIMEOUT_MS, autoPaginate: false });
    for await (const [scope] of scopes) {
      if (!scope.startsWith('zones/')) continue;
      const zone = lastSegment(scope);
      // The second page names the same zones.
      if (zones.has(zone)) break;
      zones.add(zone);
    }
    return [...zones];
  } catch (thrown) {
    throw toCloudError(thrown);
  }
}
