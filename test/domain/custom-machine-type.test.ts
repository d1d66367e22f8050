import { expect, test } from 'vitest';
import { customMachineType } from '#shared/domain/custom-machine-type.ts';
import { parseMachineType } from '#scripts/emulators/compute/machine-type.ts';

const messages = (series: string, vcpus: number, memoryMb: number) => {
  const custom = customMachineType(series, vcpus, memoryMb);
  return custom.possible ? [] : custom.problems.map(({ about, message }) => `${about} ${message}`);
};

test.each([
  ['n1', 1, 1024, 'custom-1-1024'],
  ['n1', 2, 2048, 'custom-2-2048'],
  ['n1', 2, 4096, 'custom-2-4096'],
  ['n1', 2, 13_312, 'custom-2-13312'],
  ['n1', 96, 638_976, 'custom-96-638976'],
  ['e2', 2, 1024, 'e2-custom-2-1024'],
  ['e2', 32, 131_072, 'e2-custom-32-131072'],
  ['n2', 2, 16_384, 'n2-custom-2-16384'],
  ['n2', 36, 18_432, 'n2-custom-36-18432'],
  ['n2', 128, 884_736, 'n2-custom-128-884736'],
  ['n2d', 48, 393_216, 'n2d-custom-48-393216'],
  ['n4', 80, 655_360, 'n4-custom-80-655360'],
])('%s with %i vcpus and %i MB is %s, which Compute Engine knows', (series, vcpus, memoryMb, machineType) => {
  expect(customMachineType(series, vcpus, memoryMb)).toEqual({ possible: true, machineType });
  const reference = `zones/us-central1-a/machineTypes/${machineType}`;
  expect(() => parseMachineType(reference, 'p', 'us-central1-a')).not.toThrow();
});

test.each([
  ['n1', 3, 4096, ['vcpus must be 1, or even up to 96']],
  ['n1', 98, 98_304, ['vcpus must be 1, or even up to 96']],
  ['n1', 2, 1792, ['memory_mb must be from 2048 to 13312 for 2 vcpus']],
  ['n1', 2, 13_568, ['memory_mb must be from 2048 to 13312 for 2 vcpus']],
  ['n1', 2, 4097, ['memory_mb must be a multiple of 256']],
  ['n1', 5, 100, ['vcpus must be 1, or even up to 96', 'memory_mb must be a multiple of 256']],
  ['e2', 1, 1024, ['vcpus must be even, from 2 to 32']],
  ['e2', 34, 34_816, ['vcpus must be even, from 2 to 32']],
  ['e2', 32, 131_328, ['memory_mb must be from 16384 to 131072 for 32 vcpus']],
  ['n2', 34, 34_816, ['vcpus must be even up to 32, or a multiple of 4 up to 128']],
  ['n2', 128, 884_992, ['memory_mb must be from 65536 to 884736 for 128 vcpus']],
  ['n2d', 24, 24_576, ['vcpus must be 2, 4, 8, 16, or a multiple of 16 up to 96']],
  ['n4', 2, 2048, ['memory_mb must be from 4096 to 16384 for 2 vcpus']],
  ['c3', 4, 8192, ['vcpus cannot be chosen for this type: its series has no custom machine types']],
  ['constructor', 4, 8192, ['vcpus cannot be chosen for this type: its series has no custom machine types']],
])('%s with %i vcpus and %i MB is no machine, and says why', (series, vcpus, memoryMb, problems) => {
  expect(messages(series, vcpus, memoryMb)).toEqual(problems);
});
