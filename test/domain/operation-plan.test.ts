import { describe, expect, test } from 'vitest';
import type { OperationKind } from '#shared/domain/instance.ts';
import { nextStep, type Step } from '#shared/domain/operation-plan.ts';
import type { CloudCall } from '#shared/domain/operation.ts';
import { INSTANCE_STATUSES, type InstanceStatus } from '#shared/domain/status.ts';

const NOW_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;

function called(verb: CloudCall['verb'], overrides: Partial<CloudCall> = {}): CloudCall {
  return {
    verb,
    requestId: 'uuid',
    askedAtMs: NOW_MS - MINUTE_MS,
    zoneOperation: null,
    done: false,
    mayBeApplied: false,
    ...overrides,
  };
}

function step(kind: OperationKind, call: CloudCall | null, status: string | undefined): Step {
  return nextStep({ kind, call }, status === undefined ? undefined : { status }, NOW_MS);
}

/** Returns a step as text: `start` for a new call, `start again` for a repetition of the same call. */
function word(taken: Step): string {
  if (taken.do === 'call') return taken.fresh ? taken.verb : `${taken.verb} again`;
  if (taken.do === 'fail') return taken.reason;
  return taken.do;
}

type Column = Exclude<InstanceStatus, 'DELETING' | 'ERROR'> | 'ABSENT';
const NOT_YET_CALLED: Readonly<Record<Column, readonly [start: string, stop: string, reset: string, restart: string]>> =
  {
    PENDING: ['wait', 'stop', 'wrong_state', 'wait'],
    PROVISIONING: ['wait', 'stop', 'wait', 'wait'],
    STAGING: ['wait', 'stop', 'wait', 'wait'],
    RUNNING: ['complete', 'stop', 'reset', 'stop'],
    REPAIRING: ['wait', 'stop', 'wait', 'wait'],
    PENDING_STOP: ['wait', 'wait', 'wrong_state', 'wait'],
    STOPPING: ['wait', 'wait', 'wrong_state', 'wait'],
    STOPPED: ['start', 'complete', 'wrong_state', 'start'],
    TERMINATED: ['start', 'complete', 'wrong_state', 'start'],
    SUSPENDING: ['wait', 'wait', 'wrong_state', 'wait'],
    SUSPENDED: ['resume', 'complete', 'wrong_state', 'resume'],
    DEPROVISIONING: ['wait', 'wait', 'wrong_state', 'wait'],
    ABSENT: ['vm_missing', 'vm_missing', 'vm_missing', 'vm_missing'],
  };

describe.each(Object.entries(NOT_YET_CALLED))('before anything was asked of a %s machine', (status, expected) => {
  test.each(['start', 'stop', 'reset', 'restart'] as const)('%s looks at the machine first', (kind) => {
    const index = ['start', 'stop', 'reset', 'restart'].indexOf(kind);

    expect(word(step(kind, null, status === 'ABSENT' ? undefined : status))).toBe(expected[index]);
  });
});

test.each(['create', 'start', 'stop', 'reset', 'restart'] as const)(
  '%s waits while the machine shows a word nobody knows',
  (kind) => {
    expect(step(kind, null, 'HIBERNATING')).toEqual({ do: 'wait' });
  },
);

test.each(['create', 'start', 'stop', 'reset', 'restart', 'delete'] as const)(
  '%s follows a zone operation that has not ended, whatever the machine shows',
  (kind) => {
    const call = called('start', { zoneOperation: 'operation-1' });

    for (const status of [undefined, ...INSTANCE_STATUSES]) {
      expect(step(kind, call, status)).toEqual({ do: 'follow', zoneOperation: 'operation-1' });
    }
  },
);

describe('an answer that was lost', () => {
  test.each([
    ['start', 'start', 'TERMINATED'],
    ['start', 'start', 'RUNNING'],
    ['start', 'resume', 'SUSPENDED'],
    ['stop', 'stop', 'RUNNING'],
    ['stop', 'stop', 'TERMINATED'],
    ['reset', 'reset', 'RUNNING'],
    ['restart', 'stop', 'TERMINATED'],
    ['restart', 'start', 'RUNNING'],
    ['delete', 'delete', 'RUNNING'],
  ] as const)('%s: the same %s is asked again of a %s machine', (kind, verb, status) => {
    expect(step(kind, called(verb), status)).toEqual({ do: 'call', verb, fresh: false });
  });

  test('create: the same insert is asked again while the machine is not there', () => {
    expect(step('create', called('insert'), undefined)).toEqual({ do: 'call', verb: 'insert', fresh: false });
  });

  test('create: a machine that is there was made by it', () => {
    expect(step('create', called('insert'), 'STAGING')).toEqual({ do: 'wait' });
    expect(step('create', called('insert'), 'RUNNING')).toEqual({ do: 'complete' });
  });

  test('delete: a machine that is gone was deleted by it', () => {
    expect(step('delete', called('delete'), undefined)).toEqual({ do: 'complete' });
  });
});

