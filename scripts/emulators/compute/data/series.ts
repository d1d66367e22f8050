/**
 * What Compute Engine's machine series can do. Sources, read in autumn 2026:
 *
 * - Hyperdisk: https://docs.cloud.google.com/compute/docs/disks/hyperdisks#machine-type-support, whose table and restrictions
 *   also say from which size Hyperdisk Extreme can be attached, and that E2, N1, N2, N2D and C2D take Hyperdisk Balanced
 *   only for projects that Google has admitted, so here not at all;
 * - Persistent Disk: https://docs.cloud.google.com/compute/docs/disks/persistent-disks#machine_series_support, and the reports
 *   dsub#301, kdevops#77, nextflow#6841;
 * - the disk type of a disk that names none: `AttachedDiskInitializeParams.disk_type` in compute.proto;
 * - Local SSD: https://docs.cloud.google.com/compute/docs/disks/local-ssd#machine-series-lssd;
 * - live migration: https://docs.cloud.google.com/compute/docs/instances/live-migration-process#limitations;
 * - custom machine types: https://docs.cloud.google.com/compute/docs/instances/creating-instance-with-custom-machine-type;
 * - architecture: https://docs.cloud.google.com/compute/docs/instances/arm-on-compute.
 */
export type Architecture = 'X86_64' | 'ARM64';

export type DiskType =
  | 'pd-standard'
  | 'pd-balanced'
  | 'pd-ssd'
  | 'pd-extreme'
  | 'hyperdisk-balanced'
  | 'hyperdisk-balanced-high-availability'
  | 'hyperdisk-extreme'
  | 'hyperdisk-throughput'
  | 'hyperdisk-ml'
  | 'local-ssd';

export const DISK_TYPES: readonly DiskType[] = [
  'pd-standard',
  'pd-balanced',
  'pd-ssd',
  'pd-extreme',
  'hyperdisk-balanced',
  'hyperdisk-balanced-high-availability',
  'hyperdisk-extreme',
  'hyperdisk-throughput',
  'hyperdisk-ml',
  'local-ssd',
];

/** The sizes that `SERIES-custom-VCPUS-MB` may have. */
export interface CustomBounds {
  readonly vcpus: (count: number) => boolean;
  readonly mbPerCpuMin: number;
  readonly mbPerCpuMax: number;
  readonly memoryMbMax: number;
  /** Whether the suffix `-ext` removes the limit of memory per vCPU. */
  readonly extended: boolean;
}

export interface MachineSeries {
  /** The `cpuPlatform` of running VMs of the series. */
  readonly cpuPlatform: string;
  readonly architecture: Architecture;
  /** Disk types that a VM may have, apart from Local SSD that is part of the machine type. */
  readonly diskTypes: readonly DiskType[];
  /** The type of a disk without a given type. */
  readonly defaultDiskType: DiskType;
  /** Fewest vCPUs of a predefined type that may have Hyperdisk Extreme. */
  readonly extremeVcpusMin?: number;
  /** Whether a VM may request Local SSD; machine types may include Local SSD instead. */
  readonly localSsdAttachable: boolean;
  /** False if VMs must be configured to terminate on host maintenance. */
  readonly liveMigration: boolean;
  readonly custom?: CustomBounds;
  /** Whether accelerators can be added to a VM: true for N1 only; in other series they are part of the type. */
  readonly acceleratorsAttachable: boolean;
}

const GB = 1024;

const PD = ['pd-standard', 'pd-balanced', 'pd-ssd'] as const;
const NEW_PD = ['pd-balanced', 'pd-ssd'] as const;
const HD = ['hyperdisk-balanced', 'hyperdisk-balanced-high-availability'] as const;
const EXTREME = 'hyperdisk-extreme';
const THROUGHPUT = 'hyperdisk-throughput';
const ML = 'hyperdisk-ml';

const FIRST = {
  architecture: 'X86_64',
  diskTypes: PD,
  defaultDiskType: 'pd-standard',
  localSsdAttachable: false,
  liveMigration: true,
  acceleratorsAttachable: false,
} as const satisfies Partial<MachineSeries>;

const NEWEST = {
  ...FIRST,
  diskTypes: [...HD, EXTREME, THROUGHPUT, ML],
  defaultDiskType: 'hyperdisk-balanced',
} as const satisfies Partial<MachineSeries>;

const N4 = { ...NEWEST, diskTypes: [...HD, THROUGHPUT, ML] } as const satisfies Partial<MachineSeries>;

const even = (count: number, max: number) => count >= 2 && count <= max && count % 2 === 0;
const n4Custom = (vcpusMax: number): CustomBounds => ({
  vcpus: (count) => even(count, vcpusMax),
  mbPerCpuMin: 2 * GB,
  mbPerCpuMax: 8 * GB,
  memoryMbMax: vcpusMax * 8 * GB,
  extended: true,
});

