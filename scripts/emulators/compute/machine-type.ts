import { invalidField, notFound } from './compute-error.ts';
import { parseResourceName, zoneName } from './resource-names.ts';

interface Series {
  /** What `cpuPlatform` shows while a VM of the series runs. */
  readonly cpuPlatform: string;
  /** Sizes in vCPUs by class. */
  readonly sizes: Readonly<Record<string, readonly number[]>>;
  /** Shapes without a number. */
  readonly shared?: readonly string[];
  /** Whether `SERIES-custom-CPUS-MEMORYMB` exists. */
  readonly custom?: boolean;
}

function classes(names: readonly string[], sizes: readonly number[]): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(names.map((name) => [name, sizes]));
}

const GENERAL = ['standard', 'highmem', 'highcpu'];

const SERIES: Readonly<Record<string, Series>> = {
  e2: {
    cpuPlatform: 'Intel Broadwell',
    sizes: { standard: [2, 4, 8, 16, 32], highmem: [2, 4, 8, 16], highcpu: [2, 4, 8, 16, 32] },
    shared: ['micro', 'small', 'medium'],
    custom: true,
  },
  f1: { cpuPlatform: 'Intel Haswell', sizes: {}, shared: ['micro'] },
  g1: { cpuPlatform: 'Intel Haswell', sizes: {}, shared: ['small'] },
  n1: {
    cpuPlatform: 'Intel Haswell',
    sizes: { standard: [1, 2, 4, 8, 16, 32, 64, 96], ...classes(['highmem', 'highcpu'], [2, 4, 8, 16, 32, 64, 96]) },
    custom: true,
  },
  n2: {
    cpuPlatform: 'Intel Cascade Lake',
    sizes: classes(GENERAL, [2, 4, 8, 16, 32, 48, 64, 80, 96, 128]),
    custom: true,
  },
  n2d: {
    cpuPlatform: 'AMD Rome',
    sizes: classes(GENERAL, [2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224]),
    custom: true,
  },
  n4: { cpuPlatform: 'Intel Emerald Rapids', sizes: classes(GENERAL, [2, 4, 8, 16, 32, 48, 64, 80]), custom: true },
  t2d: { cpuPlatform: 'AMD Milan', sizes: { standard: [1, 2, 4, 8, 16, 32, 48, 60] } },
  t2a: { cpuPlatform: 'Ampere Altra', sizes: { standard: [1, 2, 4, 8, 16, 32, 48] } },
  c2: { cpuPlatform: 'Intel Cascade Lake', sizes: { standard: [4, 8, 16, 30, 60] } },
  c2d: { cpuPlatform: 'AMD Milan', sizes: classes(GENERAL, [2, 4, 8, 16, 32, 56, 112]) },
  c3: { cpuPlatform: 'Intel Sapphire Rapids', sizes: classes(GENERAL, [4, 8, 22, 44, 88, 176]) },
  c3d: { cpuPlatform: 'AMD Genoa', sizes: classes(GENERAL, [4, 8, 16, 30, 60, 90, 180, 360]) },
  c4: { cpuPlatform: 'Intel Emerald Rapids', sizes: classes(GENERAL, [2, 4, 8, 16, 24, 32, 48, 96, 144, 192, 288]) },
  m1: { cpuPlatform: 'Intel Skylake', sizes: { ultramem: [40, 80, 160], megamem: [96] } },
  a2: { cpuPlatform: 'Intel Cascade Lake', sizes: { highgpu: [1, 2, 4, 8] } },
  g2: { cpuPlatform: 'Intel Cascade Lake', sizes: { standard: [4, 8, 12, 16, 24, 32, 48, 96] } },
};

/** A machine type that exists, and what a VM of it runs on. */
export interface MachineType {
  /** `projects/P/zones/Z/machineTypes/NAME` */
  readonly resourceName: string;
  readonly cpuPlatform: string;
}

const FIELD = 'resource.machineType';

/** Reads `machineType` of an insert. Throws Compute Engine's 400 for a malformed one and its 404 for an unknown one. */
export function parseMachineType(reference: string, project: string, zone: string): MachineType {
  const match = /^projects\/[^/]+\/zones\/([^/]+)\/machineTypes\/([^/]+)$/.exec(parseResourceName(reference, project));
  const [, typeZone, name] = match ?? [];
  if (typeZone === undefined || name === undefined) {
    throw invalidField(FIELD, reference, 'The URL is malformed.');
  }
  if (typeZone !== zone) {
    throw invalidField(FIELD, reference, `The machine type must be in the zone of the instance, '${zone}'.`);
  }
  const resourceName = `${zoneName(project, zone)}/machineTypes/${name}`;
  const cpuPlatform = customPlatform(name, reference) ?? predefinedPlatform(name);
  if (cpuPlatform === undefined) throw notFound(resourceName);
  return { resourceName, cpuPlatform };
}

function predefinedPlatform(name: string): string | undefined {
  const [seriesName = '', shape = '', size, ...rest] = name.split('-');
  const series = Object.hasOwn(SERIES, seriesName) ? SERIES[seriesName] : undefined;
  if (series === undefined || rest.length > 0) return undefined;
  if (size === undefined) return series.shared?.includes(shape) === true ? series.cpuPlatform : undefined;
  const sizes = Object.hasOwn(series.sizes, shape) ? series.sizes[shape] : undefined;
  // An accelerator type counts its devices: a2-highgpu-4g.
  const count = /^[1-9]\d*$/.test(seriesName === 'a2' ? size.replace(/g$/, '') : size) ? Number.parseInt(size, 10) : 0;
  return sizes?.includes(count) === true ? series.cpuPlatform : undefined;
}

function customPlatform(name: string, reference: string): string | undefined {
  const match = /^(?:([a-z0-9]+)-)?custom-(\d+)-(\d+)(?:-ext)?$/.exec(name);
  if (match === null) return undefined;
  const seriesName = match[1] ?? 'n1';
  const series = Object.hasOwn(SERIES, seriesName) ? SERIES[seriesName] : undefined;
  if (series?.custom !== true) return undefined;
  const cpus = Number(match[2]);
  const memoryMb = Number(match[3]);
  if (cpus !== 1 && (cpus % 2 !== 0 || cpus === 0)) {
    throw invalidField(FIELD, reference, 'Number of CPUs for a custom machine type must be 1 or an even number.');
  }
  if (memoryMb % 256 !== 0 || memoryMb === 0) {
    throw invalidField(FIELD, reference, 'Memory size for a custom machine type must be a multiple of 256 MB.');
  }
  return series.cpuPlatform;
}
