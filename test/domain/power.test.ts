import { describe, expect, test } from 'vitest';
import { Failure } from '#shared/domain/failure.ts';
import { type Instance, OPERATION_KINDS, type OperationKind } from '#shared/domain/instance.ts';
import {
  joinable,
  POWER_KINDS,
  type PowerKind,
  projectedStatus,
  requireLocalSsdKept,
  requirePossible,
  requireRoom,
} from '#shared/domain/power.ts';
import { INSTANCE_STATUSES, type InstanceStatus, isTransitional } from '#shared/domain/status.ts';
import { anInstance } from '#test/support/an-instance.ts';

/**
 * For each status: the status to which it changes by itself, and the verbs that self-service and administrators may
 * request in it.
 */
const STATES: Readonly<
  Record<InstanceStatus, { readonly settles: InstanceStatus; readonly self: string; readonly admin: string }>
> = {
  PENDING: { settles: 'RUNNING', self: 'start stop reset restart', admin: 'stop reset restart' },
  PROVISIONING: { settles: 'RUNNING', self: 'start stop reset restart', admin: 'stop reset restart' },
  STAGING: { settles: 'RUNNING', self: 'start stop reset restart', admin: 'stop reset restart' },
  RUNNING: { settles: 'RUNNING', self: 'start stop reset restart', admin: 'stop reset restart' },
  REPAIRING: { settles: 'RUNNING', self: 'start stop reset restart', admin: 'stop reset restart' },
  PENDING_STOP: { settles: 'TERMINATED', self: 'start stop', admin: 'start' },
  STOPPING: { settles: 'TERMINATED', self: 'start stop', admin: 'start' },
  STOPPED: { settles: 'TERMINATED', self: 'start stop', admin: 'start' },
  TERMINATED: { settles: 'TERMINATED', self: 'start stop', admin: 'start' },
  SUSPENDING: { settles: 'SUSPENDED', self: 'start stop', admin: 'start' },
  SUSPENDED: { settles: 'SUSPENDED', self: 'start stop', admin: 'start' },
  DEPROVISIONING: { settles: 'DELETING', self: '', admin: '' },
  DELETING: { settles: 'DELETING', self: '', admin: '' },
  ERROR: { settles: 'ERROR', self: '', admin: '' },
};

const CASES = INSTANCE_STATUSES.flatMap((status) =>
  POWER_KINDS.flatMap((verb) =>
    (['lenient', 'strict'] as const).map((strictness) => {
      const words = strictness === 'strict' ? STATES[status].admin : STATES[status].self;
      const accepted = words.split(' ').includes(verb);
      return { status, verb, strictness, accepted, outcome: accepted ? 'is accepted' : 'is a conflict' };
    }),
  ),
);

function instanceIn(status: InstanceStatus, ...queue: OperationKind[]) {
  const { machine, deletionProtection, bid, reservation } = anInstance();
  const rest = { machine, deletionProtection, bid, reservation };
  return { ...rest, id: 'tw-1', status, queue: queue.map((kind, index) => ({ id: `op-${index}`, kind })) };
}

