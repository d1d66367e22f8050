import { describe, expect, test } from 'vitest';
import { editInstance } from '#shared/actions/edit-instance.ts';
import { requestOperation } from '#shared/actions/request-operation.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put } from '#shared/datastore/write.ts';
import { allowedActions } from '#shared/domain/allowed-actions.ts';
import { Failure } from '#shared/domain/failure.ts';
import { OPERATION_KINDS, type OperationKind, type QueuedOperation } from '#shared/domain/instance.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { INSTANCE_ACTIONS, type PowerKind } from '#shared/domain/power.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { INSTANCE_STATUSES } from '#shared/domain/status.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

const NOW_MS = 1_700_000_000_000;
const CALLER: Principal = {
  userId: '550e8400-e29b-41d4-a716-446655440000',
  customerId: 'acme',
  projects: [],
  groups: ['group1'],
  roles: [],
  tier: 'pro',
  credential: { type: 'jwt', id: 'token-1' },
};

const full = Array.from({ length: 16 }, (_, i) => ({ id: `op-${i}`, kind: i % 2 === 0 ? 'stop' : 'start' }) as const);
const QUEUES: readonly (readonly QueuedOperation[])[] = [
  [],
  ...OPERATION_KINDS.map((kind) => [{ id: 'op-0', kind }]),
  [
    { id: 'op-0', kind: 'stop' },
    { id: 'op-1', kind: 'start' },
  ],
  full,
];

/** Returns the kind of operation that a power action or delete becomes. */
function kindOf(action: PowerKind | 'delete', strictness: 'lenient' | 'strict'): PowerKind | 'delete' {
  return action === 'restart' && strictness === 'lenient' ? 'reset' : action;
}

/** Returns the outcome of each action: `accepted`, or the reason of its refusal. */
async function answers() {
  const { store } = await testDatastore();
  const tools = {
    store,
    nowMs: () => NOW_MS,
    random: seededRandom(1),
    publisher: { publish: async () => undefined } as never,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined, critical: () => undefined },
  };
  let count = 0;
  return async (
    instance: ReturnType<typeof anInstance>,
    action: (typeof INSTANCE_ACTIONS)[number],
    strictness: 'lenient' | 'strict',
  ): Promise<string> => {
    const id = `tw-550e84-${(count += 1).toString(16).padStart(8, '0')}`;
    const made = { id: '', actor: { type: 'user', id: CALLER.userId } as const, requestId: 'r', atMs: NOW_MS };
    const queue = instance.queue.map((queued) => ({ ...queued, id: `${queued.id}-${id}` }));
    await store.write([
      put(INSTANCE, id, { ...instance, id, queue }),
      ...queue.map((queued) =>
        put(
          OPERATION,
          queued.id,
          pendingOperation(queued.kind as OperationKind, { ...instance, id }, { ...made, id: queued.id }),
        ),
      ),
    ]);
    const { actor, requestId } = made;
    const request = { instanceId: id, caller: CALLER, actor, requestId, idempotencyKey: undefined };
    try {
      if (action === 'update' || action === 'resize') {
        const edit = async () => (action === 'update' ? { labels: { a: '1' } } : { machineType: 'n1-standard-4' });
        await editInstance({ ...request, ifMatch: undefined, displayName: undefined, edit }, tools);
      } else {
        const answer = () => ({ status: 202 });
        const kind = kindOf(action, strictness);
        await requestOperation({ ...request, kind, verb: action, strictness, answer }, tools);
      }
      return 'accepted';
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.kind === 'conflict') return thrown.reason;
      throw thrown;
    }
  };
}

describe.each(['lenient', 'strict'] as const)('%s', (strictness) => {
  test.each(INSTANCE_STATUSES)('what a %s instance says it can do is what each action answers', async (status) => {
    const answerOf = await answers();
    for (const queue of QUEUES) {
      const instance = anInstance({ status, queue });
      const { allowed, blocked } = allowedActions(instance, strictness);

      for (const action of INSTANCE_ACTIONS) {
        const said = allowed.includes(action) ? 'accepted' : blocked[action];
        expect(said, `${action} behind ${queue.map(({ kind }) => kind).join()}`).toBe(
          await answerOf(instance, action, strictness),
        );
      }
      expect([...allowed, ...Object.keys(blocked)].sort()).toEqual([...INSTANCE_ACTIONS].sort());
    }
  });
});

test('a restart in a wrong state names the restart that was asked for, and not the reset that it is', async () => {
  const { store } = await testDatastore();
  const stopped = anInstance({ status: 'TERMINATED' });
  await store.write([put(INSTANCE, stopped.id, stopped)]);
  const asked = requestOperation(
    {
      kind: 'reset',
      verb: 'restart',
      strictness: 'lenient',
      instanceId: stopped.id,
      caller: CALLER,
      actor: { type: 'user', id: CALLER.userId },
      requestId: 'request-1',
      idempotencyKey: undefined,
      answer: () => ({ status: 202 }),
    },
    {
      store,
      nowMs: () => NOW_MS,
      random: seededRandom(1),
      publisher: { publish: async () => undefined } as never,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined, critical: () => undefined },
    },
  );

  await expect(asked).rejects.toThrow(/it cannot restart\. Start it first\./);
});
