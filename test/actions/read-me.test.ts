import { expect, test } from 'vitest';
import { readMe } from '#shared/actions/read-me.ts';
import { CUSTOMER, PROJECT, USER } from '#shared/datastore/account-rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { presentMe } from '#shared/families/compute/present-me.ts';
import { presentMe as presentResourceMe } from '#shared/families/resource/present-me.ts';
import { testDatastore } from '#test/support/datastore.ts';

const CALLER: Principal = {
  userId: 'u-1',
  customerId: 'acme',
  projects: ['proj_1', 'proj_2'],
  groups: ['group1'],
  roles: ['compute_admin'],
  tier: 'pro',
  credential: { type: 'key', id: 'ak_live_1', expiresAtMs: Date.UTC(2030, 0, 1) },
};

async function stored(userOf: string) {
  const { store } = await testDatastore();
  const user = { id: 'u-1', customerId: userOf, name: 'Alice', projects: [], groups: [], roles: [], createdAtMs: 1 };
  await store.write([
    put(CUSTOMER, 'acme', { id: 'acme', name: 'Acme', tier: 'pro' }),
    put(USER, 'u-1', user),
    put(PROJECT, 'proj_1', { id: 'proj_1', customerId: 'acme', name: 'web', createdAtMs: 1 }),
  ]);
  return store;
}

test('says who the caller is in both families: user, customer, projects, groups, roles, tier, end of the credential', async () => {
  const me = await readMe({ caller: CALLER }, { store: await stored('acme') });

  // A project that only an identity provider knows has no name here.
  const projects = [
    { id: 'proj_1', name: 'web' },
    { id: 'proj_2', name: '' },
  ];
  const { groups, roles } = CALLER;
  expect(presentMe(me)).toEqual({
    userId: 'u-1',
    name: 'Alice',
    customerId: 'acme',
    customerName: 'Acme',
    tierName: 'pro',
    projects,
    groups,
    roles,
    credential: { type: 'key', id: 'ak_live_1', expiresAt: '2030-01-01T00:00:00Z' },
  });
  expect(presentResourceMe(me)).toEqual({
    id: 'u-1',
    metadata: { name: 'Alice' },
    spec: { customer_id: 'acme', customer_name: 'Acme', tier: 'pro', projects, groups, roles },
    credential: { type: 'key', id: 'ak_live_1', expires_at: '2030-01-01T00:00:00Z' },
  });
});

test("does not give the name of another customer's user of the same id", async () => {
  const { userName, customerName } = await readMe({ caller: CALLER }, { store: await stored('umbrella') });

  expect([userName, customerName]).toEqual(['', 'Acme']);
});
