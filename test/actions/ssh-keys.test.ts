import { describe, expect, test } from 'vitest';
import { createSshKey } from '#shared/actions/create-ssh-key.ts';
import { deleteSshKey } from '#shared/actions/delete-ssh-key.ts';
import { keysForInstance } from '#shared/actions/keys-for-instance.ts';
import { listSshKeys, readSshKey } from '#shared/actions/list-ssh-keys.ts';
import { requireKeyOnInstances } from '#shared/actions/require-key-on-instances.ts';
import { PROJECT } from '#shared/datastore/account-rows.ts';
import { SSH_KEY } from '#shared/datastore/catalog-rows.ts';
import { PROJECT_SSH_KEY } from '#shared/datastore/ssh-key-rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { PUBLIC_KEYS } from '#test/support/public-keys.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

const NOW_MS = 1_700_000_000_000;
const LINE = PUBLIC_KEYS['ssh-ed25519']?.line ?? '';

function principal(overrides: Partial<Principal> = {}): Principal {
  return {
    userId: '550e8400-e29b-41d4-a716-446655440000',
    customerId: 'acme',
    projects: ['proj_1'],
    groups: ['group1'],
    roles: [],
    tier: 'pro',
    credential: { type: 'jwt', id: 'token-1' },
    ...overrides,
  };
}

const ALICE = principal();
/** A user of the same project who is in none of alice's groups. */
const BOB = principal({ userId: 'b0b00000-0000-4000-8000-000000000000', groups: ['group9'] });
/** A user of another customer whose token claims alice's project. */
const MALLORY = principal({ userId: 'e0000000-0000-4000-8000-000000000000', customerId: 'umbrella' });
const LONER = principal({ userId: 'a0000000-0000-4000-8000-000000000000', projects: [] });
const ADMIN = principal({ customerId: 'platform', projects: ['proj_platform'], roles: ['compute_admin'] });
const BY_ADMIN = { caller: ADMIN, actor: { type: 'admin', id: ADMIN.userId }, requestId: 'request-1' } as const;

const by = (caller: Principal) =>
  ({ caller, actor: { type: 'user', id: caller.userId }, requestId: 'request-1' }) as const;

async function harness() {
  const { store } = await testDatastore();
  await store.write([put(PROJECT, 'proj_1', { id: 'proj_1', customerId: 'acme', name: 'one', createdAtMs: 0 })]);
  let nowMs = NOW_MS;
  const tools = { store, nowMs: () => (nowMs += 1), random: seededRandom(1) };
  const create = (caller: Principal, more: Partial<Parameters<typeof createSshKey>[0]> = {}) =>
    createSshKey(
      {
        ...by(caller),
        project: undefined,
        name: 'laptop',
        labels: {},
        publicKey: LINE,
        isDefault: false,
        required: false,
        pointer: '/public_key',
        ...more,
      },
      tools,
    );
  return { store, tools, create };
}

const idsOf = (keys: readonly Pick<ProjectSshKey, 'id'>[]) => keys.map(({ id }) => id);

