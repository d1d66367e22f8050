import { ATTACHABLE_ACCELERATORS, acceleratorTypesOf } from './data/accelerators.ts';
import type { PublicFamily } from './data/images.ts';
import { PUBLIC_FAMILIES } from './data/images.ts';
import type { Architecture } from './data/series.ts';
import { DISK_TYPES } from './data/series.ts';
import { ZONES } from './data/zones.ts';
import {
  architectureMismatch,
  hasLocalSsd,
  incompatibleDiskTypes,
  mustTerminateOnMaintenance,
  tooSmallForImage,
} from './machine-rules.ts';
import { findMachineType } from './machine-type.ts';
import type { MachineType } from './machine-type.ts';
import { findFamily, findImage, parseImageReference } from './source-image.ts';

/** A machine as a catalogue describes it. Members that are left out are not checked. */
export interface MachineOrder {
  readonly machineType: string;
  /** Left out if any zone will do. */
  readonly zone?: string;
  /** Name of the boot disk's type. */
  readonly diskType?: string;
  readonly diskSizeGb?: number;
  /** `projects/P/global/images/family/F` or `…/images/NAME`. Images of projects other than Google's are not checked. */
  readonly image?: string;
  readonly accelerator?: { readonly type: string; readonly count: number };
  readonly localSsds?: number;
}

export interface OrderProblem {
  /** The member that is wrong; for two members that cannot be combined, the later one. */
  readonly about: 'zone' | 'machineType' | 'diskType' | 'diskSizeGb' | 'image' | 'accelerator' | 'localSsds';
  /** A sentence: Compute Engine's own text if it has one. */
  readonly message: string;
}

/** What a request for the machine must contain because of its machine type, accelerators and image. */
export interface OrderNeeds {
  /** `scheduling.onHostMaintenance` must be TERMINATE. */
  readonly terminateOnMaintenance: boolean;
  /** Whether a stop must say if data on Local SSD may be lost. */
  readonly localSsd: boolean;
  /** The smallest disk for the image, GB; 0 if the image is unknown. */
  readonly diskGbMin: number;
}

/** Facts about a machine type. */
export interface TypeFacts {
  /** Its series as names write it: `z3`, including bare metal types. */
  readonly series: string;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly architecture: Architecture;
  /** The accelerators that are part of the type. */
  readonly accelerator?: { readonly type: string; readonly count: number };
}

/** Returns facts about a machine type; `undefined` if it exists in no zone. */
export function factsOfType(machineType: string): TypeFacts | undefined {
  const found = findMachineType(machineType);
  if (!found.found) return undefined;
  const { name, cpus, memoryMb, accelerator, traits } = found.type;
  return {
    series: name.startsWith('custom-') ? 'n1' : (name.split('-', 1)[0] ?? ''),
    cpus,
    memoryMb,
    architecture: traits.architecture,
    ...(accelerator === undefined ? {} : { accelerator }),
  };
}

/** Returns facts about one of Google's images; `undefined` for other images, and for one that does not exist. */
export function factsOfImage(
  image: string,
): { readonly architecture: Architecture; readonly diskGbMin: number } | undefined {
  const found = imageOf({ machineType: '', image });
  return typeof found === 'object' ? { architecture: found.architecture, diskGbMin: found.diskGb } : undefined;
}

/** Returns what is wrong with a reference to an image, regardless of a machine type. */
export function problemsOfImage(image: string): readonly OrderProblem[] {
  return imageProblems({ machineType: '', image }, imageOf({ machineType: '', image }));
}

/** Returns every reason for which Compute Engine could never create the machine; empty if none is known. */
export function problemsOfOrder(order: MachineOrder): readonly OrderProblem[] {
  const { zone, machineType } = order;
  if (zone !== undefined && !ZONES.includes(zone)) return [{ about: 'zone', message: `There is no zone '${zone}'.` }];
  const image = imageOf(order);
  const problems = imageProblems(order, image);
  const found = findMachineType(machineType, zone);
  if (!found.found) return [{ about: 'machineType', message: found.why }, ...problems];
  const { type } = found;
  const mismatch = typeof image === 'object' ? architectureMismatch(type, image) : undefined;
  if (mismatch !== undefined) problems.push({ about: 'image', message: mismatch });
  return [...problems, ...diskProblems(order, type), ...acceleratorProblems(order, type)];
}

