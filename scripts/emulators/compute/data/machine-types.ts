/** A predefined machine type, with the members that machineTypes.get returns. */
export interface PredefinedType {
  readonly name: string;
  readonly series: string;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly sharedCpu: boolean;
  /** Number of Local SSD disks that are part of the type; 0 for none. */
  readonly ownLocalSsds: number;
  /** The GPUs or TPUs that are part of the type. */
  readonly accelerator?: { readonly type: string; readonly count: number };
  readonly bareMetal: boolean;
}

/** The sizes of one class of a series. */
interface Shape {
  /** The name's parts around the number of vCPUs: the class and an optional suffix, such as `standard…-lssd`. */
  readonly name: string;
  readonly gbPerCpu: number;
  /** Whether memory sizes are rounded down to whole GB. */
  readonly wholeGb?: boolean;
  readonly cpus: readonly number[];
  readonly ownLocalSsds?: readonly number[];
  readonly accelerator?: { readonly type: string; readonly counts: readonly number[] };
}

const GENERAL = (cpus: readonly number[], [standard, highmem, highcpu]: readonly [number, number, number]): Shape[] => [
  { name: 'standard', gbPerCpu: standard, cpus },
  { name: 'highmem', gbPerCpu: highmem, cpus },
  { name: 'highcpu', gbPerCpu: highcpu, cpus },
];

const whole = (shapes: readonly Shape[]): Shape[] => shapes.map((shape) => ({ ...shape, wholeGb: true }));

/** Returns the classes `standard` and `highmem` in the same sizes, both with Local SSD. */
const withSsd = (
  cpus: readonly number[],
  ownLocalSsds: readonly number[],
  perCpu: readonly [number, number],
): Shape[] =>
  (['standard', 'highmem'] as const).map((name, index) => ({
    name: `${name}…-lssd`,
    gbPerCpu: perCpu[index] ?? 0,
    cpus,
    ownLocalSsds,
  }));

const C3D_CPUS = [8, 16, 30, 60, 90, 180, 360];
const C4_CPUS = [4, 8, 16, 24, 32, 48, 96, 144, 192, 288];
const C4A_CPUS = [4, 8, 16, 32, 48, 64, 72];
const C4D_CPUS = [8, 16, 32, 48, 64, 96, 192, 384];
const UP_TO_80 = [2, 4, 8, 16, 32, 48, 64, 80];

/**
 * Source: the machine family pages (https://docs.cloud.google.com/compute/docs/machine-resource) and what machineTypes.list
 * answered in August 2026; the numbers of Local SSD disks:
 * https://docs.cloud.google.com/compute/docs/disks/local-ssd#choose_number_local_ssds.
 */
