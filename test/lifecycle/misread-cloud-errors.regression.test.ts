import { describe, expect, test } from 'vitest';
import { CLOUD_REASONS, CloudError, type CloudReason, reasonOf } from '#shared/gce/cloud-error.ts';
import { cloudFailure, cloudReason, type RefusedVerb } from '#shared/lifecycle/cloud-failure.ts';
import { oneWorker } from '#test/support/one-worker.ts';

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

/* The text of a refused insert was told for every verb, and the other way round. */
test.each<[CloudReason, RefusedVerb, RegExp]>([
  ['not_found', 'insert', /image, network or machine type is not available in this zone/],
  ['not_found', 'stop', /has no such virtual machine/],
  ['ip_space_exhausted', 'insert', /choose another network/],
  ['ip_space_exhausted', 'start', /operators have to enlarge it/],
  ['invalid_argument', 'insert', /combination of machine type, image, disk and network is not possible/],
  ['invalid_argument', 'start', /cannot start/],
  ['invalid_argument', 'setMachineType', /do not go with that machine type/],
  ['invalid_argument', 'stop', /does not take this stop/],
  ['invalid_argument', 'reset', /does not take this reset/],
])('the text about %s is about the %s that was refused', (reason, verb, expected) => {
  expect(cloudReason(reason, verb).message).toMatch(expected);
  expect(cloudFailure(new CloudError(reason, 'its own text'), MACHINE, verb).message).toMatch(expected);
});

test.each(['stop', 'reset'] as const)('an operation whose %s was refused ends with a text about that', async (kind) => {
  const request = () => {
    throw new CloudError('invalid_argument', 'its own text');
  };
  const { deliver, operation } = await oneWorker(kind, { status: () => 'RUNNING', request });

  await deliver();

  const { state, error } = (await operation()) ?? {};
  expect([state, error?.reason]).toEqual(['failed', 'cloud_invalid_argument']);
  expect(error?.message).toContain(`does not take this ${kind}`);
});

test('a stockout of a start says that the instance stays, and one of an insert does not', () => {
  expect(cloudReason('zone_exhausted', 'start', MACHINE).message).toContain(
    'This instance can start once there is room',
  );
  expect(cloudReason('zone_exhausted', 'insert', MACHINE).message).not.toContain('This instance');
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
