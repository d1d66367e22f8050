import { describe, expect, test } from 'vitest';
import { idOf, instanceFid, instanceTypeFid, userFid } from '#shared/domain/fids.ts';
import { endedAtMs, FLEET_STATUSES, fleetStatus, pastFleetStatus } from '#shared/domain/fleet-status.ts';
import { EVENT_STATUSES, INSTANCE_STATUSES } from '#shared/domain/status.ts';
import { anInstance } from '#test/support/an-instance.ts';

const CREATE = [{ id: 'op-1', kind: 'create' as const }];
const START = [{ id: 'op-2', kind: 'start' as const }];

test.each([
  ['PENDING', 'STATUS_INITIALIZING'],
  ['PROVISIONING', 'STATUS_INITIALIZING'],
  ['STAGING', 'STATUS_STARTING'],
  ['RUNNING', 'STATUS_RUNNING'],
  ['REPAIRING', 'STATUS_RUNNING'],
  ['STOPPING', 'STATUS_STOPPING'],
  ['PENDING_STOP', 'STATUS_STOPPING'],
  ['SUSPENDING', 'STATUS_STOPPING'],
  ['TERMINATED', 'STATUS_PAUSED'],
  ['STOPPED', 'STATUS_PAUSED'],
  ['SUSPENDED', 'STATUS_PAUSED'],
  ['DELETING', 'STATUS_TERMINATED'],
  ['DEPROVISIONING', 'STATUS_TERMINATED'],
  ['ERROR', 'STATUS_ERROR'],
] as const)('%s is %s', (status, word) => {
  expect(fleetStatus(anInstance({ status, cloudId: '42' }))).toBe(word);
});

describe('what the status alone does not say', () => {
  test('a record without a VM is NEW, until there is one', () => {
    const made = anInstance({ status: 'PROVISIONING', cloudId: '', queue: CREATE });

    expect(fleetStatus(made)).toBe('STATUS_NEW');
    expect(fleetStatus({ ...made, cloudId: '42' })).toBe('STATUS_INITIALIZING');
    expect(fleetStatus({ ...made, status: 'ERROR' })).toBe('STATUS_ERROR');
  });

  test('one that rests and was asked to start is CONFIRMED, until it moves', () => {
    const resting = anInstance({ status: 'TERMINATED', cloudId: '42', queue: START });

    expect(fleetStatus(resting)).toBe('STATUS_CONFIRMED');
    expect(fleetStatus({ ...resting, preempted: true })).toBe('STATUS_CONFIRMED');
    expect(fleetStatus({ ...resting, status: 'PROVISIONING' })).toBe('STATUS_INITIALIZING');
  });

  test('one that the cloud took away is PREEMPTED when it rests, and not before', () => {
    const taken = anInstance({ status: 'STOPPING', cloudId: '42', preempted: true });

    expect(fleetStatus(taken)).toBe('STATUS_STOPPING');
    expect(fleetStatus({ ...taken, status: 'TERMINATED' })).toBe('STATUS_PREEMPTED');
  });
});

test('only what does not come back by itself has an end', () => {
  const ended = INSTANCE_STATUSES.filter(
    (status) => endedAtMs(anInstance({ status, cloudId: '42', statusSinceMs: 7 })) === 7,
  );

  expect(ended).toEqual(['DEPROVISIONING', 'DELETING', 'ERROR']);
  expect(endedAtMs(anInstance({ status: 'TERMINATED', preempted: true, statusSinceMs: 7 }))).toBe(7);
});

test('every word of every history is in the closed list; what is being deleted stops first', () => {
  for (const status of EVENT_STATUSES) expect(FLEET_STATUSES).toContain(pastFleetStatus({ status, reason: null }));
  expect(pastFleetStatus({ status: 'DELETING', reason: null })).toBe('STATUS_STOPPING');
  expect(pastFleetStatus({ status: 'DELETED', reason: null })).toBe('STATUS_TERMINATED');
  expect(pastFleetStatus({ status: 'TERMINATED', reason: 'preempted' })).toBe('STATUS_PREEMPTED');
});

test('a fid is the one id with a prefix, both ways', () => {
  expect(idOf('instance', instanceFid('tw-550e84-a1b2c3d4'))).toBe('tw-550e84-a1b2c3d4');
  expect(idOf('instanceType', instanceTypeFid('n1-standard-2'))).toBe('n1-standard-2');
  expect(idOf('user', userFid('u'))).toBe('u');
  for (const text of ['', 'inst_', 'tw-1', 'it_tw-1', `inst_${'a'.repeat(129)}`]) {
    expect(idOf('instance', text)).toBeUndefined();
  }
});
