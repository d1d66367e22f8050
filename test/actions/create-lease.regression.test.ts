import { expect, test } from 'vitest';
import { createInstance } from '#shared/actions/create-instance.ts';
import { IDEMPOTENCY } from '#shared/datastore/bookkeeping-rows.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { isLeased } from '#shared/domain/lease.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { createPlatform, DONE } from '#test/support/create-platform.ts';

/* A create whose process had ended blocked its Idempotency-Key for 58 s, while callers were told to retry after two. */

const KEY = { id: 'acme|create|key-1', bodyHash: 'hash' };

async function refusal(answered: Promise<unknown>): Promise<Failure> {
  try {
    await answered;
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error('The request was answered.');
}

test('a create whose process died blocks its key for seconds, and says for how many', async () => {
  const entered = Promise.withResolvers<undefined>();
  const { request, tools, pass, published, inserted } = await createPlatform({
    insert: () => {
      entered.resolve(undefined);
      return new Promise(() => undefined);
    },
  });
  const keyed = { ...request, idempotencyKey: KEY };
  // This call never ends, as if its process had been killed.
  createInstance(keyed, tools).catch(() => undefined);
  await entered.promise;

  const early = await refusal(createInstance({ ...keyed, requestId: 'request-2' }, tools));
  pass((early.retryAfterSeconds ?? 0) * 1000);
  const late = await createInstance({ ...keyed, requestId: 'request-3' }, tools);

  expect(early).toMatchObject({ kind: 'conflict', reason: 'idempotency_key_in_use' });
  expect(early.retryAfterSeconds).toBeGreaterThan(0);
  expect(early.retryAfterSeconds).toBeLessThanOrEqual(15);
  expect(late).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' } });
  // A worker continues the operation that the killed process left.
  expect(published).toHaveLength(1);
  expect(inserted).toHaveLength(1);
});

test('a create that waits long for Compute Engine keeps its key: no repeat replaces it', async () => {
  const held: boolean[] = [];
  const { request, tools, pass, store } = await createPlatform({
    insert: async () => {
      pass(5_000);
      const record = await store.get(ref(IDEMPOTENCY, KEY.id));
      held.push(record !== undefined && isLeased(record.value, tools.nowMs()));
      if (held.length < 3) throw new CloudError('lost', 'no answer');
      return DONE;
    },
  });

  await createInstance({ ...request, idempotencyKey: KEY }, tools);

  expect(held).toEqual([true, true, true]);
  expect((await store.get(ref(IDEMPOTENCY, KEY.id)))?.value.leaseUntilMs).toBe(0);
});

test('a lease that ends later than any valid one, because a clock was set back, does not block its key', async () => {
  const { request, tools, store } = await createPlatform();
  const keyed = { ...request, idempotencyKey: KEY };
  await createInstance(keyed, tools);
  const record = await store.get(ref(IDEMPOTENCY, KEY.id));
  if (record === undefined) throw new Error('The key is on record.');
  await store.write([put(IDEMPOTENCY, KEY.id, { ...record.value, leaseUntilMs: tools.nowMs() + 3_600_000 })]);

  expect(await createInstance({ ...keyed, requestId: 'request-2' }, tools)).toMatchObject({ status: 201 });
});

test('a create that has lost its lease rolls nothing back: the worker decides its outcome', async () => {
  let operationId = '';
  const { request, tools, store, published } = await createPlatform({
    insert: async () => {
      const row = await store.get(ref(OPERATION, operationId));
      if (row === undefined) throw new Error('The operation is on record.');
      await store.write([put(OPERATION, operationId, { ...row.value, leaseToken: 'worker-1' })]);
      throw new CloudError('quota_exceeded', 'no');
    },
  });

  const reply = await createInstance(
    {
      ...request,
      answer: (_instance, { id }) => {
        operationId = id;
        return { status: 201 };
      },
    },
    tools,
  );

  expect(reply).toMatchObject({ status: 201 });
  expect(published).toEqual([operationId]);
  expect((await store.get(ref(OPERATION, operationId)))?.value).toMatchObject({ state: 'running' });
});