const BY_NAME: Readonly<Record<string, MachineSeries>> = {
  a2: {
    ...FIRST,
    cpuPlatform: 'Intel Cascade Lake',
    diskTypes: [...PD, ML],
    localSsdAttachable: true,
    liveMigration: false,
  },
  a3: {
    ...FIRST,
    cpuPlatform: 'Intel Sapphire Rapids',
    diskTypes: [...NEW_PD, ...HD, EXTREME, THROUGHPUT, ML],
    defaultDiskType: 'hyperdisk-balanced',
    extremeVcpusMin: 104,
    liveMigration: false,
  },
  a4: {
    ...NEWEST,
    cpuPlatform: 'Intel Emerald Rapids',
    diskTypes: ['hyperdisk-balanced', EXTREME, ML],
    liveMigration: false,
  },
  a4x: {
    ...NEWEST,
    cpuPlatform: 'NVIDIA Grace',
    architecture: 'ARM64',
    diskTypes: ['hyperdisk-balanced', EXTREME, ML],
    liveMigration: false,
  },
  a4xmax: {
    ...NEWEST,
    cpuPlatform: 'NVIDIA Grace',
    architecture: 'ARM64',
    diskTypes: ['hyperdisk-balanced', EXTREME, THROUGHPUT, ML],
    liveMigration: false,
  },
  c2: { ...FIRST, cpuPlatform: 'Intel Cascade Lake', localSsdAttachable: true },
  c2d: { ...FIRST, cpuPlatform: 'AMD Milan', localSsdAttachable: true },
  c3: {
    ...FIRST,
    cpuPlatform: 'Intel Sapphire Rapids',
    diskTypes: [...NEW_PD, ...HD, EXTREME, THROUGHPUT, ML],
    defaultDiskType: 'pd-balanced',
    extremeVcpusMin: 88,
  },
  c3d: {
    ...FIRST,
    cpuPlatform: 'AMD Genoa',
    diskTypes: [...NEW_PD, ...HD, EXTREME, THROUGHPUT, ML],
    defaultDiskType: 'pd-balanced',
    extremeVcpusMin: 60,
  },
  c4: { ...NEWEST, cpuPlatform: 'Intel Emerald Rapids', extremeVcpusMin: 96 },
  c4a: { ...NEWEST, cpuPlatform: 'Google Axion', architecture: 'ARM64', extremeVcpusMin: 64 },
  c4d: { ...NEWEST, cpuPlatform: 'AMD Turin', diskTypes: [...HD, EXTREME, ML], extremeVcpusMin: 64 },
  c4n: { ...NEWEST, cpuPlatform: 'Intel Granite Rapids' },
  ct6e: {
    ...NEWEST,
    cpuPlatform: 'AMD Turin',
    diskTypes: ['hyperdisk-balanced', ML],
    liveMigration: false,
  },
  e2: {
    ...FIRST,
    cpuPlatform: 'Intel Broadwell',
    custom: {
      vcpus: (count) => even(count, 32),
      mbPerCpuMin: 0.5 * GB,
      mbPerCpuMax: 8 * GB,
      memoryMbMax: 128 * GB,
      extended: false,
    },
  },
  f1: { ...FIRST, cpuPlatform: 'Intel Haswell' },
  g1: { ...FIRST, cpuPlatform: 'Intel Haswell' },
  g2: {
    ...FIRST,
    cpuPlatform: 'Intel Cascade Lake',
    diskTypes: [...NEW_PD, THROUGHPUT, ML],
    defaultDiskType: 'pd-balanced',
    localSsdAttachable: true,
    liveMigration: false,
  },
  g4: { ...NEWEST, cpuPlatform: 'AMD Turin', extremeVcpusMin: 96, liveMigration: false },
  h3: {
    ...FIRST,
    cpuPlatform: 'Intel Sapphire Rapids',
    diskTypes: ['pd-balanced', 'hyperdisk-balanced', THROUGHPUT],
    defaultDiskType: 'hyperdisk-balanced',
    liveMigration: false,
  },
  h4d: { ...NEWEST, cpuPlatform: 'AMD Turin', diskTypes: ['hyperdisk-balanced'], liveMigration: false },
  m1: {
    ...FIRST,
    cpuPlatform: 'Intel Skylake',
    diskTypes: [...PD, 'pd-extreme', 'hyperdisk-balanced', EXTREME],
    extremeVcpusMin: 80,
    localSsdAttachable: true,
  },
  m2: {
    ...FIRST,
    cpuPlatform: 'Intel Cascade Lake',
    diskTypes: [...PD, 'pd-extreme', 'hyperdisk-balanced', EXTREME],
  },
  m3: {
    ...FIRST,
    cpuPlatform: 'Intel Ice Lake',
    diskTypes: [...NEW_PD, 'pd-extreme', ...HD, EXTREME, THROUGHPUT],
    defaultDiskType: 'pd-balanced',
    extremeVcpusMin: 64,
    localSsdAttachable: true,
  },
  m4: {
    ...NEWEST,
    cpuPlatform: 'Intel Emerald Rapids',
    diskTypes: ['hyperdisk-balanced', EXTREME],
    extremeVcpusMin: 64,
  },
  m4n: { ...NEWEST, cpuPlatform: 'Intel Emerald Rapids' },
  n1: {
    ...FIRST,
    cpuPlatform: 'Intel Haswell',
    localSsdAttachable: true,
    acceleratorsAttachable: true,
    custom: {
      vcpus: (count) => count === 1 || even(count, 96),
      mbPerCpuMin: 0.9 * GB,
      mbPerCpuMax: 6.5 * GB,
      memoryMbMax: 624 * GB,
      extended: true,
    },
  },
  n2: {
    ...FIRST,
    cpuPlatform: 'Intel Cascade Lake',
    diskTypes: [...PD, 'pd-extreme', EXTREME, THROUGHPUT],
    extremeVcpusMin: 80,
    localSsdAttachable: true,
    custom: {
      vcpus: (count) => even(count, 32) || (count > 32 && count <= 128 && count % 4 === 0),
      mbPerCpuMin: 0.5 * GB,
      mbPerCpuMax: 8 * GB,
      memoryMbMax: 864 * GB,
      extended: true,
    },
  },
  n2d: {
    ...FIRST,
    cpuPlatform: 'AMD Rome',
    diskTypes: [...PD, THROUGHPUT],
    localSsdAttachable: true,
    custom: {
      vcpus: (count) => [2, 4, 8, 16, 32, 48, 64, 80, 96].includes(count),
      mbPerCpuMin: 0.5 * GB,
      mbPerCpuMax: 8 * GB,
      memoryMbMax: 768 * GB,
      extended: true,
    },
  },
  n4: { ...N4, cpuPlatform: 'Intel Emerald Rapids', custom: n4Custom(80) },
  n4a: {
    ...N4,
    cpuPlatform: 'Google Axion',
    architecture: 'ARM64',
    custom: { ...n4Custom(64), vcpus: (count) => count === 1 || even(count, 64) },
  },
  n4d: { ...N4, cpuPlatform: 'AMD Turin', custom: n4Custom(96) },
  t2a: { ...FIRST, cpuPlatform: 'Ampere Altra', architecture: 'ARM64' },
  t2d: { ...FIRST, cpuPlatform: 'AMD Milan', diskTypes: [...PD, THROUGHPUT] },
  tpu7x: { ...NEWEST, cpuPlatform: 'AMD Turin', diskTypes: ['hyperdisk-balanced', ML], liveMigration: false },
  x4: {
    ...NEWEST,
    cpuPlatform: 'Intel Sapphire Rapids',
    diskTypes: ['hyperdisk-balanced', EXTREME],
    liveMigration: false,
  },
  z3: {
    ...FIRST,
    cpuPlatform: 'Intel Sapphire Rapids',
    diskTypes: [...NEW_PD, ...HD, EXTREME, THROUGHPUT],
    defaultDiskType: 'hyperdisk-balanced',
  },
  z3metal: {
    ...FIRST,
    cpuPlatform: 'Intel Sapphire Rapids',
    diskTypes: ['hyperdisk-balanced', EXTREME],
    defaultDiskType: 'hyperdisk-balanced',
    liveMigration: false,
  },
};

