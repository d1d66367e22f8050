import { describe, expect, test } from 'vitest';
import type { MachineSpec } from '#shared/domain/instance.ts';
import { toInstance } from '#shared/gce/instance-order.ts';
import { anInstance } from '#test/support/an-instance.ts';

const order = (more: Partial<MachineSpec>) =>
  toInstance({ zone: 'us-central1-a', name: 'tw-1' }, { ...anInstance().machine, ...more }, 'production');

describe('the body of an insert', () => {
  test('says nothing of scheduling, GPUs and Local SSD for a machine that needs nothing special', () => {
    const body = order({});

    expect(body.scheduling).toBeUndefined();
    expect(body.guestAccelerators).toBeUndefined();
    expect(body.disks).toHaveLength(1);
  });

  test.each(['a2-highgpu-1g', 'g2-standard-4', 'h3-standard-88', 'c3-standard-192-metal'])(
    'tells a %s to end on host maintenance and to come back by itself',
    (machineType) => {
      const body = order({ machineType });

      expect(body.scheduling).toEqual({ onHostMaintenance: 'TERMINATE', automaticRestart: true });
      expect(body.guestAccelerators).toBeUndefined();
    },
  );

  test('adds GPUs to an N1, which must end on host maintenance then', () => {
    const body = order({ machineType: 'custom-4-8192', accelerator: { type: 'nvidia-tesla-t4', count: 2 } });

    expect(body.guestAccelerators).toEqual([
      { acceleratorType: 'zones/us-central1-a/acceleratorTypes/nvidia-tesla-t4', acceleratorCount: 2 },
    ]);
    expect(body.scheduling).toEqual({ onHostMaintenance: 'TERMINATE', automaticRestart: true });
  });

  test('does not ask for the GPUs that a machine type brings', () => {
    expect(
      order({ machineType: 'g2-standard-4', accelerator: { type: 'nvidia-l4', count: 1 } }).guestAccelerators,
    ).toBeUndefined();
  });

  test('adds each Local SSD as a disk that ends with the VM', () => {
    expect(order({ machineType: 'n2-standard-4', localSsds: 2 }).disks?.slice(1)).toEqual(
      Array.from({ length: 2 }, () => ({
        type: 'SCRATCH',
        autoDelete: true,
        interface: 'NVME',
        initializeParams: { diskType: 'zones/us-central1-a/diskTypes/local-ssd' },
      })),
    );
  });

  test('a spot machine never restarts by itself, with GPUs or without', () => {
    const spot = { provisioningModel: 'SPOT', automaticRestart: false, onHostMaintenance: 'TERMINATE' };

    expect(order({ spot: true }).scheduling).toMatchObject(spot);
    expect(order({ spot: true, machineType: 'a2-highgpu-1g' }).scheduling).toMatchObject(spot);
  });

  test('keeps OS Login off and the keys of the project out, whatever the metadata says', () => {
    const metadata = { 'ssh-keys': 'ubuntu:ssh-ed25519 AAAA', 'enable-oslogin': 'TRUE' };

    expect(order({ metadata }).metadata?.items).toEqual([
      { key: 'ssh-keys', value: 'ubuntu:ssh-ed25519 AAAA' },
      { key: 'enable-oslogin', value: 'FALSE' },
      { key: 'block-project-ssh-keys', value: 'TRUE' },
    ]);
  });
});
