import { expect, test } from 'vitest';
import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import type { CloudCall } from '#shared/domain/operation.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { INSTANCE_ID, oneWorker, START_MS } from '#test/support/one-worker.ts';

const LOST: CloudCall = {
  verb: 'insert',
  requestId: 'call-1',
  askedAtMs: START_MS,
  zoneOperation: null,
  done: false,
  mayBeApplied: true,
};

/*
 * The create gave way to the delete and left the queue. The delete then found neither a VM nor a create, and took the
 * record off without an entry in the list of orphans: a VM of the unanswered insert had no record and was charged for days.
 */
test('a delete that finds no VM looks for the one of an unanswered insert, although its create gave way before', async () => {
  const queue = [
    { id: 'op-delete', kind: 'delete' as const },
    { id: 'op-1', kind: 'create' as const },
  ];
  const { deliver, operation, instance, store, tools } = await oneWorker(
    'create',
    { status: () => undefined },
    { instance: { status: 'DELETING', cloudId: '', queue }, operation: { state: 'running', callCount: 1, call: LOST } },
  );
  const made = { id: 'op-delete', actor: { type: 'user' as const, id: 'alice' }, requestId: 'r-2', atMs: START_MS };
  await store.write([put(OPERATION, made.id, pendingOperation('delete', anInstance(), made))]);

  await deliver();
  const worker = { worker: 'worker-2', waitMs: 4_000, atWork: new CustomersAtWork() };
  await runOperation({ operationId: made.id, instanceId: INSTANCE_ID }, tools, worker);

  expect(await operation()).toMatchObject({ state: 'failed', error: { reason: 'instance_deleted' } });
  expect(await instance()).toBeUndefined();
  expect((await store.get(ref(OPERATION, made.id)))?.value.state).toBe('completed');
  const orphan = (await store.get(ref(ORPHAN, INSTANCE_ID)))?.value;
  expect(orphan?.absentFromMs).toBeGreaterThan(tools.nowMs());
});