describe('who sees a key', () => {
  test('all users of its project, and nobody else: not even a token that claims the project for another customer', async () => {
    const { tools, create } = await harness();
    const key = await create(ALICE);

    for (const caller of [ALICE, BOB]) {
      expect(idsOf(await listSshKeys({ caller, project: undefined }, tools))).toEqual([key.id]);
      expect(await readSshKey({ caller, keyId: key.id }, tools)).toEqual(key);
    }
    for (const caller of [MALLORY, LONER]) {
      expect(await listSshKeys({ caller, project: undefined }, tools)).toEqual([]);
      await expect(readSshKey({ caller, keyId: key.id }, tools)).rejects.toMatchObject({ reason: 'ssh_key_not_found' });
      await expect(deleteSshKey({ ...by(caller), keyId: key.id }, tools)).rejects.toMatchObject({ kind: 'not_found' });
      expect(await keysForInstance({ caller, project: 'proj_1', ids: [key.id] }, tools.store)).toEqual({
        keys: [],
        unknown: [{ index: 0, id: key.id }],
      });
    }
  });

  test('a user without a project has keys of their own', async () => {
    const { tools, create } = await harness();
    const key = await create(LONER, { isDefault: true });

    expect(idsOf(await listSshKeys({ caller: LONER, project: undefined }, tools))).toEqual([key.id]);
    const other = { ...LONER, userId: 'c0000000-0000-4000-8000-000000000000' };
    expect(await listSshKeys({ caller: other, project: undefined }, tools)).toEqual([]);
    expect((await keysForInstance({ caller: LONER, project: '', ids: undefined }, tools.store)).keys).toHaveLength(1);
  });

  test('an administrator sees the keys of a project, and stores one for its customer', async () => {
    const { tools, create } = await harness();
    const own = await create(ALICE);
    const given = await create(ADMIN, { project: 'proj_1', required: true });

    expect(idsOf(await listSshKeys({ caller: ADMIN, project: 'proj_1' }, tools))).toEqual([given.id, own.id]);
    expect(given.customerId).toBe('acme');
    expect(idsOf(await listSshKeys({ caller: ALICE, project: undefined }, tools))).toEqual([given.id, own.id]);
  });

  test('a project that is not the caller’s is not found', async () => {
    const { tools, create } = await harness();

    await expect(listSshKeys({ caller: ALICE, project: 'proj_2' }, tools)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(create(ALICE, { project: 'proj_2' })).rejects.toMatchObject({ kind: 'not_found' });
  });
});

test('what is no public key is refused with what is wrong with it, and nothing is stored', async () => {
  const { tools, create } = await harness();

  await expect(create(ALICE, { publicKey: `no-pty ${LINE}` })).rejects.toMatchObject({
    kind: 'invalid_request',
    reason: 'invalid_public_key',
    fields: [{ place: 'body', pointer: '/public_key', message: expect.stringContaining('options') as string }],
  });
  expect(await listSshKeys({ caller: ALICE, project: undefined }, tools)).toEqual([]);
});

test('the same key again is another row; a project has at most 200', async () => {
  const { store, tools, create } = await harness();
  const key = await create(ALICE);
  await store.write(
    Array.from({ length: 198 }, (_, i) => ({ ...key, id: `key-${String(i).padStart(21, '0')}` })).map((other) =>
      put(PROJECT_SSH_KEY, other.id, other),
    ),
  );
  await create(ALICE);

  await expect(create(ALICE)).rejects.toMatchObject({ kind: 'quota_exceeded', reason: 'too_many_ssh_keys' });
  expect(new Set(idsOf(await listSshKeys({ caller: ALICE, project: undefined }, tools))).size).toBe(200);
});

test('only an administrator makes a key a required one, or not', async () => {
  const { tools, create } = await harness();
  const key = await create(ALICE);

  await expect(create(ALICE, { required: true })).rejects.toMatchObject({ kind: 'forbidden' });
  const required = await requireKeyOnInstances({ ...BY_ADMIN, keyId: key.id, required: true }, tools);

  expect(required).toEqual({ ...key, required: true });
  expect(await readSshKey({ caller: ALICE, keyId: key.id }, tools)).toEqual(required);
});

describe('the keys of a new instance', () => {
  test('are the named ones, in their order; the default ones when none are named; and always the required ones', async () => {
    const { store, tools, create } = await harness();
    await store.write([
      put(SSH_KEY, 'key-001', { id: 'key-001', customerId: '', name: 'ops', user: 'ops', publicKey: 'ssh-rsa AAAA' }),
      put(SSH_KEY, 'key-002', { id: 'key-002', customerId: 'umbrella', name: 'x', user: 'x', publicKey: 'ssh-rsa B' }),
    ]);
    const plain = await create(ALICE);
    const ready = await create(ALICE, { isDefault: true });
    const must = await create(ALICE);
    await requireKeyOnInstances({ ...BY_ADMIN, keyId: must.id, required: true }, tools);
    const given = async (ids: readonly string[] | undefined) => {
      const { keys, unknown } = await keysForInstance({ caller: ALICE, project: 'proj_1', ids }, store);
      return [keys.map(({ id }) => id), unknown.map(({ index }) => index)];
    };

    expect(await given(undefined)).toEqual([[ready.id, must.id], []]);
    expect(await given([])).toEqual([[must.id], []]);
    expect(await given(['key-001', plain.id])).toEqual([['key-001', plain.id, must.id], []]);
    expect(await given([plain.id, 'key-002', 'key-0000000000000000000000', 'KEY'])).toEqual([
      [plain.id, must.id],
      [1, 2, 3],
    ]);
  });
});

describe('a key that is deleted', () => {
  test('is gone from lists and creates', async () => {
    const { tools, create } = await harness();
    const key = await create(ALICE, { isDefault: true });

    await deleteSshKey({ ...by(BOB), keyId: key.id }, tools);

    expect(await listSshKeys({ caller: ALICE, project: undefined }, tools)).toEqual([]);
    expect((await keysForInstance({ caller: ALICE, project: 'proj_1', ids: undefined }, tools.store)).keys).toEqual([]);
    await expect(deleteSshKey({ ...by(ALICE), keyId: key.id }, tools)).rejects.toMatchObject({ kind: 'not_found' });
  });

  test('stays while something would still make machines with it', async () => {
    const { tools, create } = await harness();
    const key = await create(ALICE);
    const usedBy = async ({ id }: ProjectSshKey) => (id === key.id ? ['the spot bid bid_1'] : []);

    await expect(deleteSshKey({ ...by(ALICE), keyId: key.id, usedBy }, tools)).rejects.toMatchObject({
      kind: 'conflict',
      reason: 'ssh_key_in_use',
      message: expect.stringContaining('bid_1') as string,
    });
    expect(await readSshKey({ caller: ALICE, keyId: key.id }, tools)).toEqual(key);
  });
});