const SHAPES: Readonly<Record<string, readonly Shape[]>> = {
  c2: [{ name: 'standard', gbPerCpu: 4, cpus: [4, 8, 16, 30, 60] }],
  c2d: GENERAL([2, 4, 8, 16, 32, 56, 112], [4, 8, 2]),
  c3: [
    ...GENERAL([4, 8, 22, 44, 88, 176], [4, 8, 2]),
    { name: 'standard…-lssd', gbPerCpu: 4, cpus: [4, 8, 22, 44, 88, 176], ownLocalSsds: [1, 2, 4, 8, 16, 32] },
    { name: 'standard…-metal', gbPerCpu: 4, cpus: [192] },
    { name: 'highmem…-metal', gbPerCpu: 8, cpus: [192] },
    { name: 'highcpu…-metal', gbPerCpu: 512 / 192, cpus: [192] },
  ],
  c3d: [
    { name: 'standard', gbPerCpu: 4, cpus: [4, ...C3D_CPUS] },
    { name: 'highmem', gbPerCpu: 8, cpus: [4, ...C3D_CPUS] },
    { name: 'highcpu', gbPerCpu: 2, cpus: [4, 8, 16] },
    { name: 'highcpu', gbPerCpu: 59 / 30, cpus: [30, 60, 90, 180, 360] },
    ...withSsd(C3D_CPUS, [1, 1, 2, 4, 8, 16, 32], [4, 8]),
  ],
  c4: whole([
    ...GENERAL([2, ...C4_CPUS], [3.75, 7.75, 2]),
    ...withSsd(C4_CPUS, [1, 1, 2, 4, 5, 8, 16, 24, 32, 48], [3.75, 7.75]),
    { name: 'standard…-metal', gbPerCpu: 3.75, cpus: [288] },
    { name: 'highmem…-metal', gbPerCpu: 7.75, cpus: [288] },
    { name: 'standard…-lssd-metal', gbPerCpu: 3.75, cpus: [288], ownLocalSsds: [48] },
    { name: 'highmem…-lssd-metal', gbPerCpu: 7.75, cpus: [288], ownLocalSsds: [48] },
  ]),
  c4a: [
    ...GENERAL([1, 2, ...C4A_CPUS], [4, 8, 2]),
    ...withSsd(C4A_CPUS, [1, 2, 4, 6, 10, 14, 16], [4, 8]),
    { name: 'highmem…-metal', gbPerCpu: 8, cpus: [96] },
  ],
  c4d: whole([
    ...GENERAL([2, 4, ...C4D_CPUS], [3.875, 7.875, 1.875]),
    ...withSsd(C4D_CPUS, [1, 1, 2, 4, 6, 8, 16, 32], [3.875, 7.875]),
    { name: 'standard…-metal', gbPerCpu: 4, cpus: [384] },
    { name: 'highmem…-metal', gbPerCpu: 8, cpus: [384] },
    { name: 'highcpu…-metal', gbPerCpu: 2, cpus: [384] },
  ]),
  c4n: whole(GENERAL([2, 4, 8, 16, 24, 48, 96, 192], [3.75, 7.75, 2])),
  e2: [
    { name: 'standard', gbPerCpu: 4, cpus: [2, 4, 8, 16, 32] },
    { name: 'highmem', gbPerCpu: 8, cpus: [2, 4, 8, 16] },
    { name: 'highcpu', gbPerCpu: 1, cpus: [2, 4, 8, 16, 32] },
  ],
  g2: [
    {
      name: 'standard',
      gbPerCpu: 4,
      cpus: [4, 8, 12, 16, 24, 32, 48, 96],
      accelerator: { type: 'nvidia-l4', counts: [1, 1, 1, 1, 2, 1, 4, 8] },
    },
  ],
  g4: [
    {
      name: 'standard',
      gbPerCpu: 3.75,
      wholeGb: true,
      cpus: [48, 96, 192, 384],
      ownLocalSsds: [4, 8, 16, 32],
      accelerator: { type: 'nvidia-rtx-pro-6000', counts: [1, 2, 4, 8] },
    },
  ],
  h3: [{ name: 'standard', gbPerCpu: 4, cpus: [88] }],
  h4d: [
    { name: 'standard', gbPerCpu: 3.75, cpus: [192] },
    { name: 'highmem', gbPerCpu: 7.75, cpus: [192] },
    { name: 'highmem…-lssd', gbPerCpu: 7.75, cpus: [192], ownLocalSsds: [10] },
  ],
  m1: [
    { name: 'ultramem', gbPerCpu: 961 / 40, cpus: [40, 80, 160] },
    { name: 'megamem', gbPerCpu: 1433.6 / 96, cpus: [96] },
  ],
  m2: [
    { name: 'hypermem', gbPerCpu: 8832 / 416, cpus: [416] },
    { name: 'megamem', gbPerCpu: 5888 / 416, cpus: [416] },
    { name: 'ultramem', gbPerCpu: 5888 / 208, cpus: [208, 416] },
  ],
  m3: [
    { name: 'megamem', gbPerCpu: 15.25, cpus: [64, 128] },
    { name: 'ultramem', gbPerCpu: 30.5, cpus: [32, 64, 128] },
  ],
  m4: [
    { name: 'hypermem', gbPerCpu: 15.5, cpus: [16, 32, 64] },
    { name: 'megamem', gbPerCpu: 372 / 28, cpus: [28, 56, 112, 224] },
    { name: 'ultramem', gbPerCpu: 1488 / 56, cpus: [56, 112, 224] },
  ],
  m4n: [
    { name: 'hypermem', gbPerCpu: 15.5, cpus: [16, 32, 64] },
    { name: 'megamem', gbPerCpu: 372 / 28, cpus: [28, 56, 112] },
    { name: 'ultramem', gbPerCpu: 1488 / 56, cpus: [56, 112] },
  ],
  n1: [
    { name: 'standard', gbPerCpu: 3.75, cpus: [1, 2, 4, 8, 16, 32, 64, 96] },
    { name: 'highmem', gbPerCpu: 6.5, cpus: [2, 4, 8, 16, 32, 64, 96] },
    { name: 'highcpu', gbPerCpu: 0.9, cpus: [2, 4, 8, 16, 32, 64, 96] },
  ],
  n2: [
    { name: 'standard', gbPerCpu: 4, cpus: [...UP_TO_80, 96, 128] },
    { name: 'highmem', gbPerCpu: 8, cpus: [...UP_TO_80, 96] },
    { name: 'highmem', gbPerCpu: 6.75, cpus: [128] },
    { name: 'highcpu', gbPerCpu: 1, cpus: [...UP_TO_80, 96] },
  ],
  n2d: [
    { name: 'standard', gbPerCpu: 4, cpus: [...UP_TO_80, 96, 128, 224] },
    { name: 'highmem', gbPerCpu: 8, cpus: [...UP_TO_80, 96] },
    { name: 'highcpu', gbPerCpu: 1, cpus: [...UP_TO_80, 96, 128, 224] },
  ],
  n4: GENERAL(UP_TO_80, [4, 8, 2]),
  n4a: GENERAL([1, 2, 4, 8, 16, 32, 48, 64], [4, 8, 2]),
  n4d: GENERAL([...UP_TO_80, 96], [4, 8, 2]),
  t2a: [{ name: 'standard', gbPerCpu: 4, cpus: [1, 2, 4, 8, 16, 32, 48] }],
  t2d: [{ name: 'standard', gbPerCpu: 4, cpus: [1, 2, 4, 8, 16, 32, 48, 60] }],
  x4: [{ name: 'megamem…-metal', gbPerCpu: 1024 / 60, cpus: [960, 1440, 1920] }],
  z3: [
    { name: 'highmem', gbPerCpu: 8, cpus: [88, 176], ownLocalSsds: [12, 12] },
    { name: 'highmem…-standardlssd', gbPerCpu: 8, cpus: [14, 22, 44, 88, 176], ownLocalSsds: [1, 2, 3, 6, 12] },
    { name: 'highmem…-highlssd', gbPerCpu: 8, cpus: [8, 16, 22, 32, 44, 88], ownLocalSsds: [1, 2, 3, 4, 6, 12] },
  ],
};

