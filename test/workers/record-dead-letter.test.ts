import { expect, test } from 'vitest';
import { ORPHAN, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { EVENT, INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { eventId } from '#shared/domain/history.ts';
import type { OperationKind } from '#shared/domain/instance.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { recordDeadLetter } from '#shared/workers/record-dead-letter.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';

const NOW_MS = 1_700_000_005_000;

/** An instance with one operation on it, whose message has ended in the dead letter topic. */
async function afterDeadLetter(kind: OperationKind) {
  const { store } = await testDatastore();
  const instance = anInstance({
    status: kind === 'delete' ? 'DELETING' : 'RUNNING',
    queue: [{ id: 'op-1', kind }],
    eventCount: 2,
  });
  const actor = { type: 'user', id: instance.userId } as const;
  const operation = pendingOperation(kind, instance, {
    id: 'op-1',
    actor,
    requestId: 'request-0001',
    atMs: NOW_MS - 1,
  });
  await store.write([
    put(INSTANCE, instance.id, instance),
    put(OPERATION, operation.id, operation),
    put(USAGE, instance.customerId, { instances: 1 }),
  ]);
  const tools = {
    store,
    nowMs: () => NOW_MS,
    publisher: { publish: async () => undefined },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };
  await recordDeadLetter(
    {
      messageId: '1',
      data: { operationId: operation.id, instanceId: instance.id },
      attributes: { operationId: operation.id, instanceId: instance.id },
      attempt: 8,
    },
    // Publishing is all that is asked of a publisher.
    tools as unknown as Parameters<typeof recordDeadLetter>[1],
  );
  const [failed, row, usage, orphan, last] = await store.getAll([
    ref(OPERATION, operation.id),
    ref(INSTANCE, instance.id),
    ref(USAGE, instance.customerId),
    ref(ORPHAN, instance.id),
    ref(EVENT, eventId(instance.id, 3)),
  ]);
  return {
    operation: failed?.value,
    instance: row?.value,
    usage: usage?.value,
    orphan: orphan?.value,
    last: last?.value,
  };
}

test('a dead delete leaves no record that is deleted for ever: the VM goes on the list, the quota is free', async () => {
  const { operation, instance, usage, orphan, last } = await afterDeadLetter('delete');

  expect(operation).toMatchObject({ state: 'failed', error: { reason: 'gave_up' } });
  expect(instance).toBeUndefined();
  expect(usage).toEqual({ instances: 0 });
  expect(orphan).toMatchObject({ why: 'deleted', dueAtMs: NOW_MS });
  expect(last).toMatchObject({ status: 'DELETED', operationId: 'op-1' });
});

test('any other dead operation fails, and leaves its instance as it is', async () => {
  const { operation, instance, usage, orphan } = await afterDeadLetter('stop');

  expect(operation).toMatchObject({ state: 'failed', error: { reason: 'gave_up' } });
  expect(instance).toMatchObject({ status: 'RUNNING', queue: [] });
  expect(usage).toEqual({ instances: 1 });
  expect(orphan).toBeUndefined();
});
