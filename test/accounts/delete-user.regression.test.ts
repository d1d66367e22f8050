import { expect, test } from 'vitest';
import { deleteUser, getUser } from '#shared/accounts/users.ts';
import { API_KEY } from '#shared/datastore/account-rows.ts';
import { AUDIT_ENTRY } from '#shared/datastore/audit-rows.ts';
import { put } from '#shared/datastore/write.ts';
import { Records } from '#test/support/records.ts';
import { storeWith } from '#test/support/store-with.ts';
import { ALICE, aliceHarness } from './an-account.ts';

/** More than one commit deletes. */
const KEYS = 401;

test('a deletion that is killed half-way is on record from its first commit, and is completed when it is repeated', async () => {
  const world = await aliceHarness();
  const { context, store } = world;
  const records = new Records(world);
  const times = { createdAtMs: 1, expiresAtMs: null, revokedAtMs: null, lastUsedAtMs: null };
  const keys = Array.from({ length: KEYS }, (_, index) => {
    const id = `ak_live_${String(index).padStart(16, '0')}`;
    return put(API_KEY, id, { id, userId: ALICE, customerId: 'acme', name: id, secretHash: id, ...times });
  });
  await store.write(keys.slice(0, 400));
  await store.write(keys.slice(400));
  let commits = 0;
  const killed = storeWith(store, {
    change: async (...args) => {
      commits += 1;
      if (commits > 1) throw new Error('killed');
      return store.change(...args);
    },
  });
  const deletions = async () =>
    (await records.all(AUDIT_ENTRY)).map(({ value }) => value).filter(({ action }) => action === 'user.delete');

  await expect(deleteUser({ ...context, store: killed }, ALICE)).rejects.toThrow('killed');

  expect(await deletions()).toMatchObject([{ object: `user ${ALICE}`, before: { apiKeys: KEYS, sessions: 0 } }]);
  expect((await getUser(context, ALICE)).id).toBe(ALICE);

  expect(await deleteUser(context, ALICE)).toEqual({ apiKeys: 1, sessions: 0 });

  await expect(getUser(context, ALICE)).rejects.toMatchObject({ reason: 'unknown_user' });
  expect(await records.all(API_KEY)).toEqual([]);
  expect(await deletions()).toHaveLength(2);
});
