import { describe, expect, test } from 'vitest';
import { needsOfOrder, problemsOfOrder } from '#scripts/emulators/compute/machine-order.ts';
import type { MachineOrder } from '#scripts/emulators/compute/machine-order.ts';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };

const UBUNTU = 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts';
const ZONE = 'us-central1-a';

describe('an order that can never work', () => {
  test.each<[string, MachineOrder, string]>([
    ['an unknown zone', { machineType: 'e2-medium', zone: 'us-central1-z' }, 'zone'],
    ['an unknown machine type', { machineType: 'cx31', zone: ZONE }, 'machineType'],
    ['a series that the zone does not have', { machineType: 'n1-standard-1', zone: 'africa-south1-a' }, 'machineType'],
    ['an impossible custom size', { machineType: 'n2-custom-3-8192' }, 'machineType'],
    ['a disk that the series cannot have', { machineType: 'n4-standard-2', diskType: 'pd-balanced' }, 'diskType'],
    ['a disk that does not boot', { machineType: 'c3-standard-4', diskType: 'hyperdisk-throughput' }, 'diskType'],
    ['Local SSD to boot from', { machineType: 'n2-standard-2', diskType: 'local-ssd' }, 'diskType'],
    ['a disk type that does not exist', { machineType: 'e2-medium', diskType: 'pd-golden' }, 'diskType'],
    ['an image of another architecture', { machineType: 't2a-standard-1', image: UBUNTU }, 'image'],
    ['an image that is gone', { machineType: 'e2-medium', image: UBUNTU.replace('2204', '1604') }, 'image'],
    ['a family that never was', { machineType: 'e2-medium', image: UBUNTU.replace('2204', '2404') }, 'image'],
    [
      'a disk that the image does not fit into',
      { machineType: 'e2-medium', image: UBUNTU, diskSizeGb: 5 },
      'diskSizeGb',
    ],
    ['Local SSD on an E2', { machineType: 'e2-medium', localSsds: 1 }, 'localSsds'],
    [
      'a GPU on an N2',
      { machineType: 'n2-standard-2', accelerator: { type: 'nvidia-tesla-t4', count: 1 } },
      'accelerator',
    ],
    [
      'a GPU that the zone does not have',
      { machineType: 'n1-standard-4', zone: 'europe-west6-b', accelerator: { type: 'nvidia-tesla-t4', count: 1 } },
      'accelerator',
    ],
  ])('%s', (_what, order, about) => {
    expect(problemsOfOrder(order)).toEqual([{ about, message: expect.stringMatching(/\.|\)/) as unknown }]);
  });

  test('says everything that is wrong at once', () => {
    const order = { machineType: 't2a-standard-1', diskType: 'hyperdisk-balanced', image: UBUNTU, diskSizeGb: 5 };

    expect(problemsOfOrder(order).map(({ about }) => about)).toEqual(['diskSizeGb', 'image', 'diskType']);
  });
});

describe('an order that works', () => {
  test.each<[MachineOrder]>([
    [
      {
        machineType: 'e2-custom-micro-2048',
        zone: 'us-east1-b',
        diskType: 'pd-standard',
        image: UBUNTU,
        diskSizeGb: 10,
      },
    ],
    [{ machineType: 'n4-standard-2', zone: 'asia-southeast3-a', diskType: 'hyperdisk-balanced' }],
    [{ machineType: 'n1-standard-4', zone: ZONE, accelerator: { type: 'nvidia-tesla-t4', count: 1 }, localSsds: 1 }],
    [{ machineType: 'e2-medium', image: 'projects/somebodys-project/global/images/family/golden', diskSizeGb: 1 }],
  ])('%o', (order) => {
    expect(problemsOfOrder(order)).toEqual([]);
  });

  test('says how it has to be asked for', () => {
    expect(needsOfOrder({ machineType: 'g2-standard-4', image: UBUNTU })).toEqual({
      terminateOnMaintenance: true,
      localSsd: false,
      diskGbMin: 10,
    });
    expect(needsOfOrder({ machineType: 'c3-standard-8-lssd' })).toMatchObject({
      terminateOnMaintenance: false,
      localSsd: true,
    });
    expect(needsOfOrder({ machineType: 'cx31' })).toBeUndefined();
  });

  test('every machine of the local catalogue is one', () => {
    const zones = Object.values(catalog.configs).map(({ zone }) => zone);
    const types = [...Object.values(catalog.templates), ...Object.values(catalog.serverTypes)];
    const images = Object.values(catalog.images).map(({ image }) => image);

    for (const zone of zones) {
      for (const { machineType, diskType, diskSizeGb } of types) {
        for (const image of images) {
          expect(problemsOfOrder({ machineType, zone, diskType, diskSizeGb, image })).toEqual([]);
        }
      }
    }
  });
});
