import { apiKeyState } from '#shared/domain/credential-state.ts';
import { describe, expect, test } from 'vitest';
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey } from '#shared/accounts/api-keys.ts';
import { secretHash } from '#shared/accounts/credential-text.ts';
import {
  createSession,
  listSessions,
  revokeSession,
  revokeSessionsOf,
  sessionState,
} from '#shared/accounts/sessions.ts';
import { createUser } from '#shared/accounts/users.ts';
import { API_KEY, SESSION } from '#shared/datastore/account-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { ALICE, aliceHarness, NOW_MS } from './an-account.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOBODY = '550e8400-e29b-41d4-a716-44665544ffff';

describe('API keys', () => {
  test('a key is stored with the hash of its secret and never with the secret', async () => {
    const { context, store } = await aliceHarness();

    const { row, secret } = await createApiKey(context, { userId: ALICE, name: 'laptop', ttlMs: 90 * DAY_MS });

    const stored = await store.get(ref(API_KEY, row.id));
    expect(stored?.value).toEqual({
      id: row.id,
      userId: ALICE,
      customerId: 'acme',
      name: 'laptop',
      secretHash: secretHash(secret),
      createdAtMs: NOW_MS,
      expiresAtMs: NOW_MS + 90 * DAY_MS,
      revokedAtMs: null,
      lastUsedAtMs: null,
    });
    expect(JSON.stringify(stored)).not.toContain(secret);
  });

  test('a key for an unknown user is refused', async () => {
    const { context } = await aliceHarness();

    await expect(createApiKey(context, { userId: NOBODY, name: 'k', ttlMs: null })).rejects.toMatchObject({
      reason: 'unknown_user',
    });
  });

  test('a given key is created once, and refused to other users', async () => {
    const { context } = await aliceHarness();
    const other = (await createUser(context, { customerId: 'acme', groups: ['g'] })).row.id;
    const given = { id: 'ak_live_0123456789abcdef', secret: `sk_${'a'.repeat(43)}` };
    const wanted = { userId: ALICE, name: 'k', ttlMs: null, given };

    const first = await createApiKey(context, wanted);

    expect(await createApiKey(context, wanted)).toEqual(first);
    await expect(createApiKey(context, { ...wanted, userId: other })).rejects.toMatchObject({ kind: 'conflict' });
    await expect(
      createApiKey(context, { ...wanted, given: { ...given, secret: `sk_${'b'.repeat(43)}` } }),
    ).rejects.toMatchObject({ kind: 'conflict' });
    expect((await listApiKeys(context, { limit: 10 })).items).toHaveLength(1);
  });

  test('a repeat after a lost response does not create a second key', async () => {
    const { context, faults } = await aliceHarness();
    faults.add([{ service: 'datastore', method: 'commit', kind: 'lostAnswer', count: 1 }]);

    const { row } = await createApiKey(context, { userId: ALICE, name: 'k', ttlMs: null });

    expect((await listApiKeys(context, { limit: 10 })).items.map((item) => item.id)).toEqual([row.id]);
  });

  test('revoking ends a key; revoking it again keeps the first time', async () => {
    const { context, clock } = await aliceHarness();
    const { row } = await createApiKey(context, { userId: ALICE, name: 'k', ttlMs: null });

    await revokeApiKey(context, row.id);
    clock.ms += HOUR_MS;
    const again = await revokeApiKey(context, row.id);

    expect(again.revokedAtMs).toBe(NOW_MS);
    expect(apiKeyState(again, clock.ms)).toBe('revoked');
  });

  test('an unknown key and a text that may hold a secret are refused without repeating the latter', async () => {
    const { context } = await aliceHarness();
    const pasted = `ak_live_0123456789abcdef_sk_${'s'.repeat(43)}`;

    await expect(revokeApiKey(context, 'ak_live_0123456789abcdef')).rejects.toMatchObject({ reason: 'unknown_key' });
    await expect(revokeApiKey(context, pasted)).rejects.toMatchObject({
      kind: 'invalid_request',
      message: "A key's id is ak_live_ and 16 of a-z and 0-9, without its secret.",
    });
  });

  test('rotating makes a new key that lasts as long, and leaves the old one the time of grace', async () => {
    const { context, clock, store } = await aliceHarness();
    const old = await createApiKey(context, { userId: ALICE, name: 'ci', ttlMs: 30 * DAY_MS });
    clock.ms += 10 * DAY_MS;

    const issued = await rotateApiKey(context, old.row.id, { graceMs: DAY_MS });

    expect(issued.row.id).not.toBe(old.row.id);
    expect(issued.secret).not.toBe(old.secret);
    expect(issued.row).toMatchObject({
      userId: ALICE,
      customerId: 'acme',
      name: 'ci',
      createdAtMs: clock.ms,
      expiresAtMs: clock.ms + 30 * DAY_MS,
    });
    const previous = await store.get(ref(API_KEY, old.row.id));
    expect(previous?.value).toEqual({ ...old.row, expiresAtMs: clock.ms + DAY_MS });
    expect([DAY_MS - 1, DAY_MS].map((ms) => apiKeyState(issued.previous, clock.ms + ms))).toEqual(['valid', 'expired']);
  });

  test('grace does not make an old key last longer than it would have', async () => {
    const { context } = await aliceHarness();
    const { row } = await createApiKey(context, { userId: ALICE, name: 'k', ttlMs: HOUR_MS });

    const { previous } = await rotateApiKey(context, row.id, { graceMs: DAY_MS });

    expect(previous.expiresAtMs).toBe(NOW_MS + HOUR_MS);
  });

  test.each([
    ['kept: until revoked', null, undefined, null],
    ['given anew', null, DAY_MS, NOW_MS + DAY_MS],
    ['taken away', DAY_MS, null, null],
  ] as const)('the end of a rotated key is %s', async (_, before, after, expiresAtMs) => {
    const { context } = await aliceHarness();
    const { row } = await createApiKey(context, { userId: ALICE, name: 'k', ttlMs: before });

    const rotation = { graceMs: HOUR_MS, ...(after === undefined ? {} : { ttlMs: after }) };
    const issued = await rotateApiKey(context, row.id, rotation);

    expect(issued.row.expiresAtMs).toBe(expiresAtMs);
  });

  test('a revoked or expired key has no successor', async () => {
    const { context, clock } = await aliceHarness();
    const revoked = await createApiKey(context, { userId: ALICE, name: 'a', ttlMs: null });
    const expired = await createApiKey(context, { userId: ALICE, name: 'b', ttlMs: HOUR_MS });
    await revokeApiKey(context, revoked.row.id);
    clock.ms += HOUR_MS;

    for (const [id, reason] of [
      [revoked.row.id, 'revoked'],
      [expired.row.id, 'expired'],
    ] as const) {
      await expect(rotateApiKey(context, id, { graceMs: 1 })).rejects.toMatchObject({ kind: 'conflict', reason });
    }
    expect((await listApiKeys(context, { limit: 10 })).items).toHaveLength(2);
  });
});

