import { describe, expect, test } from 'vitest';
import { CLOUD_REASONS, CloudError, reasonOf } from '#shared/gce/cloud-error.ts';
import { cloudFailure, cloudReason, type RefusedVerb } from '#shared/lifecycle/cloud-failure.ts';

// Error codes were interpreted by their HTTP status alone: a rate limit was reported as a missing permission; an
// exhausted subnetwork and every unknown code as an impossible machine, even to a caller who had only requested a stop.

const MACHINE = { zone: 'us-central1-a', machineType: 'n1-standard-2' };
const VERBS: readonly RefusedVerb[] = ['insert', 'start', 'stop', 'reset', 'delete', 'get'];

test('a resource that is operated on too often is a matter of waiting, not of permissions', () => {
  const reason = reasonOf('RESOURCE_OPERATION_RATE_EXCEEDED', 403);

  expect(cloudReason(reason, 'stop')).toMatchObject({ reason: 'cloud_rate_limited' });
  expect(new CloudError(reason, '').transient).toBe(true);
});

test.each(['IP_SPACE_EXHAUSTED', 'IP_SPACE_EXHAUSTED_WITH_DETAILS'])('%s says that addresses are used up', (code) => {
  const { reason, message } = cloudReason(reasonOf(code, 403), 'insert');

  expect(reason).toBe('cloud_ip_space_exhausted');
  expect(message).toContain('no free address');
});

test('PREEMPTED says that the machine was taken back', () => {
  expect(cloudReason(reasonOf('PREEMPTED', 400), 'start')).toMatchObject({ reason: 'vm_preempted' });
});

test.each([400, 403])('a code that nobody knows, with status %i, is told as unknown and tried again', (status) => {
  const reason = reasonOf('A_CODE_OF_TOMORROW', status);

  expect(cloudReason(reason, 'insert')).toMatchObject({ reason: 'cloud_unknown_error' });
  expect(new CloudError(reason, '').transient).toBe(true);
});

describe('what a machine is made of', () => {
  test.each(VERBS.flatMap((verb) => CLOUD_REASONS.map((reason) => [reason, verb] as const)))(
    'is blamed only where it can be: %s of %s',
    (reason, verb) => {
      const { message } = cloudFailure(new CloudError(reason, 'its own text'), MACHINE, verb);

      expect(message).not.toContain('its own text');
      if (verb !== 'insert' && verb !== 'start') expect(message).not.toMatch(/combination|image|machine type is/);
    },
  );
});
