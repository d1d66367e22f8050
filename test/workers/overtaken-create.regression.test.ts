import { expect, test } from 'vitest';
import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref, replace } from '#shared/datastore/write.ts';
import { LEASE_MS } from '#shared/domain/lease.ts';
import type { CloudCall } from '#shared/domain/operation.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { enqueue } from '#shared/lifecycle/queue-operation.ts';
import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { LeaseLost, OperationLease } from '#shared/workers/operation-lease.ts';
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

/* The same, but the create had ended before the delete was accepted. */
test('a delete that finds no VM looks for the one of an insert that was given up without an answer', async () => {
  const { deliver, instance, store, tools } = await oneWorker(
    'create',
    {
      status: () => undefined,
      request: () => {
        throw new CloudError('lost', 'no answer');
      },
    },
    { instance: { status: 'PROVISIONING', cloudId: '' }, operation: { state: 'running' } },
  );
  while ((await deliver()) !== 'done') await tools.sleep(60_000);
  const row = await store.get(ref(INSTANCE, INSTANCE_ID));
  expect(row?.value.lastOperation).toMatchObject({ kind: 'create', state: 'failed' });
  const made = {
    id: 'op-delete',
    actor: { type: 'user' as const, id: 'alice' },
    requestId: 'r-2',
    atMs: tools.nowMs(),
  };
  const deletion = pendingOperation('delete', anInstance(), made);
  if (row === undefined) throw new Error('The instance is on record.');
  await store.write([put(OPERATION, made.id, deletion)]);
  await store.commitOnce(enqueue(row, deletion, made.atMs));

  const worker = { worker: 'worker-2', waitMs: 4_000, atWork: new CustomersAtWork() };
  await runOperation({ operationId: made.id, instanceId: INSTANCE_ID }, tools, worker);

  expect(await instance()).toBeUndefined();
  const orphan = (await store.get(ref(ORPHAN, INSTANCE_ID)))?.value;
  expect(orphan?.absentFromMs).toBeGreaterThan(tools.nowMs());
});

/* Only the token was compared, which a removal leaves, so the worker went on to its call. */
test('a worker whose operation a delete has ended makes no call when its lease runs out', async () => {
  const { store, tools } = await oneWorker('create', { status: () => undefined });
  const [operation, instance] = await store.getAll([ref(OPERATION, 'op-1'), ref(INSTANCE, INSTANCE_ID)]);
  if (operation === undefined) throw new Error('The operation is on record.');
  const lease = new OperationLease({ operation, instance }, tools, 'worker-1/1');
  expect(await lease.claim(operation.value)).toBe(true);
  const claimed = await store.get(ref(OPERATION, 'op-1'));
  if (claimed === undefined) throw new Error('The operation is on record.');
  await store.commitOnce([replace(claimed, { ...claimed.value, state: 'failed', leaseUntilMs: 0 })]);
  await tools.sleep(LEASE_MS);

  await expect(lease.keep()).rejects.toThrow(LeaseLost);

  expect((await store.get(ref(OPERATION, 'op-1')))?.value).toMatchObject({ state: 'failed', leaseUntilMs: 0 });
});
