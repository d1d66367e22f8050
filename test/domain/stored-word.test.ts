import { describe, expect, test } from 'vitest';
import { fleetStatus, pastFleetStatus } from '#shared/domain/fleet-status.ts';
import { isRunning } from '#shared/domain/metering.ts';
import { nextStep } from '#shared/domain/operation-plan.ts';
import { directionOf, isFinal, isUnderstood, shownState } from '#shared/domain/operation.ts';
import { outcomeOf, projectedStatus, requirePossible } from '#shared/domain/power.ts';
import { isStopped, isTransitional, shownStatus } from '#shared/domain/status.ts';
import { known, shownWord } from '#shared/domain/stored-word.ts';
import { presentAdminInstance } from '#shared/families/compute/present-admin.ts';
import * as compute from '#shared/families/compute/present.ts';
import * as resource from '#shared/families/resource/present.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { anInstance } from '#test/support/an-instance.ts';

const FOREIGN = 'of_a_newer_version' as never;

test('a word is known when its list has it', () => {
  expect([known(['a', 'b'], 'a'), known(['a', 'b'], FOREIGN)]).toEqual(['a', undefined]);
  expect([shownWord(['a', 'b'], 'b'), shownWord(['a', 'b'], FOREIGN)]).toEqual(['b', 'unknown']);
});

describe('a status that this version does not know', () => {
  const instance = anInstance({ status: FOREIGN });

  test('is checked again, and no action is allowed in it', () => {
    expect([isTransitional(FOREIGN), isStopped(FOREIGN)]).toEqual([true, false]);
    for (const kind of ['start', 'stop', 'reset', 'restart'] as const) {
      expect(() => requirePossible({ kind, strictness: 'lenient' }, instance), kind).toThrow(/is of_a_newer_version/);
    }
  });

  test('is shown by each family as a transitional status', () => {
    expect(shownStatus(FOREIGN)).toBe('PENDING');
    expect(compute.presentInstance(instance).status).toBe('PENDING');
    expect(presentAdminInstance(instance).status).toBe('provisioning');
    expect(resource.presentResource(instance).status.state).toBe('provisioning');
    expect(fleetStatus({ ...instance, cloudId: '1' })).toBe('STATUS_INITIALIZING');
    expect(pastFleetStatus({ status: FOREIGN, reason: null })).toBe('STATUS_INITIALIZING');
  });

  test.each([true, false])('neither opens nor closes a meter that runs: %s', (before) => {
    for (const meter of ['charge', 'credit'] as const) {
      expect(isRunning(meter, { status: FOREIGN, reserved: true, before })).toBe(before);
    }
  });
});

describe('an operation that this version does not know', () => {
  const made = { id: 'op-1', actor: { type: 'user', id: 'alice' }, requestId: 'r', atMs: 0 } as const;
  const foreign = pendingOperation(FOREIGN, anInstance(), made);

  test('is not understood, whichever of its words is foreign', () => {
    const call = { verb: FOREIGN, requestId: 'r', askedAtMs: 0, zoneOperation: null, done: true, mayBeApplied: false };
    const ours = pendingOperation('stop', anInstance(), made);

    expect(isUnderstood(ours)).toBe(true);
    expect([foreign, { ...ours, state: FOREIGN }, { ...ours, call }].map(isUnderstood)).toEqual([false, false, false]);
    expect(directionOf(FOREIGN)).toBeNull();
  });

  test('is not final, waits, and says nothing of where the instance will be', () => {
    expect(isFinal(FOREIGN)).toBe(false);
    expect(nextStep(foreign, { status: 'RUNNING' }, 0)).toEqual({ do: 'wait' });
    expect(outcomeOf(FOREIGN)).toBeUndefined();
    const queue = [
      { id: 'op-1', kind: 'stop' as const },
      { id: 'op-2', kind: FOREIGN },
    ];
    expect(projectedStatus(anInstance({ status: 'RUNNING', queue }))).toBe('TERMINATED');
  });

  test('is shown as unknown, and as running', () => {
    expect(compute.presentOperation({ ...foreign, state: FOREIGN })).toMatchObject({
      kind: 'unknown',
      state: 'running',
    });
    expect(resource.presentOperation({ ...foreign, state: FOREIGN })).toMatchObject({
      type: 'unknown',
      status: 'running',
    });
    expect(shownState('failed')).toBe('failed');
  });
});
