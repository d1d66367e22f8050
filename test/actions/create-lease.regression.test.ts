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
import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
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

/*
 * A worker that failed before it had claimed the lease ended it without a new holder. The repeat took that worker for the
 * holder, and left the first request able to undo the create.
 */
test('a create that a worker put off before it claimed it is not undone after a repeat was answered with it', async () => {
  const entered = Promise.withResolvers<undefined>();
  const answered = Promise.withResolvers<never>();
  const { request, tools, pass, store, published } = await createPlatform({
    insert: () => {
      entered.resolve(undefined);
      return answered.promise;
    },
  });
  const ids = { operationId: '', instanceId: '' };
  const keyed: typeof request = {
    ...request,
    idempotencyKey: KEY,
    answer: ({ id }, operation) => {
      Object.assign(ids, { operationId: operation.id, instanceId: id });
      return { status: 201, body: { id } };
    },
  };
  const slow = createInstance(keyed, tools);
  await entered.promise;
  pass(60_000);
  const silent = Object.assign(Object.create(tools.compute) as typeof tools.compute, {
    get: () => Promise.reject(new CloudError('lost', 'no answer')),
  });
  const worker = { worker: 'worker-1', waitMs: 4_000, atWork: new CustomersAtWork() };
  const verdict = await runOperation(ids, { ...tools, compute: silent }, worker);

  const repeat = await createInstance({ ...keyed, requestId: 'request-2' }, tools);
  answered.reject(new CloudError('quota_exceeded', 'no'));
  const first = await slow;

  expect(verdict).toBe('waiting');
  expect([repeat.status, first.status]).toEqual([201, 201]);
  expect(first.body).toEqual(repeat.body);
  expect(published).toContain(ids.operationId);
  expect(await store.count(ALL_INSTANCES, {})).toBe(1);
});

/* The slow request took an operation that a worker had ended for one that had been undone, and answered with the refusal. */
test.each(['completed', 'failed'] as const)(
  'a create that a worker has %s is answered with its instance, although the slow request was refused',
  async (state) => {
    let operationId = '';
    const { request, tools, store } = await createPlatform({
      insert: async () => {
        const row = await store.get(ref(OPERATION, operationId));
        if (row === undefined) throw new Error('The operation is on record.');
        const ended = { ...row.value, state, completedAtMs: tools.nowMs(), leaseUntilMs: 0, leaseToken: 'worker-1' };
        await store.write([put(OPERATION, operationId, ended)]);
        throw new CloudError('quota_exceeded', 'no');
      },
    });
    const keyed: typeof request = {
      ...request,
      idempotencyKey: KEY,
      answer: ({ id }, operation) => {
        operationId = operation.id;
        return { status: 201, body: { id } };
      },
    };

    const first = await createInstance(keyed, tools);
    await tools.sleep(60_000);
    const repeat = await createInstance({ ...keyed, requestId: 'request-2' }, tools);

    expect(first).toMatchObject({ status: 201, body: repeat.body });
    expect(await store.count(ALL_INSTANCES, {})).toBe(1);
  },
);

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
