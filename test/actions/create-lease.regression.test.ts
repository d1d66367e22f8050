import { expect, test } from 'vitest';
import { createInstance } from '#shared/actions/create-instance.ts';
import { takeOver } from '#shared/actions/create-lease.ts';
import { IDEMPOTENCY } from '#shared/datastore/bookkeeping-rows.ts';
import { ALL_INSTANCES } from '#shared/datastore/queries.ts';
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

test('a create that a repeat was answered with is not undone by its slow first request, and keeps its key', async () => {
  const entered = Promise.withResolvers<undefined>();
  const answered = Promise.withResolvers<never>();
  const { request, tools, pass, store } = await createPlatform({
    insert: () => {
      entered.resolve(undefined);
      return answered.promise;
    },
  });
  const keyed = {
    ...request,
    idempotencyKey: KEY,
    answer: ({ id }: { readonly id: string }) => ({ status: 201, body: { id } }),
  };
  const slow = createInstance(keyed, tools);
  await entered.promise;
  pass(60_000);

  const repeat = await createInstance({ ...keyed, requestId: 'request-2' }, tools);
  answered.reject(new CloudError('quota_exceeded', 'no'));
  const first = await slow;
  const later = await createInstance({ ...keyed, requestId: 'request-3' }, tools);

  expect([repeat.status, first.status, later.status]).toEqual([201, 201, 201]);
  expect([first.body, later.body]).toEqual([repeat.body, repeat.body]);
  expect(await store.count(ALL_INSTANCES, {})).toBe(1);
});

test('a create that was undone, or whose lease was renewed, is not taken over', async () => {
  const { request, tools, store } = await createPlatform();
  let operationId = '';
  await createInstance(
    {
      ...request,
      idempotencyKey: KEY,
      answer: (_instance, { id }) => {
        operationId = id;
        return { status: 201 };
      },
    },
    tools,
  );
  const record = await store.get(ref(IDEMPOTENCY, KEY.id));
  if (record === undefined) throw new Error('The key is on record.');
  await store.write([put(IDEMPOTENCY, KEY.id, { ...record.value, leaseUntilMs: tools.nowMs() + 5_000 })]);

  expect(await takeOver(KEY, { operationId: 'op-undone' }, tools)).toBe(false);
  expect(await takeOver(KEY, { operationId }, tools)).toBe(false);
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
