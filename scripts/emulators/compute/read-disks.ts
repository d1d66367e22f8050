import { readFlag, readInteger, readObject, readObjects, readReference, readText } from './body-members.ts';
import {
  alreadyExists,
  badRequest,
  inUse,
  incompatible,
  invalidField,
  limitExceeded,
  notFound,
  unknownReference,
} from './compute-error.ts';
import { ComputeError } from './compute-error.ts';
import type { DiskType } from './data/series.ts';
import { DISK_TYPES } from './data/series.ts';
import { attachedTo, diskTypeOf, newDisk } from './disk-resource.ts';
import type { Disk } from './disk-resource.ts';
import type { AttachedDisk } from './instance-resource.ts';
import type { JsonObject } from './json-object.ts';
import {
  architectureMismatch,
  incompatibleDiskTypes,
  outOfBounds,
  tooManyDisks,
  tooSmallForImage,
} from './machine-rules.ts';
import type { MachineType } from './machine-type.ts';
import { readLabels } from './read-metadata.ts';
import { diskName, instanceName, parseResourceName, resourceUrl } from './resource-names.ts';
import { findSourceImage } from './source-image.ts';
import type { FoundImage } from './source-image.ts';

/** The default size of a persistent disk without an image, GB. */
const BLANK_DISK_GB = 500;
/** The fixed size of a Local SSD disk, GB. */
const LOCAL_SSD_GB = 375;

export interface DisksOrder {
  readonly project: string;
  readonly zone: string;
  /** Name of the VM. */
  readonly name: string;
  readonly type: MachineType;
  readonly nowMs: number;
  readonly findDisk: (project: string, zone: string, name: string) => Disk | undefined;
}

export interface ReadDisks {
  readonly attached: readonly AttachedDisk[];
  /** The persistent disks of the VM, new and existing ones, in their state after the insert. */
  readonly persistent: readonly Disk[];
}

interface OneDisk {
  readonly attached: AttachedDisk;
  readonly persistent?: Disk;
  readonly diskType: DiskType;
  readonly architecture?: 'X86_64' | 'ARM64' | undefined;
}

/** Reads the disks of an insert. Throws Compute Engine's errors for impossible disks and combinations. */
export function readDisks(body: JsonObject, order: DisksOrder): ReadDisks {
  const asked = readObjects(body, 'disks', 'resource');
  if (asked.length === 0) throw invalidField('resource.disks', '', 'No disks are specified.');
  const disks = asked.map((disk, index) => {
    const boot = readFlag(disk, 'boot', `resource.disks[${index}]`) ?? false;
    if (boot !== (index === 0)) {
      throw invalidField('resource.disks', '', 'Boot disk must be the first disk attached to the instance.');
    }
    return readDisk(disk, index, order);
  });
  const { type } = order;
  const wrong = incompatibleDiskTypes(
    type,
    disks.map(({ diskType, attached }) => ({ diskType, boot: attached.boot })),
  );
  if (wrong.length > 0) throw incompatible([...wrong, type.name]);
  const tooMany = tooManyDisks(
    type,
    disks.map(({ diskType }) => diskType),
  );
  if (tooMany !== undefined) throw limitExceeded(instanceName(order.project, order.zone, order.name), tooMany);
  const architecture = disks[0]?.architecture;
  const mismatch = architecture === undefined ? undefined : architectureMismatch(type, { architecture });
  if (mismatch !== undefined) {
    throw new ComputeError(400, 'invalid', `Invalid resource usage: '${mismatch}'.`);
  }
  const own = Array.from({ length: type.ownLocalSsds }, (_, index) => localSsd({}, asked.length + index));
  return {
    attached: [...disks.map(({ attached }) => attached), ...own],
    persistent: disks.flatMap(({ persistent }) => (persistent === undefined ? [] : [persistent])),
  };
}