function refusal(verb: PowerKind, instance: ReturnType<typeof instanceIn>, strictness: 'lenient' | 'strict') {
  try {
    requirePossible({ kind: verb, strictness }, instance);
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}

test.each(CASES)('$strictness: $verb of a $status instance $outcome', ({ status, verb, strictness, accepted }) => {
  const refused = refusal(verb, instanceIn(status), strictness);

  if (accepted) {
    expect(refused).toBeUndefined();
  } else {
    expect(refused).toBeInstanceOf(Failure);
    expect(refused).toMatchObject({ kind: 'conflict', reason: 'wrong_state' });
    expect(String(refused)).toContain(`Instance tw-1 is ${status}`);
  }
});

test.each(INSTANCE_STATUSES)('%s with nothing queued is judged by where it ends by itself', (status) => {
  expect(projectedStatus(instanceIn(status))).toBe(STATES[status].settles);
});

describe('what counts is the state after the operations already accepted', () => {
  const outcomes: Readonly<Record<OperationKind, InstanceStatus>> = {
    create: 'RUNNING',
    start: 'RUNNING',
    stop: 'TERMINATED',
    reset: 'RUNNING',
    restart: 'RUNNING',
    // An edit leaves the VM in the status to which the start before it leads.
    update: 'RUNNING',
    resize: 'RUNNING',
    delete: 'DELETING',
  };

  test.each(OPERATION_KINDS)('after an accepted %s', (kind) => {
    expect(projectedStatus(instanceIn('RUNNING', 'start', kind))).toBe(outcomes[kind]);
  });

  test('a running instance that is to stop cannot be reset, and the refusal names both states', () => {
    const refused = refusal('reset', instanceIn('RUNNING', 'stop'), 'lenient');

    expect(String(refused)).toContain('is RUNNING and will be TERMINATED after the operations already accepted');
  });

  test('a stopped instance that is to start can be reset', () => {
    expect(refusal('reset', instanceIn('TERMINATED', 'start'), 'strict')).toBeUndefined();
  });

  test('an instance that is being deleted accepts no further operation, whatever is still in its queue', () => {
    for (const verb of POWER_KINDS) {
      expect(refusal(verb, instanceIn('DELETING', 'delete', 'start'), 'lenient')).toMatchObject({
        kind: 'conflict',
      });
    }
  });
});

test('a refusal says what the caller can do', () => {
  expect(String(refusal('reset', instanceIn('TERMINATED'), 'lenient'))).toContain('Start it first.');
  expect(String(refusal('start', instanceIn('RUNNING'), 'strict'))).toContain('Nothing needs to be done.');
  expect(String(refusal('start', instanceIn('ERROR'), 'strict'))).toContain('Delete it and create a new one.');
});

test('only the last accepted operation can be joined, because another one after it matters', () => {
  expect(joinable(instanceIn('RUNNING', 'start', 'stop'), 'stop')).toEqual({ id: 'op-1', kind: 'stop' });
  expect(joinable(instanceIn('RUNNING', 'start', 'stop'), 'start')).toBeUndefined();
  expect(joinable(instanceIn('RUNNING'), 'start')).toBeUndefined();
});

test('every status that does not stay is looked at again, and no other', () => {
  const passing = INSTANCE_STATUSES.filter(isTransitional);

  expect(passing.sort()).toEqual(
    [
      'PENDING',
      'PROVISIONING',
      'STAGING',
      'PENDING_STOP',
      'STOPPING',
      'SUSPENDING',
      'REPAIRING',
      'DEPROVISIONING',
      'DELETING',
    ].sort(),
  );
});

test('sixteen operations may wait on one instance; the next one is told to come back', () => {
  const queued = (length: number) => ({
    id: 'tw-1',
    queue: Array.from({ length }, (_, i) => ({ id: `op-${i}`, kind: 'stop' as const })),
  });

  expect(() => requireRoom(queued(15))).not.toThrow();
  expect(() => requireRoom(queued(16))).toThrow(
    expect.objectContaining({ kind: 'conflict', reason: 'too_many_operations', retryAfterSeconds: 10 }),
  );
});

describe('Local SSD', () => {
  const withSsd = (more: Partial<Instance['machine']> = {}, overrides: Partial<Instance> = {}) =>
    anInstance({ machine: { ...anInstance().machine, localSsds: 1, ...more }, ...overrides });

  test.each(['stop', 'restart'] as const)('a %s that would lose its data is a conflict that says so', (verb) => {
    expect(() => {
      requireLocalSsdKept(verb, withSsd());
    }).toThrow(
      expect.objectContaining({
        kind: 'conflict',
        reason: 'local_ssd_would_be_lost',
        message:
          `Instance tw-550e84-a1b2c3d4 has Local SSD, whose data a ${verb} would lose, and what it was made from does not ` +
          `allow that: it cannot ${verb}. Reset or delete it, or ask the platform’s operators to allow it (discardLocalSsd).`,
      }),
    );
  });

  test('that a machine type brings counts as well', () => {
    const machine = withSsd({ localSsds: 0, machineType: 'c3-standard-8-lssd' });

    expect(() => {
      requireLocalSsdKept('stop', machine);
    }).toThrow('has Local SSD');
  });

  test.each<readonly [string, PowerKind, Instance]>([
    ['a stop of a machine without it', 'stop', anInstance()],
    ['a stop that may lose it', 'stop', withSsd({ discardLocalSsd: true })],
    ['a reset, which keeps it', 'reset', withSsd()],
    ['a start', 'start', withSsd({}, { status: 'TERMINATED' })],
    ['a stop of what is stopped', 'stop', withSsd({}, { status: 'TERMINATED' })],
  ])('is no obstacle to %s', (_, verb, instance) => {
    expect(() => {
      requireLocalSsdKept(verb, instance);
    }).not.toThrow();
  });
});
