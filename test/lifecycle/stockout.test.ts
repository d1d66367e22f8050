import { expect, test } from 'vitest';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { cloudFailure, cloudReason } from '#shared/lifecycle/cloud-failure.ts';

const MACHINE = { zone: 'us-central1-a', machineType: 'n1-standard-2' };

test('a stockout names the zone, the machine type and the other zones of the region', () => {
  const { kind, message } = cloudFailure(new CloudError('zone_exhausted', 'its own text'), MACHINE, 'insert');

  expect(kind).toBe('zone_exhausted');
  expect(message).toBe(
    'Zone us-central1-a has no capacity for n1-standard-2 now. Try us-central1-b or us-central1-c or us-central1-f, or come back later.',
  );
});

test('where Compute Engine says which zones have room, those are named and no others', () => {
  const { message } = cloudReason('zone_exhausted', 'insert', { ...MACHINE, zonesAvailable: ['us-east1-b'] });

  expect(message).toContain('There is room in us-east1-b.');
  expect(message).not.toContain('us-central1-c');
});

test('a machine that cannot start is told that a new one can be elsewhere', () => {
  const { reason, message } = cloudReason('zone_exhausted', 'start', MACHINE);

  expect(reason).toBe('zone_exhausted');
  expect(message).toMatch(/can start once there is room; a new one can be elsewhere\. Try us-central1-b/);
});