function readDisk(disk: JsonObject, index: number, order: DisksOrder): OneDisk {
  const path = `resource.disks[${index}]`;
  const type = readReference(disk, 'type', path) ?? 'PERSISTENT';
  if (type !== 'PERSISTENT' && type !== 'SCRATCH') {
    throw invalidField(`${path}.type`, type, 'Must be PERSISTENT or SCRATCH.');
  }
  const params = readObject(disk, 'initializeParams', path) ?? {};
  const paramsPath = `${path}.initializeParams`;
  const named = readDiskType(params, paramsPath, order);
  if (type === 'SCRATCH' || named === 'local-ssd') return readScratch(disk, index, named, path);
  const source = readReference(disk, 'source', path);
  if (source !== undefined) return existingDisk(disk, index, source, order);
  const reference = readReference(params, 'sourceImage', paramsPath);
  if (index === 0 && reference === undefined) {
    const why = 'You must specify a source image, a source snapshot or a source disk for a boot disk.';
    throw invalidField(path, '', why);
  }
  refuseAbsent(params, paramsPath);
  const image =
    reference === undefined ? undefined : findSourceImage(reference, order.project, `${paramsPath}.sourceImage`);
  const diskType = named ?? order.type.traits.defaultDiskType;
  const name = readReference(params, 'diskName', paramsPath) ?? (index === 0 ? order.name : `${order.name}-${index}`);
  if (order.findDisk(order.project, order.zone, name) !== undefined) {
    throw alreadyExists(diskName(order.project, order.zone, name));
  }
  const made = newDisk(
    {
      project: order.project,
      zone: order.zone,
      name,
      sizeGb: readSize({ disk, params, index }, image, diskType),
      diskType,
      image,
      labels: readLabels(params, paramsPath),
      description: readText(params, 'description', paramsPath),
      kept: keptParams(params),
    },
    order.nowMs,
  );
  const instance = resourceUrl(instanceName(order.project, order.zone, order.name));
  const persistent = attachedTo(made, instance, order.nowMs);
  return { attached: attachment(disk, index, persistent), persistent, diskType, architecture: image?.architecture };
}

/** Refuses disk sources that cannot be created in the emulator and therefore never exist. */
function refuseAbsent(params: JsonObject, path: string): void {
  for (const [member, kind] of [
    ['sourceSnapshot', 'snapshot'],
    ['sourceInstantSnapshot', 'instantSnapshot'],
    ['storagePool', 'storagePool'],
  ] as const) {
    const reference = readReference(params, member, path);
    if (reference !== undefined) throw unknownReference(`${path}.${member}`, reference, kind);
  }
}

/** Returns the members of initializeParams that a Disk shows as they were sent. */
function keptParams(params: JsonObject): JsonObject {
  const members = ['provisionedIops', 'provisionedThroughput', 'enableConfidentialCompute'];
  return Object.fromEntries(members.filter((member) => member in params).map((member) => [member, params[member]]));
}

function readSize(
  { disk, params, index }: { readonly disk: JsonObject; readonly params: JsonObject; readonly index: number },
  image: FoundImage | undefined,
  diskType: DiskType,
): number {
  const path = `resource.disks[${index}]`;
  const field = `${path}.initializeParams.diskSizeGb`;
  const sizeGb =
    readInteger(params, 'diskSizeGb', `${path}.initializeParams`) ??
    readInteger(disk, 'diskSizeGb', path) ??
    image?.diskGb ??
    BLANK_DISK_GB;
  const tooSmall = image === undefined ? undefined : tooSmallForImage(sizeGb, image);
  const wrong = tooSmall ?? outOfBounds(sizeGb, diskType);
  if (wrong !== undefined) throw invalidField(field, String(sizeGb), wrong);
  return sizeGb;
}

/**
 * Returns the disk type that `diskType` names; `undefined` if it names none. Throws the 400 and 404 of an invalid or
 * unknown type.
 */
export function readDiskType(
  params: JsonObject,
  path: string,
  { project, zone }: { readonly project: string; readonly zone: string },
  member = 'diskType',
): DiskType | undefined {
  const reference = readReference(params, member, path);
  if (reference === undefined) return undefined;
  const resourceName = parseResourceName(reference, project);
  const match = /^projects\/[^/]+\/zones\/([^/]+)\/diskTypes\/([^/]+)$/.exec(resourceName);
  if (match?.[2] === undefined || match[1] !== zone) {
    throw invalidField(`${path}.${member}`, reference, 'The URL is malformed.');
  }
  const known = DISK_TYPES.find((candidate) => candidate === match[2]);
  if (known === undefined) throw notFound(resourceName);
  return known;
}

