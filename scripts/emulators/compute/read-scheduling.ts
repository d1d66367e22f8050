import { readFlag, readInteger, readObjects, readReference } from './body-members.ts';
import { badRequest, incompatible, invalidField, notFound, tooLarge } from './compute-error.ts';
import { ATTACHABLE_ACCELERATORS, acceleratorTypesOf } from './data/accelerators.ts';
import { CPU_PLATFORMS } from './data/series.ts';
import type { JsonObject } from './json-object.ts';
import { mustTerminateOnMaintenance } from './machine-rules.ts';
import type { MachineType } from './machine-type.ts';
import { parseResourceName, resourceUrl, zoneName } from './resource-names.ts';

export interface Accelerators {
  readonly acceleratorType: string;
  readonly acceleratorCount: number;
}

interface Place {
  readonly project: string;
  readonly zone: string;
}

/**
 * Returns a VM's accelerators: those that are part of its machine type, or those added to an N1. Throws Compute
 * Engine's errors: 404 for an unknown type (bsteuber/lizzie-gcloud-setup#6), 413 for two types, 400 for accelerators
 * that the machine type cannot have (skypilot#212, deepvariant#70).
 */
export function readAccelerators(body: JsonObject, type: MachineType, place: Place): readonly Accelerators[] {
  const path = 'resource.guestAccelerators';
  const asked = readObjects(body, 'guestAccelerators', 'resource');
  if (asked.length > 1) throw tooLarge(path, 'element', 1, asked.length);
  const urlOf = (name: string) => resourceUrl(`${zoneName(place.project, place.zone)}/acceleratorTypes/${name}`);
  const own =
    type.accelerator === undefined
      ? []
      : [{ acceleratorType: urlOf(type.accelerator.type), acceleratorCount: type.accelerator.count }];
  const [wanted] = asked;
  if (wanted === undefined) return own;
  const count = readInteger(wanted, 'acceleratorCount', `${path}[0]`) ?? 0;
  if (count === 0) return own;
  const reference = readReference(wanted, 'acceleratorType', `${path}[0]`) ?? '';
  const resourceName = parseResourceName(reference, place.project);
  const name = /^projects\/[^/]+\/zones\/([^/]+)\/acceleratorTypes\/([^/]+)$/.exec(resourceName);
  if (name?.[2] === undefined) throw invalidField(`${path}[0].acceleratorType`, reference, 'The URL is malformed.');
  if (name[1] !== place.zone || !acceleratorTypesOf(place.zone).some((known) => known.name === name[2])) {
    throw notFound(resourceName);
  }
  if (type.accelerator !== undefined) {
    if (type.accelerator.type !== name[2] || type.accelerator.count !== count) throw incompatible([name[2], type.name]);
    return own;
  }
  checkAdded(name[2], count, type);
  return [{ acceleratorType: urlOf(name[2]), acceleratorCount: count }];
}

function checkAdded(name: string, count: number, type: MachineType): void {
  const field = 'resource.guestAccelerators[0].acceleratorCount';
  const attachable = ATTACHABLE_ACCELERATORS.get(name);
  if (!type.traits.acceleratorsAttachable || attachable === undefined) throw incompatible([name, type.name]);
  const vcpusMax = attachable.vcpusMax[count];
  if (vcpusMax === undefined) {
    const counts = Object.keys(attachable.vcpusMax).join(', ');
    throw invalidField(field, String(count), `The number of accelerators must be one of: ${counts}.`);
  }
  if (type.cpus > vcpusMax) {
    const why = `At most ${vcpusMax} vCPUs can be used along with ${count} accelerator cards in an instance.`;
    throw invalidField(field, String(count), why);
  }
}

const MAINTENANCE = ['MIGRATE', 'TERMINATE'];

/** Reads scheduling options and fills in Compute Engine's defaults. */
export function readScheduling(asked: JsonObject, type: MachineType, addedAccelerators: number): JsonObject {
  const path = 'resource.scheduling';
  const preemptible = readFlag(asked, 'preemptible', path) ?? false;
  const model = readReference(asked, 'provisioningModel', path) ?? (preemptible ? 'SPOT' : 'STANDARD');
  if (model !== 'STANDARD' && model !== 'SPOT') {
    throw invalidField(`${path}.provisioningModel`, model, 'Only STANDARD and SPOT are available in this zone.');
  }
  const spot = model === 'SPOT';
  if (spot && readFlag(asked, 'automaticRestart', path) === true) {
    throw invalidField(
      `${path}.automaticRestart`,
      'true',
      'Scheduling must have automaticRestart be false for Spot VMs.',
    );
  }
  const maintenance = readReference(asked, 'onHostMaintenance', path) ?? (spot ? 'TERMINATE' : 'MIGRATE');
  if (!MAINTENANCE.includes(maintenance)) {
    throw invalidField(`${path}.onHostMaintenance`, maintenance, `Must be one of: ${MAINTENANCE.join(', ')}.`);
  }
  if (spot && maintenance === 'MIGRATE') {
    throw invalidField(`${path}.onHostMaintenance`, 'MIGRATE', 'Spot VMs must be terminated on host maintenance.');
  }
  if (maintenance === 'MIGRATE' && mustTerminateOnMaintenance(type, addedAccelerators)) {
    // devpod#973, karpenter-provider-gcp#167, cb-spider#1125. The text for a machine type without accelerators is not
    // known.
    const what = type.accelerator === undefined && addedAccelerators === 0 ? `type ${type.name}` : 'guest accelerators';
    throw badRequest(`Instances with ${what} do not support live migration.`);
  }
  const defaults = spot ? { automaticRestart: false, instanceTerminationAction: 'STOP' } : { automaticRestart: true };
  return {
    ...defaults,
    ...asked,
    onHostMaintenance: maintenance,
    preemptible: spot || preemptible,
    provisioningModel: model,
  };
}

/** Reads the oldest CPU generation that the VM may run on. */
export function readMinCpuPlatform(body: JsonObject, zone: string): string | undefined {
  const platform = readReference(body, 'minCpuPlatform', 'resource');
  if (platform === undefined || CPU_PLATFORMS.has(platform)) return platform;
  const why = `CPU platform type with name '${platform}' does not exist in zone '${zone}'.`;
  throw invalidField('resource.minCpuPlatform', platform, why);
}