type Listed = readonly [name: string, cpus: number, memoryGb: number, more?: Partial<PredefinedType>];

const A100 = (count: number) => ({ accelerator: { type: 'nvidia-tesla-a100', count } });
const A100_80GB = (count: number) => ({ accelerator: { type: 'nvidia-a100-80gb', count }, ownLocalSsds: count });
const H100 = (count: number) => ({ accelerator: { type: 'nvidia-h100-80gb', count }, ownLocalSsds: count * 2 });
const SHARED = { sharedCpu: true };

/** Types whose names do not contain the number of vCPUs. */
const LISTED: Readonly<Record<string, readonly Listed[]>> = {
  a2: [
    ['a2-highgpu-1g', 12, 85, A100(1)],
    ['a2-highgpu-2g', 24, 170, A100(2)],
    ['a2-highgpu-4g', 48, 340, A100(4)],
    ['a2-highgpu-8g', 96, 680, A100(8)],
    ['a2-megagpu-16g', 96, 1360, A100(16)],
    ['a2-ultragpu-1g', 12, 170, A100_80GB(1)],
    ['a2-ultragpu-2g', 24, 340, A100_80GB(2)],
    ['a2-ultragpu-4g', 48, 680, A100_80GB(4)],
    ['a2-ultragpu-8g', 96, 1360, A100_80GB(8)],
  ],
  a3: [
    ['a3-highgpu-1g', 26, 234, H100(1)],
    ['a3-highgpu-2g', 52, 468, H100(2)],
    ['a3-highgpu-4g', 104, 936, H100(4)],
    ['a3-highgpu-8g', 208, 1872, H100(8)],
    ['a3-edgegpu-8g', 208, 1872, H100(8)],
    ['a3-edgegpu-8g-nolssd', 208, 1872, { accelerator: { type: 'nvidia-h100-80gb', count: 8 } }],
    ['a3-megagpu-8g', 208, 1872, { accelerator: { type: 'nvidia-h100-mega-80gb', count: 8 }, ownLocalSsds: 16 }],
    ['a3-ultragpu-8g', 224, 2952, { accelerator: { type: 'nvidia-h200-141gb', count: 8 }, ownLocalSsds: 32 }],
    ['a3-ultragpu-8g-nolssd', 224, 2952, { accelerator: { type: 'nvidia-h200-141gb', count: 8 } }],
  ],
  a4: [['a4-highgpu-8g', 224, 3968, { accelerator: { type: 'nvidia-b200', count: 8 }, ownLocalSsds: 32 }]],
  a4x: [['a4x-highgpu-4g', 140, 884, { accelerator: { type: 'nvidia-gb200', count: 4 }, ownLocalSsds: 4 }]],
  a4xmax: [
    [
      'a4x-maxgpu-4g-metal',
      144,
      960,
      { accelerator: { type: 'nvidia-gb300', count: 4 }, ownLocalSsds: 4, bareMetal: true },
    ],
  ],
  ct6e: [
    ['ct6e-standard-1t', 44, 176, { accelerator: { type: 'ct6e', count: 1 } }],
    ['ct6e-standard-4t', 180, 720, { accelerator: { type: 'ct6e', count: 4 } }],
    ['ct6e-standard-8t', 360, 1440, { accelerator: { type: 'ct6e', count: 8 } }],
  ],
  e2: [
    ['e2-micro', 2, 1, SHARED],
    ['e2-small', 2, 2, SHARED],
    ['e2-medium', 2, 4, SHARED],
  ],
  f1: [['f1-micro', 1, 0.6, SHARED]],
  g1: [['g1-small', 1, 1.7, SHARED]],
  tpu7x: [
    ['tpu7x-standard-1t', 56, 240, { accelerator: { type: 'tpu7x', count: 1 } }],
    ['tpu7x-standard-4t', 224, 960, { accelerator: { type: 'tpu7x', count: 4 } }],
  ],
  z3metal: [['z3-highmem-192-highlssd-metal', 192, 1536, { ownLocalSsds: 12, bareMetal: true }]],
};

