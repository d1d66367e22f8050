import { readInteger, readObject, readReference, readText } from './body-members.ts';
import {
  ComputeError,
  alreadyExists,
  badRequest,
  inUse,
  incompatible,
  invalidField,
  limitExceeded,
  notReady,
  requiredField,
  staleFingerprint,
} from './compute-error.ts';
import { attachedTo, detached, diskTypeOf, newDisk } from './disk-resource.ts';
import type { Disk } from './disk-resource.ts';
import type { AttachedDisk, Machine } from './instance-resource.ts';
import type { Journal } from './journal.ts';
import type { JsonObject } from './json-object.ts';
import { checkMembers } from './known-members.ts';
import { incompatibleDiskTypes, outOfBounds, tooManyDisks } from './machine-rules.ts';
import { findMachineType } from './machine-type.ts';
import { DISK_TYPES, type DiskType } from './data/series.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { OperationBook, Order } from './operation-book.ts';
import type { Operation } from './operation-resource.ts';
import { attachment, findExisting, readDiskType } from './read-disks.ts';
import { readLabels } from './read-metadata.ts';
import { diskName, instanceName, parseResourceName, resourceUrl } from './resource-names.ts';
import { findSourceImage } from './source-image.ts';
import { tooSmallForImage } from './machine-rules.ts';

interface Place {
  readonly project: string;
  readonly zone: string;
}

const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const BLANK_DISK_GB = 500;

/** Persistent disks: those that VMs have, and those that are created, resized, attached and deleted on their own. */
export class Disks {
  readonly #journal: Journal;
  readonly #book: OperationBook;

  constructor(journal: Journal, book: OperationBook) {
    this.#journal = journal;
    this.#book = book;
  }

  readonly find = (project: string, zone: string, name: string): Disk | undefined =>
    this.#journal.document('disk', diskName(project, zone, name));

  /** Returns all disks of a project, or of one of its zones, by zone and name. */
  list(project: string, zone?: string): readonly Disk[] {
    const prefix = zone === undefined ? `projects/${project}/zones/` : diskName(project, zone, '');
    return this.#journal.documents('disk', prefix);
  }

  put(disks: readonly Disk[]): void {
    for (const disk of disks) {
      this.#journal.putDocument('disk', diskName(disk.project, disk.zone, disk.name), disk);
    }
  }

  /** Handles the disks of a deleted VM: those with autoDelete are removed, the others are detached. */
  leave(machine: Machine, atMs: number): void {
    for (const { source, autoDelete } of machine.resource.disks) {
      const disk = this.#bySource(source);
      if (disk === undefined) continue;
      if (autoDelete) this.#journal.removeDocument('disk', diskName(disk.project, disk.zone, disk.name));
      else this.put([detached(disk, atMs)]);
    }
  }

  /** Creates a disk. `sourceImage` is the query parameter of that name, which the body may contain instead. */
  insert(place: Place, body: JsonObject, sourceImage: string | null, order: Order): Operation {
    checkMembers(body, 'Disk');
    const name = readText(body, 'name', 'resource') ?? '';
    if (name === '') throw requiredField('resource.name');
    if (!NAME.test(name)) {
      throw invalidField('resource.name', name, "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'");
    }
    if (this.find(place.project, place.zone, name) !== undefined) {
      throw alreadyExists(diskName(place.project, place.zone, name));
    }
    const reference = readReference(body, 'sourceImage', 'resource') ?? sourceImage ?? undefined;
    const image =
      reference === undefined ? undefined : findSourceImage(reference, place.project, 'resource.sourceImage');
    const sizeGb = readInteger(body, 'sizeGb', 'resource') ?? image?.diskGb ?? BLANK_DISK_GB;
    const tooSmall = image === undefined ? undefined : tooSmallForImage(sizeGb, image);
    if (tooSmall !== undefined) throw invalidField('resource.sizeGb', String(sizeGb), tooSmall);
    const diskType = readDiskType(body, 'resource', place, 'type') ?? 'pd-standard';
    checkSize(sizeGb, diskType, 'resource.sizeGb');
    const labels = readLabels(body, 'resource');
    const description = readText(body, 'description', 'resource');
    const disk = newDisk({ ...place, name, sizeGb, diskType, image, labels, description }, order.nowMs);
    return this.#book.brief('disks.insert', disk, order, () => this.put([disk]));
  }

  delete(disk: Disk, order: Order): Operation {
    const [user] = disk.resource.users ?? [];
    const name = diskName(disk.project, disk.zone, disk.name);
    if (user !== undefined) throw inUse('disk', name, parseResourceName(user, disk.project));
    return this.#book.brief('disks.delete', disk, order, () => this.#journal.removeDocument('disk', name));
  }

