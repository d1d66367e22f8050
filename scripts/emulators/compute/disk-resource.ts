import type { FoundImage } from './source-image.ts';
import type { JsonObject } from './json-object.ts';
import { fingerprintOf } from './fingerprint.ts';
import { newNumericId } from './operation-resource.ts';
import { pacificTime } from './pacific-time.ts';
import { diskName, resourceUrl, zoneName } from './resource-names.ts';

/** Compute Engine's Disk resource, as `disks.get` returns it. */
export interface DiskResource {
  readonly kind: 'compute#disk';
  readonly id: string;
  readonly creationTimestamp: string;
  readonly name: string;
  readonly description?: string;
  readonly zone: string;
  readonly status: 'READY';
  readonly sizeGb: string;
  readonly type: string;
  readonly selfLink: string;
  readonly sourceImage?: string;
  readonly licenses?: readonly string[];
  readonly guestOsFeatures?: readonly { readonly type: string }[];
  readonly architecture?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly labelFingerprint: string;
  /** URLs of the VMs that the disk is attached to. */
  readonly users?: readonly string[];
  readonly lastAttachTimestamp?: string;
  readonly lastDetachTimestamp?: string;
  readonly physicalBlockSizeBytes: '4096';
}

/** A persistent disk: the resource that callers see, and the place by which it is found. */
export interface Disk {
  readonly id: string;
  readonly project: string;
  readonly zone: string;
  readonly name: string;
  readonly createdMs: number;
  readonly resource: DiskResource;
}

export interface DiskWish {
  readonly project: string;
  readonly zone: string;
  readonly name: string;
  readonly sizeGb: number;
  /** Name of the disk type. */
  readonly diskType: string;
  readonly image?: FoundImage | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  readonly description?: string | undefined;
  /** Members that are returned as they were sent. */
  readonly kept?: JsonObject;
}

const GUEST_OS_FEATURES = [{ type: 'UEFI_COMPATIBLE' }, { type: 'VIRTIO_SCSI_MULTIQUEUE' }, { type: 'GVNIC' }];

export function newDisk(wish: DiskWish, nowMs: number): Disk {
  const { project, zone, name, image, labels = {}, description } = wish;
  const id = newNumericId();
  return {
    id,
    project,
    zone,
    name,
    createdMs: nowMs,
    resource: {
      ...wish.kept,
      kind: 'compute#disk',
      id,
      creationTimestamp: pacificTime(nowMs),
      name,
      ...(description === undefined ? {} : { description }),
      zone: resourceUrl(zoneName(project, zone)),
      status: 'READY',
      sizeGb: String(wish.sizeGb),
      type: resourceUrl(`${zoneName(project, zone)}/diskTypes/${wish.diskType}`),
      selfLink: resourceUrl(diskName(project, zone, name)),
      ...(image === undefined ? {} : ofImage(image)),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      labelFingerprint: fingerprintOf(labels),
      physicalBlockSizeBytes: '4096',
    },
  };
}

function ofImage(image: FoundImage) {
  return {
    sourceImage: resourceUrl(`projects/${image.project}/global/images/${image.name}`),
    licenses: [resourceUrl(`projects/${image.project}/global/licenses/${image.licence}`)],
    guestOsFeatures: GUEST_OS_FEATURES,
    architecture: image.architecture,
  };
}

/** Returns the name of the disk's type. */
export function diskTypeOf({ resource }: Disk): string {
  return resource.type.slice(resource.type.lastIndexOf('/') + 1);
}

export function attachedTo(disk: Disk, instance: string, nowMs: number): Disk {
  const lastAttachTimestamp = pacificTime(nowMs);
  return { ...disk, resource: { ...disk.resource, users: [instance], lastAttachTimestamp } };
}

export function detached(disk: Disk, nowMs: number): Disk {
  const { users, ...rest } = disk.resource;
  if (users === undefined) return disk;
  return { ...disk, resource: { ...rest, lastDetachTimestamp: pacificTime(nowMs) } };
}
