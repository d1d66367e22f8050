import { readReference, readText } from './body-members.ts';
import { badRequest, incompatible, invalidField, notReady, requiredField, staleFingerprint } from './compute-error.ts';
import { DISK_TYPES } from './data/series.ts';
import { diskTypeOf } from './disk-resource.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { InstanceResource, Machine } from './instance-resource.ts';
import type { Journal } from './journal.ts';
import type { JsonObject } from './json-object.ts';
import { checkMembers } from './known-members.ts';
import type { Lifecycle } from './lifecycle.ts';
import { architectureMismatch, incompatibleDiskTypes, mustTerminateOnMaintenance } from './machine-rules.ts';
import { machineTypeName, parseMachineType } from './machine-type.ts';
import type { Order } from './operation-book.ts';
import type { Operation } from './operation-resource.ts';
import { readLabels, readMetadata, readTags } from './read-metadata.ts';
import { instanceName, resourceUrl } from './resource-names.ts';

/**
 * Changes of a VM other than power changes. Each takes effect at once, and most must name the fingerprint of the value
 * that they replace.
 */
export class Edits {
  readonly #journal: Journal;
  readonly #lifecycle: Pick<Lifecycle, 'book' | 'disks'>;

  constructor(journal: Journal, lifecycle: Pick<Lifecycle, 'book' | 'disks'>) {
    this.#journal = journal;
    this.#lifecycle = lifecycle;
  }

  /** Replaces the labels. Throws conditionNotMet if they have changed since the caller read them. */
  setLabels(machine: Machine, body: JsonObject, order: Order): Operation {
    checkMembers(body, 'InstancesSetLabelsRequest');
    const labels = readLabels(body, 'resource');
    if (readText(body, 'labelFingerprint', 'resource') !== machine.resource.labelFingerprint) {
      throw staleFingerprint('Labels fingerprint either invalid or resource labels have changed');
    }
    const changed = { labels, labelFingerprint: fingerprintOf(labels) };
    return this.#change('instances.setLabels', machine, changed, order);
  }

  /** Replaces the metadata. Throws conditionNotMet if it has changed since the caller read it. */
  setMetadata(machine: Machine, body: JsonObject, order: Order): Operation {
    checkMembers(body, 'Metadata');
    const metadata = readMetadata(body, 'metadata');
    if (readText(body, 'fingerprint', 'metadata') !== machine.resource.metadata.fingerprint) {
      throw staleFingerprint('Supplied fingerprint does not match current metadata fingerprint.');
    }
    return this.#change('instances.setMetadata', machine, { metadata }, order);
  }

  /** Replaces the tags. Throws conditionNotMet if they have changed since the caller read them. */
  setTags(machine: Machine, body: JsonObject, order: Order): Operation {
    checkMembers(body, 'Tags');
    const tags = readTags(body, 'tags');
    if (readText(body, 'fingerprint', 'tags') !== machine.resource.tags.fingerprint) {
      throw staleFingerprint('Supplied fingerprint does not match current tags fingerprint.');
    }
    return this.#change('instances.setTags', machine, { tags }, order);
  }

  setDeletionProtection(machine: Machine, deletionProtection: boolean, order: Order): Operation {
    return this.#change('instances.setDeletionProtection', machine, { deletionProtection }, order);
  }

  /**
   * Gives a stopped VM another machine type. Its disks and accelerators must be allowed with the new type, as in an
   * insert. A VM with Local SSD keeps its type
   * (https://docs.cloud.google.com/compute/docs/instances/changing-machine-type-of-stopped-instance).
   */
  setMachineType(machine: Machine, body: JsonObject, order: Order): Operation {
    checkMembers(body, 'InstancesSetMachineTypeRequest');
    const { project, zone, resource } = machine;
    const reference = readReference(body, 'machineType', 'resource');
    if (reference === undefined) throw requiredField('resource.machineType');
    const type = parseMachineType(reference, project, zone);
    if (resource.status === 'STOPPING') throw notReady(instanceName(project, zone, machine.name));
    if (resource.status !== 'TERMINATED') {
      throw badRequest('The machine type can only be changed while the instance is stopped.');
    }
    if (type.ownLocalSsds > 0 || resource.disks.some((disk) => disk.type === 'SCRATCH')) {
      throw badRequest('The machine type of an instance with Local SSD cannot be changed.');
    }
    const [accelerator] = resource.guestAccelerators ?? [];
    if (accelerator !== undefined && !type.traits.acceleratorsAttachable) {
      const name = accelerator.acceleratorType.slice(accelerator.acceleratorType.lastIndexOf('/') + 1);
      throw incompatible([name, type.name]);
    }
    const wrong = incompatibleDiskTypes(type, this.#disksOf(machine));
    if (wrong.length > 0) throw incompatible([...wrong, type.name]);
    const architecture = resource.disks[0]?.architecture === 'ARM64' ? 'ARM64' : 'X86_64';
    const mismatch = architectureMismatch(type, { architecture });
    if (mismatch !== undefined) throw invalidField('resource.machineType', reference, mismatch);
    if (resource.scheduling['onHostMaintenance'] === 'MIGRATE' && mustTerminateOnMaintenance(type, 0)) {
      throw badRequest('Instances with guest accelerators do not support live migration.');
    }
    const { cpuPlatform } = type.traits;
    const machineType = resourceUrl(machineTypeName(project, zone, type.name));
    return this.#change('instances.setMachineType', { ...machine, cpuPlatform }, { machineType }, order);
  }

  #disksOf(machine: Machine) {
    const { project, zone } = machine;
    const found = machine.resource.disks.map(({ source = '', boot }) => {
      const disk = this.#lifecycle.disks.find(project, zone, source.slice(source.lastIndexOf('/') + 1));
      const diskType = DISK_TYPES.find((name) => disk !== undefined && name === diskTypeOf(disk));
      return diskType === undefined ? undefined : { diskType, boot };
    });
    return found.filter((disk) => disk !== undefined);
  }

  #change(call: string, machine: Machine, changed: Partial<InstanceResource>, order: Order): Operation {
    if (machine.deleting) throw notReady(instanceName(machine.project, machine.zone, machine.name));
    return this.#lifecycle.book.brief(call, machine, order, () => {
      this.#journal.putMachine({ ...machine, resource: { ...machine.resource, ...changed } });
    });
  }
}
