import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { CreateRequest } from '#shared/actions/accept-create.ts';
import { createInstance } from '#shared/actions/create-instance.ts';
import { time } from '#shared/datastore/field.ts';
import { ALL_INSTANCES, DUE_ORPHANS } from '#shared/datastore/queries.ts';
import { completeLimits } from '#shared/domain/tier.ts';
import type { ZoneOperation } from '#shared/gce/compute.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { storeWith } from '#test/support/store-with.ts';

const NOW_MS = 1_700_000_000_000;

const DONE: ZoneOperation = {
  name: 'operation-1',
  targetId: '1',
  done: true,
  error: null,
  startedAtMs: NOW_MS,
  endedAtMs: NOW_MS,
};

/** A platform with one place left for a customer, and a caller who wants it. */
async function platform({ insert = DONE, isThere = false }: { insert?: ZoneOperation; isThere?: boolean } = {}) {
  const datastore = await testDatastore();
  const { zone, machine, templateId, configId } = anInstance();
  const request: CreateRequest = {
    caller: {
      userId: '550e8400-e29b-41d4-a716-446655440000',
      customerId: 'acme',
      projects: [],
      groups: ['group1'],
      roles: [],
      tier: 'free',
      credential: { type: 'jwt', id: 'somebody' },
    },
    tier: { name: 'free', maxInstances: 1, perMinute: completeLimits({ create: 10 }) },
    actor: { type: 'user', id: '550e8400-e29b-41d4-a716-446655440000' },
    requestId: 'request-1',
    idempotencyKey: undefined,
    idPrefix: 'tw',
    blueprint: async () => ({ zone, machine, templateId, configId, displayName: null, spec: null, project: '' }),
    answer: () => ({ status: 201 }),
  };
  let hexes = 0;
  const inserted: string[] = [];
  const tools = {
    store: datastore.store,
    nowMs: () => NOW_MS,
    sleep: async () => undefined,
    random: { hex: (bytes: number) => String((hexes += 1)).padStart(bytes * 2, '0'), fraction: () => 0 },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    publisher: { publish: async () => undefined },
    compute: {
      insert: async (place: { readonly name: string }) => {
        inserted.push(place.name);
        return insert;
      },
      get: async () => (isThere ? {} : undefined),
    },
  } as unknown as Tools;
  return { ...datastore, request, tools, inserted };
}

test('a caller without a group makes nothing: nobody could see it, stop it or delete it', async () => {
  const { store, request, tools, inserted } = await platform();

  const refused = createInstance({ ...request, caller: { ...request.caller, groups: [] } }, tools);

  await expect(refused).rejects.toMatchObject({ kind: 'forbidden', reason: 'no_groups' });
  expect([inserted.length, await store.count(ALL_INSTANCES, {})]).toEqual([0, 0]);
});

test('whose own reservation lands late is not told that somebody else has the last place', async () => {
  const { store, faults, request, tools, inserted } = await platform();
  faults.add([{ service: 'datastore', method: 'commit', kind: 'late', count: 1, delayMs: 60 }]);
  let reads = 0;
  // Decided anew, once the first decision has landed.
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
    const { store, request, tools } = await platform({ insert, isThere });

    const answered = createInstance(request, tools);

    if (status === 201) expect(await answered).toMatchObject({ status });
    else await expect(answered).rejects.toMatchObject({ kind: 'cloud_failed', reason: 'cloud_unavailable' });
    const { rows } = await store.query(DUE_ORPHANS, { dueAtMs: time.encode(NOW_MS) }, { limit: 10 });
    expect([await store.count(ALL_INSTANCES, {}), rows.length]).toEqual([instances, orphans]);
  },
);
