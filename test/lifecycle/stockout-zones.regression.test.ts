import { describe, expect, test } from 'vitest';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { Compute } from '#shared/gce/compute.ts';
import { stockoutOf } from '#shared/gce/stockout.ts';
import { cloudFailure, cloudReason } from '#shared/lifecycle/cloud-failure.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { BOOT_SECONDS, computeCloud, PROJECT, ZONE } from '#test/support/compute-cloud.ts';

/*
 * Compute Engine names the zones with capacity when one has none. The operation's error advised another zone without
 * naming these.
 */

const STOCKOUT = {
  zone: 'us-central1-a',
  machineType: 'e2-medium',
  zonesAvailable: ['us-central1-b', 'us-central1-f'],
};

describe('a stockout names the zone, the machine type and the zones that have room', () => {
  test('in the error of an operation', () => {
    const { reason, message } = cloudReason('zone_exhausted', 'start', STOCKOUT);

    expect(reason).toBe('zone_exhausted');
    expect(message).toContain('us-central1-a has no capacity for e2-medium');
    expect(message).toContain('us-central1-b, us-central1-f');
  });

  test('in the answer to a create', () => {
    const error = new CloudError('zone_exhausted', 'its own text', { stockout: STOCKOUT });

    const { message } = cloudFailure(error, { zone: 'us-central1-a', machineType: 'n1-standard-2' }, 'insert');

    expect(message).toContain('us-central1-a has no capacity for e2-medium');
    expect(message).toContain('us-central1-b, us-central1-f');
  });

  test('and no zone is proposed when none has room', () => {
    const { message } = cloudReason('zone_exhausted', 'start', { ...STOCKOUT, zonesAvailable: [] });

    expect(message).not.toContain('There is room');
  });
});

test('the zones are read from the details of the zone operation, through the client', async () => {
  const cloud = await computeCloud();
  const code = 'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS';
  cloud.faults.add([{ service: 'compute', method: 'instances.insert', kind: 'operationError', count: 1, code }]);
  const compute = new Compute({ project: PROJECT, deployment: 'local', emulatorHost: cloud.emulator.address });

  const { name } = await compute.insert({ zone: ZONE, name: 'web' }, anInstance().machine, crypto.randomUUID());
  cloud.clock.advance(BOOT_SECONDS);

  expect(await compute.operation(ZONE, name)).toMatchObject({
    error: {
      reason: 'zone_exhausted',
      stockout: { zone: ZONE, machineType: 'n1-standard-2', zonesAvailable: ['us-central1-b'] },
    },
  });
  await compute.close();
});

test('zones are found whatever separates them', () => {
  const of = (zonesAvailable: string) =>
    stockoutOf([
      {
        errorInfo: {
          reason: 'resource_availability',
          metadatas: { zone: 'us-central1-a', vmType: 'e2', zonesAvailable },
        },
      },
    ])?.zonesAvailable;

  expect(of('us-central1-b,us-central1-ai1a')).toEqual(['us-central1-b', 'us-central1-ai1a']);
  expect(of('europe-west1-b, northamerica-northeast1-c')).toEqual(['europe-west1-b', 'northamerica-northeast1-c']);
  expect(of('')).toEqual([]);
  expect(stockoutOf([{ errorInfo: { reason: 'another', metadatas: { zone: 'us-central1-a' } } }])).toBeUndefined();
});