const PLAIN = { sharedCpu: false, ownLocalSsds: 0, bareMetal: false };

function* typesOf(series: string, shape: Shape): Generator<PredefinedType> {
  const { gbPerCpu, wholeGb = false, cpus, ownLocalSsds, accelerator } = shape;
  const [name = '', suffix = ''] = shape.name.split('…');
  for (const [index, count] of cpus.entries()) {
    const gb = count * gbPerCpu;
    yield {
      name: `${series}-${name}-${count}${suffix}`,
      series,
      cpus: count,
      // Memory such as 1433.6 GB is not a whole number of MB.
      memoryMb: Math.floor((wholeGb ? Math.floor(gb) : gb) * 1024 + 0.001),
      sharedCpu: false,
      ownLocalSsds: ownLocalSsds?.[index] ?? 0,
      ...(accelerator === undefined
        ? {}
        : { accelerator: { type: accelerator.type, count: accelerator.counts[index] ?? 1 } }),
      bareMetal: suffix.endsWith('-metal'),
    };
  }
}

const ALL: readonly PredefinedType[] = [
  ...Object.entries(SHAPES).flatMap(([series, shapes]) => shapes.flatMap((shape) => [...typesOf(series, shape)])),
  ...Object.entries(LISTED).flatMap(([series, types]) =>
    types.map(([name, cpus, gb, more = {}]) => ({
      ...PLAIN,
      name,
      series,
      cpus,
      memoryMb: Math.floor(gb * 1024),
      ...more,
    })),
  ),
];

/** Every predefined machine type, by name. */
export const PREDEFINED_TYPES: ReadonlyMap<string, PredefinedType> = new Map(ALL.map((type) => [type.name, type]));