describe('sessions', () => {
  test('a session is stored under the hash of its token and nothing else of it', async () => {
    const { context, store } = await aliceHarness();

    const { id, token } = await createSession(context, { userId: ALICE, ttlMs: HOUR_MS });

    const stored = await store.get(ref(SESSION, secretHash(token)));
    expect(stored?.id).toBe(id);
    expect(stored?.value).toEqual({
      userId: ALICE,
      customerId: 'acme',
      createdAtMs: NOW_MS,
      expiresAtMs: NOW_MS + HOUR_MS,
      revokedAtMs: null,
    });
    expect(JSON.stringify(stored)).not.toContain(token);
  });

  test('a given token is kept and its end set anew', async () => {
    const { context, clock } = await aliceHarness();
    const wanted = { userId: ALICE, ttlMs: HOUR_MS, token: `cs_${'t'.repeat(43)}` };
    await createSession(context, wanted);
    clock.ms += 1000;

    const { row } = await createSession(context, wanted);

    expect(row).toMatchObject({ createdAtMs: NOW_MS, expiresAtMs: NOW_MS + 1000 + HOUR_MS });
    expect((await listSessions(context, { limit: 10 })).items).toHaveLength(1);
  });

  test('a revoked session stays ended, with its token given or not', async () => {
    const { context, clock } = await aliceHarness();
    const { id, token } = await createSession(context, { userId: ALICE, ttlMs: HOUR_MS });
    await revokeSession(context, id);
    clock.ms += 1000;

    expect((await revokeSession(context, id)).revokedAtMs).toBe(NOW_MS);
    await expect(createSession(context, { userId: ALICE, ttlMs: HOUR_MS, token })).rejects.toMatchObject({
      kind: 'conflict',
    });
  });

  test('all sessions of a user end at once; those of others do not', async () => {
    const { context, clock } = await aliceHarness();
    const other = (await createUser(context, { customerId: 'acme', groups: ['g'] })).row.id;
    await createSession(context, { userId: ALICE, ttlMs: 1 });
    await createSession(context, { userId: ALICE, ttlMs: HOUR_MS });
    await createSession(context, { userId: ALICE, ttlMs: HOUR_MS });
    await createSession(context, { userId: other, ttlMs: HOUR_MS });
    clock.ms += 1;

    expect(await revokeSessionsOf(context, ALICE)).toBe(2);

    const { items } = await listSessions(context, { limit: 10, userId: ALICE });
    expect(items.map((row) => sessionState(row.value, clock.ms)).sort()).toEqual(['expired', 'revoked', 'revoked']);
    const others = await listSessions(context, { limit: 10, userId: other });
    expect(others.items.map((row) => sessionState(row.value, clock.ms))).toEqual(['valid']);
  });

  test('an unknown id is refused without repeating it, for it may be a token', async () => {
    const { context } = await aliceHarness();
    const { token } = await createSession(context, { userId: ALICE, ttlMs: HOUR_MS });

    await expect(revokeSession(context, token)).rejects.toMatchObject({
      reason: 'unknown_session',
      message: 'There is no session of that id: ids are 64 hex digits, as `sessions list` shows them.',
    });
  });
});
