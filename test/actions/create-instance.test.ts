import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createInstance } from '#shared/actions/create-instance.ts';
import { time } from '#shared/datastore/field.ts';
import { ALL_INSTANCES, DUE_ORPHANS } from '#shared/datastore/queries.ts';
import { createPlatform, DONE } from '#test/support/create-platform.ts';
import { storeWith } from '#test/support/store-with.ts';

test('a caller without a group makes nothing: nobody could see it, stop it or delete it', async () => {
  const { store, request, tools, inserted } = await createPlatform();

  const refused = createInstance({ ...request, caller: { ...request.caller, groups: [] } }, tools);

  await expect(refused).rejects.toMatchObject({ kind: 'forbidden', reason: 'no_groups' });
  expect([inserted.length, await store.count(ALL_INSTANCES, {})]).toEqual([0, 0]);
});

test('a create whose own reservation is applied late is not refused because of it', async () => {
  const { store, faults, request, tools, inserted } = await createPlatform();
  faults.add([{ service: 'datastore', method: 'commit', kind: 'late', count: 1, delayMs: 60 }]);
  let reads = 0;
  // The decision is repeated once the first commit has been applied.
  const getAll: typeof store.getAll = async (refs) => {
    reads += 1;
    while (reads > 1 && (await store.count(ALL_INSTANCES, {})) === 0) await sleep(5);
    return store.getAll(refs);
  };
  const patient = storeWith(store, { getAll });

  expect(await createInstance(request, { ...tools, store: patient })).toMatchObject({ status: 201 });

  expect([inserted.length, await store.count(ALL_INSTANCES, {})]).toEqual([1, 1]);
});

test.each([
  [true, 201, 1, 0],
  [false, 500, 0, 1],
] as const)(
  'an insert that ends at once with an internal error is looked at: there %s, so %i',
  async (isThere, status, instances, orphans) => {
    const insert = { ...DONE, error: { reason: 'backend_error' as const, message: 'internal' } };
    const { store, request, tools } = await createPlatform({ insert: async () => insert, isThere });

    const answered = createInstance(request, tools);

    if (status === 201) expect(await answered).toMatchObject({ status });
    else await expect(answered).rejects.toMatchObject({ kind: 'cloud_failed', reason: 'cloud_unavailable' });
    const { rows } = await store.query(DUE_ORPHANS, { dueAtMs: time.encode(tools.nowMs()) }, { limit: 10 });
    expect([await store.count(ALL_INSTANCES, {}), rows.length]).toEqual([instances, orphans]);
  },
);
