import { invalidField } from './compute-error.ts';
import type { PredefinedType } from './data/machine-types.ts';
import { PREDEFINED_TYPES } from './data/machine-types.ts';
import type { CustomBounds, MachineSeries } from './data/series.ts';
import { MACHINE_SERIES } from './data/series.ts';
import { hasSeries } from './data/zones.ts';
import { parseResourceName, zoneName } from './resource-names.ts';

/** An existing machine type, with what its VMs can have. */
export interface MachineType extends PredefinedType {
  readonly custom: boolean;
  readonly traits: MachineSeries;
}

export type FoundType =
  | { readonly found: true; readonly type: MachineType }
  /** `why` is Compute Engine's own text. */
  | { readonly found: false; readonly why: string };

const FIELD = 'resource.machineType';
const STEP_MB = 256;

/** Custom E2 types with shared CPUs: the allowed memory, MB (general-purpose-machines#sharedcore). */
const SHARED_CUSTOM: Readonly<Record<string, readonly [min: number, max: number]>> = {
  'e2-custom-micro': [1024, 2048],
  'e2-custom-small': [2048, 4096],
  'e2-custom-medium': [4096, 8192],
};

/**
 * Finds a predefined or custom machine type by name, in any zone if none is given. A type that the zone does not have
 * is reported as an error of the body that names it, not as a 404 (community-tc-config#75, terratest#1132).
 */
export function findMachineType(name: string, zone?: string): FoundType {
  const type = PREDEFINED_TYPES.get(name) ?? customType(name);
  if (typeof type === 'string') return { found: false, why: type };
  const traits = type === undefined ? undefined : MACHINE_SERIES.get(type.series);
  if (type === undefined || traits === undefined || (zone !== undefined && !hasSeries(zone, type.series))) {
    const where = zone === undefined ? 'in any zone' : `in zone '${zone}'`;
    return { found: false, why: `Machine type with name '${name}' does not exist ${where}.` };
  }
  return { found: true, type: { ...type, custom: name.includes('custom-'), traits } };
}

/** Parses a reference to a machine type. Throws Compute Engine's 400. */
export function parseMachineType(reference: string, project: string, zone: string): MachineType {
  const match = /^projects\/[^/]+\/zones\/([^/]+)\/machineTypes\/([^/]+)$/.exec(parseResourceName(reference, project));
  const [, typeZone, name] = match ?? [];
  if (typeZone === undefined || name === undefined) {
    throw invalidField(FIELD, reference, 'The URL is malformed.');
  }
  if (typeZone !== zone) {
    throw invalidField(FIELD, reference, `The machine type must be in the zone of the instance, '${zone}'.`);
  }
  const found = findMachineType(name, zone);
  if (!found.found) throw invalidField(FIELD, reference, found.why);
  return found.type;
}

export function machineTypeName(project: string, zone: string, name: string): string {
  return `${zoneName(project, zone)}/machineTypes/${name}`;
}

/**
 * Returns the custom type of this name, Compute Engine's text if the type is impossible, and `undefined` if the name is
 * not one of a custom type.
 */
function customType(name: string): PredefinedType | string | undefined {
  const match = /^(?:([a-z0-9]+)-)?custom-(micro|small|medium|\d+)-(\d+)(-ext)?$/.exec(name);
  if (match === null) return undefined;
  const [, series = 'n1', size = '', memory = '', extension] = match;
  const memoryMb = Number(memory);
  const shared = SHARED_CUSTOM[`${series}-custom-${size}`];
  const bounds = MACHINE_SERIES.get(series)?.custom;
  const cpus = shared === undefined ? Number(size) : 2;
  if (bounds === undefined || (extension !== undefined && (!bounds.extended || shared !== undefined))) {
    return `Custom Machine type with name '${name}' does not exist.`;
  }
  if (memoryMb % STEP_MB !== 0 || memoryMb === 0) {
    // elotl/kip#171
    return `Memory should be a multiple of ${STEP_MB}MiB, while ${memoryMb}MiB is requested`;
  }
  // dsub#232. No other text is known for a number of vCPUs that the series does not allow.
  if (shared === undefined && !bounds.vcpus(cpus)) return `Custom Machine type with name '${name}' does not exist.`;
  const [min, max] = shared ?? memoryBounds(bounds, cpus, extension !== undefined);
  if (memoryMb < min || memoryMb > max) {
    // nf-core/configs#386
    return (
      `Memory size for ${cpus}.0 vCPU instance should be between ${min}MiB and ${max}MiB, ` +
      `while ${memoryMb}MiB is requested.`
    );
  }
  return { name, series, cpus, memoryMb, sharedCpu: shared !== undefined, ownLocalSsds: 0, bareMetal: false };
}

function memoryBounds(bounds: CustomBounds, cpus: number, extended: boolean): readonly [number, number] {
  const min = Math.ceil((cpus * bounds.mbPerCpuMin) / STEP_MB) * STEP_MB;
  const perCpu = Math.floor((cpus * bounds.mbPerCpuMax) / STEP_MB) * STEP_MB;
  return [min, extended ? bounds.memoryMbMax : Math.min(perCpu, bounds.memoryMbMax)];
}
