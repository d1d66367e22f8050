/*
 * Custom machine types of Compute Engine: any number of CPUs and any memory, within what a series allows
 * (https://cloud.google.com/compute/docs/instances/creating-instance-with-custom-machine-type).
 */

interface Series {
  /** Text before `custom`. N1 was the first series, so its custom types have no prefix. */
  readonly prefix: string;
  readonly vcpus: (count: number) => boolean;
  /** Completes the sentence "must be …". */
  readonly vcpusText: string;
  readonly mbPerCpuMin: number;
  readonly mbPerCpuMax: number;
  readonly memoryMbMax: number;
}

const GB = 1024;

const even = (count: number, max: number) => count >= 2 && count <= max && count % 2 === 0;

const SERIES: Readonly<Record<string, Series>> = {
  e2: {
    prefix: 'e2-',
    vcpus: (count) => even(count, 32),
    vcpusText: 'even, from 2 to 32',
    mbPerCpuMin: 0.5 * GB,
    mbPerCpuMax: 8 * GB,
    memoryMbMax: 128 * GB,
  },
  n1: {
    prefix: '',
    vcpus: (count) => count === 1 || even(count, 96),
    vcpusText: '1, or even up to 96',
    mbPerCpuMin: 0.9 * GB,
    mbPerCpuMax: 6.5 * GB,
    memoryMbMax: 624 * GB,
  },
  n2: {
    prefix: 'n2-',
    vcpus: (count) => even(count, 32) || (count <= 128 && count > 32 && count % 4 === 0),
    vcpusText: 'even up to 32, or a multiple of 4 up to 128',
    mbPerCpuMin: 0.5 * GB,
    mbPerCpuMax: 8 * GB,
    memoryMbMax: 864 * GB,
  },
  n2d: {
    prefix: 'n2d-',
    vcpus: (count) => [2, 4, 8, 16, 32, 48, 64, 80, 96].includes(count),
    vcpusText: '2, 4, 8, 16, or a multiple of 16 up to 96',
    mbPerCpuMin: 0.5 * GB,
    mbPerCpuMax: 8 * GB,
    memoryMbMax: 768 * GB,
  },
  n4: {
    prefix: 'n4-',
    vcpus: (count) => even(count, 80),
    vcpusText: 'even, from 2 to 80',
    mbPerCpuMin: 2 * GB,
    mbPerCpuMax: 8 * GB,
    memoryMbMax: 640 * GB,
  },
};

/** Memory comes in steps of this size. */
const STEP_MB = 256;

export type CustomMachineType =
  | { readonly possible: true; readonly machineType: string }
  /** All problems; a `message` completes a sentence that begins with the member's name, such as "vcpus …". */
  | { readonly possible: false; readonly problems: readonly CustomProblem[] };

export interface CustomProblem {
  readonly about: 'vcpus' | 'memory_mb';
  readonly message: string;
}

/** Returns the custom machine type of a series for these CPUs and this memory, or the problems. */
export function customMachineType(seriesName: string, vcpus: number, memoryMb: number): CustomMachineType {
  const series = Object.hasOwn(SERIES, seriesName) ? SERIES[seriesName] : undefined;
  if (series === undefined) {
    const message = 'cannot be chosen for this type: its series has no custom machine types';
    return { possible: false, problems: [{ about: 'vcpus', message }] };
  }
  const problems: CustomProblem[] = [];
  if (!series.vcpus(vcpus)) problems.push({ about: 'vcpus', message: `must be ${series.vcpusText}` });
  const least = steps(Math.ceil, vcpus * series.mbPerCpuMin);
  const most = Math.min(steps(Math.floor, vcpus * series.mbPerCpuMax), series.memoryMbMax);
  if (memoryMb % STEP_MB !== 0) {
    problems.push({ about: 'memory_mb', message: `must be a multiple of ${STEP_MB}` });
  }
  // The memory bounds depend on the number of CPUs, so they are reported only for a possible number.
  if (problems.every(({ about }) => about !== 'vcpus') && (memoryMb < least || memoryMb > most)) {
    problems.push({ about: 'memory_mb', message: `must be from ${least} to ${most} for ${vcpus} vcpus` });
  }
  if (problems.length > 0) return { possible: false, problems };
  return { possible: true, machineType: `${series.prefix}custom-${vcpus}-${memoryMb}` };
}

function steps(round: (value: number) => number, memoryMb: number): number {
  return round(memoryMb / STEP_MB) * STEP_MB;
}
