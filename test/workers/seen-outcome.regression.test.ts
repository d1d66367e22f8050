import { expect, test } from 'vitest';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, replace } from '#shared/datastore/write.ts';
import { presentOperation } from '#shared/families/resource/present.ts';
import { requestOperation } from '#shared/actions/request-operation.ts';
import { INSTANCE_ID, oneWorker, START_MS } from '#test/support/one-worker.ts';

/*
 * Operations were completed as "running" although their VMs never ran: any status without a change in progress counted
 * as the end.
 */

/** Returns the status of a VM that is stopped from outside while it boots: one of these at each read. */
function statuses(...each: readonly string[]): () => string {
  let looks = 0;
  return () => each[Math.min(looks++, each.length - 1)] ?? '';
}

test.each([
  ['create', ['STAGING', 'STOPPING', 'TERMINATED']],
  ['start', ['TERMINATED', 'STOPPING', 'TERMINATED']],
  ['restart', ['TERMINATED', 'STOPPING', 'TERMINATED']],
  ['reset', ['RUNNING', 'STOPPING', 'TERMINATED']],
] as const)('%s of a VM that was stopped before it ran has failed, with that reason', async (kind, seen) => {
  const { deliver, operation, instance } = await oneWorker(kind, { status: statuses(...seen) });

  let verdict = await deliver();
  while (verdict !== 'done') verdict = await deliver();

  expect(await operation()).toMatchObject({
    state: 'failed',
    error: { reason: 'vm_stopped' },
    seenStatus: 'TERMINATED',
  });
  expect(await instance()).toMatchObject({ status: 'TERMINATED' });
});

test('a start that a pre-emption cut short has failed, with that reason', async () => {
  const { deliver, operation, instance, store } = await oneWorker('start', {
    status: statuses('TERMINATED', 'STOPPING', 'STOPPING', 'TERMINATED'),
    onLook: async () => {
      const row = await store.get(ref(INSTANCE, INSTANCE_ID));
      // The change that the cloud's pre-emption event makes to the record.
      if (row?.value.status === 'STOPPING' && !row.value.preempted)
        await store.commitOnce([replace(row, { ...row.value, preempted: true })]);
    },
  });

  let verdict = await deliver();
  while (verdict !== 'done') verdict = await deliver();

  expect(await operation()).toMatchObject({ state: 'failed', error: { reason: 'vm_preempted' } });
  expect(await instance()).toMatchObject({ status: 'TERMINATED', preempted: true });
});

test('a stop whose VM was started again before it was seen at rest has failed, with that reason', async () => {
  const { deliver, operation } = await oneWorker('stop', { status: () => 'RUNNING' });

  let verdict = await deliver();
  while (verdict !== 'done') verdict = await deliver();

  expect(await operation()).toMatchObject({ state: 'failed', error: { reason: 'vm_started' }, seenStatus: 'RUNNING' });
});

test('the result of an operation shows what was seen, not where it should have led', async () => {
  const { deliver, operation } = await oneWorker('stop', { status: () => 'SUSPENDED' });

  await deliver();

  const ended = await operation();
  expect(ended).toMatchObject({ state: 'completed', seenStatus: 'SUSPENDED' });
  if (ended === undefined) throw new Error('The operation is on record.');
  expect(presentOperation({ ...ended, seenStatus: 'RUNNING' }).result).toEqual({ state: 'running' });
});

/*
 * An accepted delete was undone: the worker of a stop read the rows again after a slow commit, called stop after the
 * delete, and overwrote DELETING with STOPPING; then `start` was accepted again.
 */
test('a delete that is accepted during the claim of a stop is never undone', async () => {
  let deleted = false;
  const { deliver, operation, instance, requests, tools, faults } = await oneWorker('stop', {
    status: () => (requests.length > 0 ? 'STOPPING' : 'RUNNING'),
    onLook: async () => {
      if (deleted) return;
      deleted = true;
      await requestOperation(deleteRequest(), tools);
      // The response to the claim is lost, so the worker has to read the rows again.
      faults.add([{ service: 'datastore', method: 'commit', kind: 'lostAnswer', count: 1 }]);
    },
  });

  await deliver();

  expect(requests).toEqual([]);
  expect(await operation()).toMatchObject({ state: 'failed', error: { reason: 'instance_deleted' } });
  expect(await instance()).toMatchObject({ status: 'DELETING' });
});

test('a delete that is accepted between a call and its note is never undone', async () => {
  let looks = 0;
  const { deliver, instance, requests, tools } = await oneWorker('stop', {
    status: () => (requests.length > 0 ? 'STOPPING' : 'RUNNING'),
    onLook: async () => {
      looks += 1;
      if (looks === 2) await requestOperation(deleteRequest(), tools);
    },
  });

  await deliver();

  expect(looks).toBeGreaterThanOrEqual(2);
  expect(await instance()).toMatchObject({ status: 'DELETING' });
});

function deleteRequest(): Parameters<typeof requestOperation>[0] {
  return {
    kind: 'delete',
    instanceId: INSTANCE_ID,
    caller: {
      userId: '550e8400-e29b-41d4-a716-446655440000',
      customerId: 'acme',
      projects: [],
      groups: ['group1'],
      roles: [],
      tier: 'pro',
      credential: { type: 'session', id: 'session-1' },
    },
    requestId: `request-${START_MS}`,
    idempotencyKey: undefined,
    actor: { type: 'user', id: '550e8400-e29b-41d4-a716-446655440000' },
    strictness: 'lenient',
    answer: () => ({ status: 202 }),
  };
}