  /** Enlarges a disk; refuses to shrink one, with gcloud's text. */
  resize(disk: Disk, body: JsonObject, order: Order): Operation {
    checkMembers(body, 'DisksResizeRequest');
    const sizeGb = readInteger(body, 'sizeGb', 'resource') ?? 0;
    const before = disk.resource.sizeGb;
    if (sizeGb <= Number(before)) {
      const why = `New disk size '${sizeGb}' GiB must be larger than existing size '${before}' GiB.`;
      throw invalidField('sizeGb', String(sizeGb), why);
    }
    checkSize(sizeGb, knownType(disk) ?? 'pd-standard', 'sizeGb');
    return this.#book.brief('disks.resize', disk, order, () => {
      this.put([{ ...disk, resource: { ...disk.resource, sizeGb: String(sizeGb) } }]);
      for (const machine of this.#usersOf(disk)) {
        const disks = machine.resource.disks.map((item) =>
          item.source === disk.resource.selfLink ? { ...item, diskSizeGb: String(sizeGb) } : item,
        );
        this.#putDisks(machine, disks);
      }
    });
  }

  /**
   * Replaces the labels. Throws conditionNotMet if they have changed since the caller read them
   * (terraform-provider-netapp-cloudmanager#39).
   */
  setLabels(disk: Disk, body: JsonObject, order: Order): Operation {
    checkMembers(body, 'ZoneSetLabelsRequest');
    const labels = readLabels(body, 'resource');
    if (readText(body, 'labelFingerprint', 'resource') !== disk.resource.labelFingerprint) {
      throw staleFingerprint('Labels fingerprint either invalid or resource labels have changed');
    }
    return this.#book.brief('disks.setLabels', disk, order, () => {
      this.put([{ ...disk, resource: { ...disk.resource, labels, labelFingerprint: fingerprintOf(labels) } }]);
    });
  }

  attach(machine: Machine, body: JsonObject, order: Order): Operation {
    checkMembers(body, 'AttachedDisk');
    checkSteady(machine);
    const source = readReference(body, 'source', 'resource');
    if (source === undefined) throw requiredField('resource.source');
    if (readObject(body, 'initializeParams', 'resource') !== undefined) {
      throw invalidField('resource.initializeParams', '', 'A disk that is attached must exist.');
    }
    const { project, zone, resource } = machine;
    const disk = findExisting(source, 'resource.source', { project, zone, nowMs: order.nowMs, findDisk: this.find });
    const present = resource.disks.map((item) => this.#bySource(item.source));
    checkType(
      machine,
      disk,
      present.map((item) => (item === undefined ? undefined : knownType(item))),
    );
    const index = Math.max(-1, ...resource.disks.map((item) => item.index)) + 1;
    const attached = attachment(body, index, disk);
    const taken = resource.disks.find(({ deviceName }) => deviceName === attached.deviceName);
    if (taken !== undefined) {
      const why = 'The device name is already in use.';
      throw invalidField('resource.deviceName', attached.deviceName, why);
    }
    return this.#book.brief('instances.attachDisk', machine, order, () => {
      this.put([attachedTo(disk, resource.selfLink, order.nowMs)]);
      this.#putDisks(machine, [...resource.disks, attached]);
    });
  }

  detach(machine: Machine, deviceName: string, order: Order): Operation {
    checkSteady(machine);
    if (deviceName === '') throw requiredField('deviceName');
    const found = machine.resource.disks.find((item) => item.deviceName === deviceName);
    if (found === undefined) {
      throw new ComputeError(
        400,
        'invalid',
        `Invalid value for field 'disk': ''. No attached disk found with device name '${deviceName}'`,
      );
    }
    if (found.type === 'SCRATCH') throw badRequest('A Local SSD cannot be detached.');
    if (found.boot && machine.resource.status !== 'TERMINATED') {
      throw badRequest('The boot disk can only be detached from a stopped VM.');
    }
    const disk = this.#bySource(found.source);
    return this.#book.brief('instances.detachDisk', machine, order, () => {
      if (disk !== undefined) this.put([detached(disk, order.nowMs)]);
      this.#putDisks(
        machine,
        machine.resource.disks.filter((item) => item !== found),
      );
    });
  }

  #putDisks(machine: Machine, disks: readonly AttachedDisk[]): void {
    this.#journal.putMachine({ ...machine, resource: { ...machine.resource, disks } });
  }

  #bySource(source: string | undefined): Disk | undefined {
    return source === undefined ? undefined : this.#journal.document('disk', parseResourceName(source, ''));
  }

  #usersOf(disk: Disk): readonly Machine[] {
    const users = disk.resource.users ?? [];
    return this.#journal
      .machines(disk.project, disk.zone)
      .filter(({ project, zone, name }) => users.includes(resourceUrl(instanceName(project, zone, name))));
  }
}

function checkSize(sizeGb: number, diskType: DiskType, field: string): void {
  const wrong = outOfBounds(sizeGb, diskType);
  if (wrong !== undefined) throw invalidField(field, String(sizeGb), wrong);
}

function knownType(disk: Disk): DiskType | undefined {
  return DISK_TYPES.find((candidate) => candidate === diskTypeOf(disk));
}

/** Requires that the VM is running or stopped: disks cannot be attached or detached in any other status. */
function checkSteady(machine: Machine): void {
  const { status } = machine.resource;
  if (!machine.deleting && (status === 'RUNNING' || status === 'TERMINATED')) return;
  throw notReady(instanceName(machine.project, machine.zone, machine.name));
}

function checkType(machine: Machine, disk: Disk, present: readonly (DiskType | undefined)[]): void {
  const name = machine.resource.machineType.slice(machine.resource.machineType.lastIndexOf('/') + 1);
  const found = findMachineType(name);
  const diskType = knownType(disk);
  if (!found.found || diskType === undefined) return;
  const wrong = incompatibleDiskTypes(found.type, [{ diskType, boot: false }]);
  if (wrong.length > 0) throw incompatible([...wrong, name]);
  const tooMany = tooManyDisks(
    found.type,
    [...present, diskType].filter((item) => item !== undefined),
  );
  if (tooMany !== undefined) throw limitExceeded(instanceName(machine.project, machine.zone, machine.name), tooMany);
}