function readScratch(disk: JsonObject, index: number, named: DiskType | undefined, path: string): OneDisk {
  if (named !== undefined && named !== 'local-ssd') {
    throw invalidField(`${path}.initializeParams.diskType`, named, 'A SCRATCH disk must be of the type local-ssd.');
  }
  return { attached: { ...localSsd(disk, index), boot: index === 0 }, diskType: 'local-ssd' };
}

function localSsd(disk: JsonObject, index: number): AttachedDisk {
  return {
    kind: 'compute#attachedDisk',
    type: 'SCRATCH',
    mode: 'READ_WRITE',
    deviceName: readReference(disk, 'deviceName', `resource.disks[${index}]`) ?? `local-ssd-${index}`,
    index,
    boot: false,
    autoDelete: true,
    interface: readReference(disk, 'interface', `resource.disks[${index}]`) ?? 'NVME',
    diskSizeGb: String(LOCAL_SSD_GB),
  };
}

function existingDisk(disk: JsonObject, index: number, source: string, order: DisksOrder): OneDisk {
  const path = `resource.disks[${index}]`;
  const found = findExisting(source, `${path}.source`, order);
  const instance = resourceUrl(instanceName(order.project, order.zone, order.name));
  const persistent = attachedTo(found, instance, order.nowMs);
  const diskType = DISK_TYPES.find((candidate) => candidate === diskTypeOf(found)) ?? 'pd-standard';
  const { architecture } = found.resource;
  return {
    attached: attachment(disk, index, persistent),
    persistent,
    diskType,
    architecture: architecture === 'ARM64' || architecture === 'X86_64' ? architecture : undefined,
  };
}

/** Finds an existing disk that is in the zone and not attached to a VM. */
export function findExisting(source: string, field: string, order: Omit<DisksOrder, 'type' | 'name'>): Disk {
  const resourceName = parseResourceName(source, order.project);
  const match = /^projects\/([^/]+)\/zones\/([^/]+)\/disks\/([^/]+)$/.exec(resourceName);
  const [, project, zone, name] = match ?? [];
  if (project === undefined || zone === undefined || name === undefined) {
    throw invalidField(field, source, 'The URL is malformed.');
  }
  // google-cloud-powershell#237
  if (zone !== order.zone) throw invalidField(field, source, 'Disk must be in the same zone as the instance.');
  const disk = order.findDisk(project, zone, name);
  if (disk === undefined) throw unknownReference(field, source, 'disk');
  const [user] = disk.resource.users ?? [];
  if (user !== undefined) throw inUse('disk', resourceName, parseResourceName(user, project));
  return disk;
}

/** Returns a persistent disk as its VM shows it. */
export function attachment(asked: JsonObject, index: number, { resource }: Disk): AttachedDisk {
  const path = `resource.disks[${index}]`;
  const mode = readReference(asked, 'mode', path) ?? 'READ_WRITE';
  if (mode !== 'READ_WRITE' && mode !== 'READ_ONLY') throw badRequest(`Invalid value at '${path}.mode', "${mode}"`);
  return {
    kind: 'compute#attachedDisk',
    type: 'PERSISTENT',
    mode,
    source: resource.selfLink,
    deviceName: readReference(asked, 'deviceName', path) ?? `persistent-disk-${index}`,
    index,
    boot: readFlag(asked, 'boot', path) ?? false,
    autoDelete: readFlag(asked, 'autoDelete', path) ?? false,
    ...(resource.licenses === undefined ? {} : { licenses: resource.licenses }),
    interface: readReference(asked, 'interface', path) ?? 'SCSI',
    ...(resource.guestOsFeatures === undefined ? {} : { guestOsFeatures: resource.guestOsFeatures }),
    diskSizeGb: resource.sizeGb,
    ...(resource.architecture === undefined ? {} : { architecture: resource.architecture }),
  };
}