describe('the 50 minutes for which a call may be repeated as the same one', () => {
  const last = { askedAtMs: NOW_MS - 50 * MINUTE_MS + 1 };
  const past = { askedAtMs: NOW_MS - 50 * MINUTE_MS };

  test.each([
    ['stop', 'stop', 'RUNNING', 'stop'],
    ['start', 'start', 'TERMINATED', 'start'],
    ['restart', 'stop', 'RUNNING', 'stop'],
    ['delete', 'delete', 'RUNNING', 'delete'],
    ['create', 'insert', undefined, 'insert'],
  ] as const)('%s: within them %s is repeated, after them it is a new call', (kind, verb, status, fresh) => {
    expect(word(step(kind, called(verb, last), status))).toBe(`${verb} again`);
    expect(word(step(kind, called(verb, past), status))).toBe(fresh);
  });

  test('a reset is never done twice: after them its outcome is unknown', () => {
    expect(word(step('reset', called('reset', last), 'RUNNING'))).toBe('reset again');
    expect(word(step('reset', called('reset', past), 'RUNNING'))).toBe('outcome_unknown');
  });

  test('what the machine shows counts after them: a start that worked is not repeated', () => {
    expect(word(step('start', called('start', past), 'RUNNING'))).toBe('complete');
    expect(word(step('stop', called('stop', past), 'TERMINATED'))).toBe('complete');
    expect(word(step('restart', called('stop', past), 'TERMINATED'))).toBe('start');
  });
});

describe('after a zone operation that ended well', () => {
  const done = (verb: CloudCall['verb']) => called(verb, { zoneOperation: 'operation-1', done: true });

  test.each([
    ['create', 'insert', 'STAGING', 'wait'],
    ['create', 'insert', 'RUNNING', 'complete'],
    ['create', 'insert', 'TERMINATED', 'vm_stopped'],
    ['create', 'insert', undefined, 'vm_missing'],
    ['start', 'start', 'STAGING', 'wait'],
    ['start', 'start', 'RUNNING', 'complete'],
    ['start', 'start', 'TERMINATED', 'vm_stopped'],
    ['stop', 'stop', 'STOPPING', 'wait'],
    ['stop', 'stop', 'TERMINATED', 'complete'],
    ['stop', 'stop', 'RUNNING', 'vm_started'],
    ['reset', 'reset', 'RUNNING', 'complete'],
    ['reset', 'reset', 'REPAIRING', 'wait'],
    ['reset', 'reset', 'TERMINATED', 'vm_stopped'],
    ['restart', 'stop', 'STOPPING', 'wait'],
    ['restart', 'stop', 'TERMINATED', 'start'],
    ['restart', 'stop', 'RUNNING', 'complete'],
    ['restart', 'start', 'STAGING', 'wait'],
    ['restart', 'start', 'RUNNING', 'complete'],
    ['restart', 'resume', 'RUNNING', 'complete'],
    ['restart', 'start', 'STOPPED', 'vm_stopped'],
    ['delete', 'delete', 'STOPPING', 'wait'],
    ['delete', 'delete', undefined, 'complete'],
    ['start', 'start', undefined, 'vm_missing'],
  ] as const)('%s after %s: a machine that is %s means %s', (kind, verb, status, expected) => {
    expect(word(step(kind, done(verb), status))).toBe(expected);
  });
});

test('a create that was never asked for inserts', () => {
  expect(step('create', null, undefined)).toEqual({ do: 'call', verb: 'insert', fresh: true });
});

test('a delete of a machine that is not there has nothing to do, and of one that is there deletes', () => {
  expect(step('delete', null, undefined)).toEqual({ do: 'complete' });
  expect(step('delete', null, 'SOMETHING NEW')).toEqual({ do: 'call', verb: 'delete', fresh: true });
});

test('a failure says in a sentence what the machine was', () => {
  expect(step('reset', null, 'TERMINATED')).toMatchObject({
    message: 'The virtual machine is TERMINATED: it cannot reset.',
  });
});