/** Returns what a request for this machine must contain; `undefined` for an unknown machine type. */
export function needsOfOrder(order: MachineOrder): OrderNeeds | undefined {
  const found = findMachineType(order.machineType, order.zone);
  if (!found.found) return undefined;
  const image = imageOf(order);
  return {
    terminateOnMaintenance: mustTerminateOnMaintenance(found.type, order.accelerator?.count ?? 0),
    localSsd: hasLocalSsd(found.type, order.localSsds ?? 0),
    diskGbMin: typeof image === 'object' ? image.diskGb : 0,
  };
}

/** Returns the image of an order; `malformed`, `unknown`, or `other` for an image that only its own project knows. */
function imageOf({ image }: MachineOrder): PublicFamily | 'malformed' | 'unknown' | 'other' {
  if (image === undefined) return 'other';
  const parsed = parseImageReference(image, '');
  if (parsed === undefined) return 'malformed';
  if (!PUBLIC_FAMILIES.some(({ project }) => project === parsed.owner)) return 'other';
  const found = parsed.isFamily ? findFamily(parsed.owner, parsed.name) : findImage(parsed.owner, parsed.name);
  return found ?? 'unknown';
}

function imageProblems(order: MachineOrder, image: ReturnType<typeof imageOf>): OrderProblem[] {
  if (image === 'malformed') return [{ about: 'image', message: `The image '${order.image ?? ''}' is no reference.` }];
  if (image === 'unknown') {
    return [{ about: 'image', message: `The image '${order.image ?? ''}' does not exist, or no longer.` }];
  }
  if (image === 'other' || order.diskSizeGb === undefined) return [];
  const tooSmall = tooSmallForImage(order.diskSizeGb, image);
  return tooSmall === undefined ? [] : [{ about: 'diskSizeGb', message: tooSmall }];
}

function diskProblems({ diskType: wanted }: MachineOrder, type: MachineType): OrderProblem[] {
  if (wanted === undefined) return [];
  const diskType = DISK_TYPES.find((known) => known === wanted);
  if (diskType === undefined) return [{ about: 'diskType', message: `There is no disk type '${wanted}'.` }];
  if (incompatibleDiskTypes(type, [{ diskType, boot: true }]).length === 0) return [];
  return [{ about: 'diskType', message: `A ${type.name} cannot start from a ${diskType} disk.` }];
}

function acceleratorProblems({ accelerator, localSsds = 0, zone }: MachineOrder, type: MachineType): OrderProblem[] {
  const problems: OrderProblem[] = [];
  if (localSsds > 0 && incompatibleDiskTypes(type, [{ diskType: 'local-ssd', boot: false }]).length > 0) {
    problems.push({ about: 'localSsds', message: `A ${type.name} cannot have Local SSD.` });
  }
  if (accelerator === undefined) return problems;
  const { type: name, count } = accelerator;
  if (type.accelerator !== undefined) {
    // A request may name the accelerators that are part of the machine type; others cannot be added.
    if (type.accelerator.type === name && type.accelerator.count === count) return problems;
    const message = `A ${type.name} has ${type.accelerator.count} of ${type.accelerator.type}, not ${count} of ${name}.`;
    return [...problems, { about: 'accelerator', message }];
  }
  const vcpusMax = ATTACHABLE_ACCELERATORS.get(name)?.vcpusMax[count];
  if (!type.traits.acceleratorsAttachable || vcpusMax === undefined || type.cpus > vcpusMax) {
    problems.push({ about: 'accelerator', message: `A ${type.name} cannot have ${count} of ${name}.` });
  } else if (zone !== undefined && !acceleratorTypesOf(zone).some((known) => known.name === name)) {
    problems.push({ about: 'accelerator', message: `There is no ${name} in ${zone}.` });
  }
  return problems;
}
