import { expect, test } from 'vitest';
import { observe } from '#shared/domain/observe.ts';
import { type CloudVerb, directionOf } from '#shared/domain/operation.ts';
import { anInstance } from '#test/support/an-instance.ts';

/*
 * The worker of an edit saw that the VM was being deleted outside, and its history said STOPPING from when the edit's zone
 * operation had begun. Found by random histories (seeds 51918 and 60379).
 */

const SEEN = { status: 'STOPPING', externalIp: '', internalIp: '', cloudId: '' };

test.each<CloudVerb>(['setDeletionProtection', 'setLabels', 'setMetadata', 'reset'])(
  'a status seen after %s is not dated by its zone operation, which changes no status',
  (verb) => {
    const instance = anInstance({ status: 'RUNNING', statusSinceMs: 1_000, cloudId: '' });
    const observed = observe(instance, SEEN, {
      nowMs: 5_000,
      begunAtMs: 4_000,
      atMs: 4_100,
      direction: directionOf(verb),
      cause: 'operation',
      actor: { type: 'system', id: 'worker' },
      operationId: 'op-1',
    });

    expect(observed?.event).toMatchObject({ status: 'STOPPING', atMs: 5_000 });
  },
);