/**
 * Every series, by the beginning of its machine types' names; `z3metal` and `a4xmax` are separate because they exist in
 * other zones.
 */
export const MACHINE_SERIES: ReadonlyMap<string, MachineSeries> = new Map(Object.entries(BY_NAME));

/** Disk types that can be boot disks: no Local SSD, and of Hyperdisk only Hyperdisk Balanced. */
export const BOOT_DISK_TYPES: ReadonlySet<DiskType> = new Set<DiskType>([
  'pd-standard',
  'pd-balanced',
  'pd-ssd',
  'pd-extreme',
  ...HD,
]);

/** Names that `minCpuPlatform` may have (https://docs.cloud.google.com/compute/docs/cpu-platforms). */
export const CPU_PLATFORMS: ReadonlySet<string> = new Set([
  'Intel Sandy Bridge',
  'Intel Ivy Bridge',
  'Intel Haswell',
  'Intel Broadwell',
  'Intel Skylake',
  'Intel Cascade Lake',
  'Intel Ice Lake',
  'Intel Sapphire Rapids',
  'Intel Emerald Rapids',
  'Intel Granite Rapids',
  'AMD Rome',
  'AMD Milan',
  'AMD Genoa',
  'AMD Turin',
  'Ampere Altra',
  'Google Axion',
  'NVIDIA Grace',
]);
