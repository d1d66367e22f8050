import { describe, expect, test } from 'vitest';
import { createApiKey } from '#shared/accounts/api-keys.ts';
import { createCustomer, getCustomer, listCustomers, setCustomerTier } from '#shared/accounts/customers.ts';
import { createProject, listProjects } from '#shared/accounts/projects.ts';
import { createSession } from '#shared/accounts/sessions.ts';
import { createUser, deleteUser, getUser, listUsers, updateUser } from '#shared/accounts/users.ts';
import { ALL_API_KEYS, ALL_SESSIONS } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { erase, put, ref } from '#shared/datastore/write.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { accountsHarness, ALICE, aliceHarness, NOW_MS } from './an-account.ts';

describe('customers', () => {
  test('a customer is made once; asking again makes nothing new', async () => {
    const { context } = await accountsHarness();

    const first = await createCustomer(context, { id: 'acme', tier: 'pro', name: 'Acme' });
    const second = await createCustomer(context, { id: 'acme', tier: 'pro' });

    expect(first).toEqual({ row: { id: 'acme', name: 'Acme', tier: 'pro' }, created: true });
    expect(second).toEqual({ row: first.row, created: false });
  });

  test('another customer of the same id is a conflict that shows the stored one', async () => {
    const { context } = await accountsHarness();
    await createCustomer(context, { id: 'acme', tier: 'pro' });

    const created = createCustomer(context, { id: 'acme', tier: 'free' });

    await expect(created).rejects.toMatchObject({
      kind: 'conflict',
      message: 'Customer acme exists already, as acme on tier pro.',
    });
  });

  test('a tier that does not exist is refused, at the start and later', async () => {
    const { context } = await aliceHarness();

    await expect(createCustomer(context, { id: 'b', tier: 'none' })).rejects.toMatchObject({ reason: 'unknown_tier' });
    await expect(setCustomerTier(context, 'acme', 'none')).rejects.toMatchObject({ reason: 'unknown_tier' });
    await expect(setCustomerTier(context, 'b', 'pro')).rejects.toMatchObject({ reason: 'unknown_customer' });
  });

  test('a tier is changed', async () => {
    const { context } = await aliceHarness();

    await setCustomerTier(context, 'acme', 'free');

    expect((await getCustomer(context, 'acme')).value.tier).toBe('free');
  });

  test.each(['', 'Acme', '1a', 'a/b', 'a'.repeat(64), 'a b', 'ä'])('an id like %j is refused', async (id) => {
    const { context } = await accountsHarness();

    await expect(createCustomer(context, { id, tier: 'pro' })).rejects.toMatchObject({ kind: 'invalid_request' });
  });

  test('an id may be a UUID', async () => {
    const { context } = await accountsHarness();

    expect((await createCustomer(context, { id: ALICE, tier: 'pro' })).created).toBe(true);
  });

  test('a list is paged, sorted and may be of one tier', async () => {
    const { context } = await accountsHarness();
    for (const id of ['d', 'b', 'e', 'a', 'c']) await createCustomer(context, { id, tier: id < 'd' ? 'pro' : 'free' });

    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await listCustomers(context, { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      pages.push(page.items.map((row) => row.id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    const free = await listCustomers(context, { limit: 10, tier: 'free' });

    expect(pages.flat()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(free.items.map((row) => row.id)).toEqual(['d', 'e']);
  });
});

describe('projects', () => {
  test('a project belongs to a customer that exists', async () => {
    const { context } = await aliceHarness();

    const { row, created } = await createProject(context, { customerId: 'acme', name: 'web' });

    expect(created).toBe(true);
    expect(row.id).toMatch(/^proj_[a-z0-9]{12}$/);
    expect(row).toMatchObject({ customerId: 'acme', name: 'web' });
    await expect(createProject(context, { customerId: 'nobody', name: 'x' })).rejects.toMatchObject({
      reason: 'unknown_customer',
    });
  });

  test('a project with a given id is created once', async () => {
    const { context } = await aliceHarness();
    const wanted = { id: 'proj_0123456789ab', customerId: 'acme', name: 'web' };
    await createProject(context, wanted);

    expect((await createProject(context, wanted)).created).toBe(false);
    await expect(createProject(context, { ...wanted, name: 'other' })).rejects.toMatchObject({ kind: 'conflict' });
    expect((await listProjects(context, { limit: 10, customerId: 'acme' })).items).toHaveLength(1);
    expect((await listProjects(context, { limit: 10, customerId: 'other' })).items).toHaveLength(0);
  });
});

describe('users', () => {
  test('a user gets the requested groups, projects and roles, each once', async () => {
    const { context } = await aliceHarness();
    const project = (await createProject(context, { customerId: 'acme', name: 'web' })).row.id;

    const { row } = await createUser(context, {
      customerId: 'acme',
      groups: ['dev', 'ops', 'dev'],
      roles: ['compute_admin'],
      projects: [project],
    });

    expect((await getUser(context, row.id)).value).toEqual({
      id: row.id,
      customerId: 'acme',
      name: '',
      groups: ['dev', 'ops'],
      roles: ['compute_admin'],
      projects: [project],
      createdAtMs: NOW_MS,
    });
  });

  test('asking again with the same id makes nothing new, asking for another user is a conflict', async () => {
    const { context, clock } = await aliceHarness();
    clock.ms += 1000;
    const alice = { id: ALICE, customerId: 'acme', groups: ['group1'], name: 'Alice' };

    expect(await createUser(context, alice)).toMatchObject({ created: false, row: { createdAtMs: NOW_MS } });
    await expect(createUser(context, { ...alice, groups: ['group2'] })).rejects.toMatchObject({ kind: 'conflict' });
  });

  test.each([
    ['an unknown customer', { customerId: 'nobody' }, 'unknown_customer'],
    ['an unknown project', { projects: ['proj_000000000000'] }, 'unknown_project'],
    ['an unknown role', { roles: ['root'] }, 'invalid_request'],
    ['no group', { groups: [] }, 'invalid_request'],
    ['a group with a space', { groups: ['a b'] }, 'invalid_request'],
    ['an id that is no UUID', { id: 'alice' }, 'invalid_request'],
    ['a name of two lines', { name: 'a\nb' }, 'invalid_request'],
  ])('%s is refused', async (_, overrides, reason) => {
    const { context } = await aliceHarness();

    const created = createUser(context, { customerId: 'acme', groups: ['group1'], ...overrides });

    await expect(created).rejects.toMatchObject({ reason });
  });

  test('a project of another customer is as unknown as none', async () => {
    const { context } = await aliceHarness();
    await createCustomer(context, { id: 'other', tier: 'pro' });
    const foreign = (await createProject(context, { customerId: 'other', name: 'x' })).row.id;

    await expect(updateUser(context, ALICE, { projects: [foreign] })).rejects.toMatchObject({
      message: `Customer acme has no project ${foreign}.`,
    });
  });

  test('members that a change does not name keep their values', async () => {
    const { context } = await aliceHarness();

    await updateUser(context, ALICE, { groups: ['dev'] });

    expect((await getUser(context, ALICE)).value).toMatchObject({ groups: ['dev'], name: 'Alice', customerId: 'acme' });
  });

  test('users are listed by customer', async () => {
    const { context } = await aliceHarness();
    await createCustomer(context, { id: 'other', tier: 'pro' });
    await createUser(context, { customerId: 'other', groups: ['g'] });

    expect((await listUsers(context, { limit: 10 })).items).toHaveLength(2);
    expect((await listUsers(context, { limit: 10, customerId: 'acme' })).items.map((row) => row.id)).toEqual([ALICE]);
  });

  test('a deleted user leaves no key and no session; others keep theirs', async () => {
    const { context, store } = await aliceHarness();
    const other = (await createUser(context, { customerId: 'acme', groups: ['g'] })).row.id;
    for (const userId of [ALICE, ALICE, other]) {
      await createApiKey(context, { userId, name: 'k', ttlMs: null });
      await createSession(context, { userId, ttlMs: 1000 });
    }

    expect(await deleteUser(context, ALICE)).toEqual({ apiKeys: 2, sessions: 2 });

    await expect(getUser(context, ALICE)).rejects.toMatchObject({ reason: 'unknown_user' });
    const keys = await store.query(ALL_API_KEYS, {}, { limit: 10 });
    const sessions = await store.query(ALL_SESSIONS, {}, { limit: 10 });
    expect([...keys.rows, ...sessions.rows].map((row) => row.value.userId)).toEqual([other, other]);
  });

  test('a user with instances is not deleted, and keeps every key, until they are gone', async () => {
    const { context, store } = await aliceHarness();
    await createApiKey(context, { userId: ALICE, name: 'k', ttlMs: null });
    const ids = Array.from({ length: 12 }, (_, i) => `tw-550e84-000000${String(i).padStart(2, '0')}`);
    await store.write(ids.map((id) => put(INSTANCE, id, anInstance({ id, userId: ALICE }))));

    await expect(deleteUser(context, ALICE)).rejects.toMatchObject({
      reason: 'in_use',
      uses: [{ what: `user ${ALICE}`, by: 'instances', count: 12, first: ids.slice(0, 10) }],
    });
    expect((await store.query(ALL_API_KEYS, {}, { limit: 10 })).rows).toHaveLength(1);

    await store.write(ids.map((id) => erase(ref(INSTANCE, id))));
    expect(await deleteUser(context, ALICE)).toEqual({ apiKeys: 1, sessions: 0 });
  });
});
