import { describe, expect, test } from 'vitest';
import { failInstance, type Observation, observe, observeMissing } from '#shared/domain/observe.ts';
import { INSTANCE_STATUSES, isTransitional, statusFromCloud } from '#shared/domain/status.ts';
import { anInstance } from '#test/support/an-instance.ts';

const NOW_MS = 1_800_000_000_000;
const CONTEXT = {
  nowMs: NOW_MS,
  atMs: NOW_MS - 5_000,
  cause: 'drift',
  actor: { type: 'system', id: 'reconciler-sweep' },
  operationId: null,
} as const;

const SEEN: Observation = { status: 'RUNNING', externalIp: '34.1.2.3', internalIp: '10.0.0.2', cloudId: '42' };
const KNOWN = anInstance({ externalIp: '34.1.2.3', internalIp: '10.0.0.2', cloudId: '42', eventCount: 4 });

test('a record that already says what was seen is not written', () => {
  expect(observe(KNOWN, SEEN, CONTEXT)).toBeUndefined();
});

test('a changed status is adopted, with the next event of the history', () => {
  const observed = observe(KNOWN, { ...SEEN, status: 'TERMINATED', externalIp: '' }, CONTEXT);

  expect(observed?.instance).toMatchObject({
    status: 'TERMINATED',
    externalIp: '',
    eventCount: 5,
    statusSyncedAtMs: NOW_MS,
  });
  expect(observed?.event).toMatchObject({
    instanceId: KNOWN.id,
    sequence: 5,
    status: 'TERMINATED',
    atMs: NOW_MS - 5_000,
    cause: 'drift',
    actor: { type: 'system', id: 'reconciler-sweep' },
    visibleBy: KNOWN.visibleBy,
    reason: null,
  });
});

test.each(['externalIp', 'internalIp', 'cloudId'] as const)('a new %s alone is adopted without an event', (member) => {
  const observed = observe({ ...KNOWN, [member]: '' }, { ...SEEN, [member]: 'new' }, CONTEXT);

  expect(observed?.instance[member]).toBe('new');
  expect(observed?.instance.eventCount).toBe(4);
  expect(observed?.event).toBeUndefined();
});

test('an unknown status of Compute Engine leaves the status as it was', () => {
  expect(observe(KNOWN, { ...SEEN, status: 'HIBERNATING' }, CONTEXT)).toBeUndefined();
  expect(observe(KNOWN, { ...SEEN, status: 'HIBERNATING', externalIp: '' }, CONTEXT)?.instance.status).toBe('RUNNING');
});

test('Compute Engine cannot set a status that only this service has', () => {
  expect(statusFromCloud('ERROR')).toBeUndefined();
  expect(statusFromCloud('DELETING')).toBeUndefined();
  expect(statusFromCloud('running')).toBeUndefined();
});

test.each(INSTANCE_STATUSES.filter((status) => status !== 'ERROR' && status !== 'DELETING'))(
  'a machine seen %s is looked at again exactly when that status passes',
  (status) => {
    const observed = observe(anInstance({ status: 'ERROR' }), { ...SEEN, status }, CONTEXT);

    expect(observed?.instance.status).toBe(status);
    expect(observed?.instance.checkAtMs).toBe(isTransitional(status) ? NOW_MS + 30_000 : null);
  },
);

test('a check that is no longer due is taken off', () => {
  const observed = observe({ ...KNOWN, checkAtMs: NOW_MS }, SEEN, CONTEXT);

  expect(observed?.instance.checkAtMs).toBeNull();
  expect(observed?.event).toBeUndefined();
});

test('an instance that works again has no reason for an error any more', () => {
  const failed = anInstance({ status: 'ERROR', statusReason: { reason: 'vm_missing', message: 'Gone.' } });

  expect(observe(failed, SEEN, CONTEXT)?.instance.statusReason).toBeNull();
});

describe('pre-emption', () => {
  const taken = { ...KNOWN, preempted: true, status: 'TERMINATED' as const };

  test('is noted when the cloud says so', () => {
    const observed = observe(KNOWN, { ...SEEN, status: 'STOPPING' }, { ...CONTEXT, preempted: true });

    expect(observed?.instance.preempted).toBe(true);
  });

  test('lasts while the machine stops and is stopped', () => {
    const stopping = { ...taken, status: 'STOPPING' as const };

    expect(observe(stopping, { ...SEEN, status: 'TERMINATED' }, CONTEXT)?.instance.preempted).toBe(true);
  });

  test.each(['PROVISIONING', 'STAGING', 'RUNNING'])('ends when the VM was started from outside: %s', (status) => {
    expect(observe(taken, { ...SEEN, status }, CONTEXT)?.instance.preempted).toBe(false);
  });
});

describe('a machine that is not there although it should be', () => {
  test('makes its instance an error that says what to do', () => {
    const observed = observeMissing({ ...KNOWN, checkAtMs: 1 }, CONTEXT);

    expect(observed?.instance).toMatchObject({
      status: 'ERROR',
      statusReason: { reason: 'vm_missing', message: expect.stringContaining('Delete this instance') as string },
      externalIp: '',
      internalIp: '',
      checkAtMs: null,
      eventCount: 5,
    });
    expect(observed?.event).toMatchObject({ status: 'ERROR', sequence: 5, reason: 'vm_missing' });
  });

  test('is recorded once', () => {
    const first = observeMissing(KNOWN, CONTEXT);

    expect(first && observeMissing(first.instance, CONTEXT)).toBeUndefined();
  });

  test('an error that still had to be looked at is settled without another event', () => {
    const observed = observeMissing(anInstance({ status: 'ERROR', checkAtMs: NOW_MS, eventCount: 2 }), CONTEXT);

    expect(observed?.instance).toMatchObject({ checkAtMs: null, eventCount: 2 });
    expect(observed?.event).toBeUndefined();
  });
});

test('the reason of a failure is on the instance and on the event', () => {
  const { instance, event } = failInstance(KNOWN, { ...CONTEXT, reason: 'zone_exhausted', message: 'No capacity.' });

  expect(instance.statusReason).toEqual({ reason: 'zone_exhausted', message: 'No capacity.' });
  expect(event?.reason).toBe('zone_exhausted');
});
