import { describe, expect, test, vi } from 'vitest';
import { createApiKey, revokeApiKey, rotateApiKey } from '#shared/accounts/api-keys.ts';
import { createSession, revokeSession } from '#shared/accounts/sessions.ts';
import { Authenticator } from '#shared/auth/authenticator.ts';
import type { Credential } from '#shared/auth/credential.ts';
import { API_KEY, CUSTOMER, USER } from '#shared/datastore/account-rows.ts';
import { erase, put, ref } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { ALICE, aliceHarness } from '#test/accounts/an-account.ts';

const HOUR_MS = 3_600_000;
const HERE = '203.0.113.7';
const FAILURES_MAX = 3;
/** A status that Google's client does not retry, so the test does not wait. */
const ABORTED = 10;

/** Creates alice with a key and a session, and authenticators like those of separate processes. */
async function harness() {
  const accounts = await aliceHarness();
  const { context, store, clock } = accounts;
  const key = await createApiKey(context, { userId: ALICE, name: 'k', ttlMs: HOUR_MS });
  const session = await createSession(context, { userId: ALICE, ttlMs: HOUR_MS });
  const authenticator = () =>
    new Authenticator({ store, nowMs: clock.nowMs, jwt: undefined, failedSignInsPerMinute: FAILURES_MAX });
  const keyCredential: Credential = { type: 'key', id: key.row.id, secret: key.secret };
  const sessionCredential: Credential = { type: 'bearer', token: session.token };
  return { ...accounts, key, session, authenticator, keyCredential, sessionCredential };
}

/** Returns the outcome of a sign-in as a word. */
async function outcome(signIn: Promise<unknown>): Promise<string> {
  return signIn.then(
    () => 'in',
    (thrown: unknown) => (thrown instanceof Failure ? thrown.reason : String(thrown)),
  );
}

describe('a credential that holds', () => {
  test('a key pair proves its user, with everything that access is judged by', async () => {
    const { authenticator, keyCredential, key } = await harness();

    const { principal } = await authenticator().signIn(keyCredential, HERE);

    expect(principal).toEqual({
      userId: ALICE,
      customerId: 'acme',
      projects: [],
      groups: ['group1'],
      roles: [],
      tier: 'pro',
      credential: { type: 'key', id: key.row.id, expiresAtMs: key.row.expiresAtMs },
    });
  });

  test('a session proves its user, and no more of its token is remembered than a beginning of its hash', async () => {
    const { authenticator, sessionCredential, session } = await harness();

    const { principal } = await authenticator().signIn(sessionCredential, HERE);

    expect(principal).toMatchObject({ userId: ALICE, credential: { type: 'session', id: session.id.slice(0, 12) } });
    expect(JSON.stringify(principal)).not.toContain(session.token.slice(3, 13));
  });

  test('a role that this version does not know gives no power', async () => {
    const { authenticator, keyCredential, store } = await harness();
    const user = await store.get(ref(USER, ALICE));
    if (user === undefined) throw new Error('Alice is missing.');
    await store.write([put(USER, ALICE, { ...user.value, roles: ['compute_admin', 'emperor'] })]);

    expect((await authenticator().signIn(keyCredential, HERE)).principal.roles).toEqual(['compute_admin']);
  });
});

describe('a credential whose holder is remembered', () => {
  const AGAIN_MS = 10_001;

  test.each(['keyCredential', 'sessionCredential'] as const)(
    'is verified again in one round trip: %s',
    async (which) => {
      const { authenticator, clock, store, ...credentials } = await harness();
      const process = authenticator();
      const readAll = vi.spyOn(store, 'getAll');
      await process.signIn(credentials[which], HERE);
      clock.ms += AGAIN_MS;
      readAll.mockClear();

      await process.signIn(credentials[which], HERE);

      expect(readAll).toHaveBeenCalledTimes(1);
    },
  );

  test('shows what has changed since', async () => {
    const { authenticator, clock, store, keyCredential } = await harness();
    const process = authenticator();
    await process.signIn(keyCredential, HERE);
    const user = await store.get(ref(USER, ALICE));
    if (user === undefined) throw new Error('Alice is missing.');
    await store.write([put(USER, ALICE, { ...user.value, groups: ['group2'] })]);
    clock.ms += AGAIN_MS;

    expect((await process.signIn(keyCredential, HERE)).principal.groups).toEqual(['group2']);
  });

  test('is the new holder once the key has another', async () => {
    const { authenticator, clock, store, key, keyCredential } = await harness();
    const process = authenticator();
    await process.signIn(keyCredential, HERE);
    const user = await store.get(ref(USER, ALICE));
    if (user === undefined) throw new Error('Alice is missing.');
    const other = '00000000-0000-4000-8000-00000000000b';
    await store.write([
      put(USER, other, { ...user.value, id: other, groups: ['others'] }),
      put(API_KEY, key.row.id, { ...key.row, userId: other }),
    ]);
    clock.ms += AGAIN_MS;

    expect((await process.signIn(keyCredential, HERE)).principal).toMatchObject({ userId: other, groups: ['others'] });
  });

  test('is refused once the user is gone', async () => {
    const { authenticator, clock, store, sessionCredential } = await harness();
    const process = authenticator();
    await process.signIn(sessionCredential, HERE);
    await store.write([erase(ref(USER, ALICE))]);
    clock.ms += AGAIN_MS;

    expect(await outcome(process.signIn(sessionCredential, HERE))).toBe('credentials_invalid');
  });
});

describe('a credential that does not hold', () => {
  test.each([
    ['an unknown key', { type: 'key', id: 'ak_live_ffffffffffffffff', secret: `sk_${'x'.repeat(43)}` }],
    ['a secret of another form', { type: 'key', id: 'ak_live_ffffffffffffffff', secret: 'sk_whatever' }],
    ['a key with a reserved name', { type: 'key', id: '__key__', secret: 'sk_whatever' }],
    ['an empty secret', { type: 'key', id: 'ak_live_ffffffffffffffff', secret: '' }],
    ['an unknown token', { type: 'bearer', token: `cs_${'x'.repeat(43)}` }],
    ['a token that looks signed where no issuer is configured', { type: 'bearer', token: 'a.b.c' }],
  ] as const)('%s is refused, in the same words', async (_, credential) => {
    const { authenticator } = await harness();

    await expect(authenticator().signIn(credential, HERE)).rejects.toMatchObject({
      kind: 'unauthenticated',
      reason: 'credentials_invalid',
      message: `${credential.type === 'key' ? 'A key' : 'A bearer token'} arrived that is not valid, or has expired or been revoked.`,
    });
  });

  test('a wrong secret, also the hash of the right one', async () => {
    const { authenticator, key } = await harness();

    for (const secret of [`${key.secret}x`, key.secret.slice(0, -1), key.row.secretHash, key.secret.toUpperCase()]) {
      const credential = { type: 'key', id: key.row.id, secret } as const;
      expect(await outcome(authenticator().signIn(credential, secret)), secret).toBe('credentials_invalid');
    }
  });

  test('missing and malformed ones say so, and are no failed sign-in', async () => {
    const { authenticator, keyCredential } = await harness();
    const process = authenticator();

    for (let i = 0; i < 10; i += 1) {
      expect(await outcome(process.signIn({ type: 'none' }, HERE))).toBe('credentials_missing');
      expect(await outcome(process.signIn({ type: 'malformed', why: 'Half.' }, HERE))).toBe('credentials_malformed');
    }
    expect(await outcome(process.signIn(keyCredential, HERE))).toBe('in');
  });

  test.each(['keyCredential', 'sessionCredential'] as const)('an expired one: %s', async (which) => {
    const { authenticator, clock, ...credentials } = await harness();
    clock.ms += HOUR_MS - 1;
    expect(await outcome(authenticator().signIn(credentials[which], HERE))).toBe('in');
    clock.ms += 1;
    expect(await outcome(authenticator().signIn(credentials[which], HERE))).toBe('credentials_invalid');
  });

  test('a revoked one', async () => {
    const { authenticator, context, key, session, keyCredential, sessionCredential } = await harness();
    await revokeApiKey(context, key.row.id);
    await revokeSession(context, session.id);

    expect(await outcome(authenticator().signIn(keyCredential, HERE))).toBe('credentials_invalid');
    expect(await outcome(authenticator().signIn(sessionCredential, HERE))).toBe('credentials_invalid');
  });

  test.each([
    ['user', ref(USER, ALICE)],
    ['customer', ref(CUSTOMER, 'acme')],
  ] as const)('one whose %s is gone', async (_, gone) => {
    const { authenticator, store, keyCredential, sessionCredential } = await harness();
    await store.write([erase<unknown>(gone)]);

    expect(await outcome(authenticator().signIn(keyCredential, HERE))).toBe('credentials_invalid');
    expect(await outcome(authenticator().signIn(sessionCredential, HERE))).toBe('credentials_invalid');
  });
});

test('a rotated key is good for its grace and not longer, its successor at once', async () => {
  const { authenticator, context, clock, key, keyCredential } = await harness();
  const { row, secret } = await rotateApiKey(context, key.row.id, { graceMs: 60_000 });

  expect(await outcome(authenticator().signIn({ type: 'key', id: row.id, secret }, HERE))).toBe('in');
  clock.ms += 59_999;
  expect(await outcome(authenticator().signIn(keyCredential, HERE))).toBe('in');
  clock.ms += 1;
  expect(await outcome(authenticator().signIn(keyCredential, HERE))).toBe('credentials_invalid');
});

describe('a verified credential is believed for a while', () => {
  test('for less than ten seconds the store is not asked again', async () => {
    const { authenticator, clock, faults, keyCredential } = await harness();
    const process = authenticator();
    await process.signIn(keyCredential, HERE);
    faults.add([{ service: 'datastore', method: 'lookup', kind: 'error', status: ABORTED, count: 100 }]);

    clock.ms += 9_999;
    expect(await outcome(process.signIn(keyCredential, HERE))).toBe('in');
    clock.ms += 1;
    expect(await outcome(process.signIn(keyCredential, HERE))).toBe('datastore_unavailable');
  });

  test('a revoked one is refused after ten seconds by every process', async () => {
    const { authenticator, context, clock, key, session, keyCredential, sessionCredential } = await harness();
    const processes = [authenticator(), authenticator()];
    for (const process of processes) {
      await process.signIn(keyCredential, HERE);
      await process.signIn(sessionCredential, HERE);
    }
    await revokeApiKey(context, key.row.id);
    await revokeSession(context, session.id);
    clock.ms += 10_000;

    for (const [index, process] of processes.entries()) {
      const there = `203.0.113.${index}`;
      expect(await outcome(process.signIn(keyCredential, there))).toBe('credentials_invalid');
      expect(await outcome(process.signIn(sessionCredential, there))).toBe('credentials_invalid');
    }
  });

  test.each(['keyCredential', 'sessionCredential'] as const)(
    'one that expires meanwhile is refused at that moment: %s',
    async (which) => {
      const { authenticator, clock, ...credentials } = await harness();
      const process = authenticator();
      clock.ms += HOUR_MS - 2_000;
      await process.signIn(credentials[which], HERE);

      clock.ms += 1_999;
      expect(await outcome(process.signIn(credentials[which], HERE))).toBe('in');
      clock.ms += 1;
      expect(await outcome(process.signIn(credentials[which], HERE))).toBe('credentials_invalid');
    },
  );

  test('a cached valid key does not make another secret valid', async () => {
    const { authenticator, key, keyCredential } = await harness();
    const process = authenticator();
    await process.signIn(keyCredential, HERE);

    const wrong = { type: 'key', id: key.row.id, secret: `sk_${'x'.repeat(43)}` } as const;
    expect(await outcome(process.signIn(wrong, HERE))).toBe('credentials_invalid');
  });
});

describe('an address that fails too often', () => {
  const wrong: Credential = { type: 'key', id: 'ak_live_ffffffffffffffff', secret: `sk_${'x'.repeat(43)}` };

  test('is told to wait for the end of the minute, in every process', async () => {
    const { authenticator, clock } = await harness();
    clock.ms += 20_000;
    const failures = [];
    for (let i = 0; i <= FAILURES_MAX; i += 1) failures.push(await outcome(authenticator().signIn(wrong, HERE)));

    expect(failures).toEqual([
      'credentials_invalid',
      'credentials_invalid',
      'credentials_invalid',
      'too_many_failed_sign_ins',
    ]);
    await expect(authenticator().signIn(wrong, HERE)).rejects.toMatchObject({
      kind: 'rate_limited',
      retryAfterSeconds: 40,
    });
  });

  test('does not affect another address', async () => {
    const { authenticator } = await harness();
    const process = authenticator();
    for (let i = 0; i < 5; i += 1) await outcome(process.signIn(wrong, HERE));

    expect(await outcome(process.signIn(wrong, '203.0.113.8'))).toBe('credentials_invalid');
  });

  test('is told 401 again in the next minute', async () => {
    const { authenticator, clock } = await harness();
    const process = authenticator();
    for (let i = 0; i < 5; i += 1) await outcome(process.signIn(wrong, HERE));
    clock.ms += 60_000;

    expect(await outcome(process.signIn(wrong, HERE))).toBe('credentials_invalid');
  });
});

test('a store that does not answer is unavailable, and never a way in or a wrong credential', async () => {
  const { authenticator, faults, keyCredential, sessionCredential } = await harness();
  for (const credential of [keyCredential, sessionCredential]) {
    faults.clear();
    faults.add([{ service: 'datastore', method: 'lookup', kind: 'error', status: ABORTED, count: 100 }]);

    await expect(authenticator().signIn(credential, HERE)).rejects.toMatchObject({ kind: 'unavailable' });
  }
});

describe('when a key was last used', () => {
  test('is noted at the first use, and again after ten minutes', async () => {
    const { authenticator, clock, store, key, keyCredential } = await harness();
    const noted = async () => {
      const { notes } = await authenticator().signIn(keyCredential, HERE);
      if (notes.length > 0) await store.write(notes);
      return (await store.get(ref(API_KEY, key.row.id)))?.value.lastUsedAtMs;
    };
    const startMs = clock.ms;

    expect(await noted()).toBe(startMs);
    clock.ms += 599_999;
    expect(await noted()).toBe(startMs);
    clock.ms += 1;
    expect(await noted()).toBe(startMs + 600_000);
  });

  test('changes nothing else of the key', async () => {
    const { authenticator, store, context, key, keyCredential } = await harness();
    const { notes } = await authenticator().signIn(keyCredential, HERE);
    await revokeApiKey(context, key.row.id);
    await store.write(notes);

    const { revokedAtMs, secretHash } = (await store.get(ref(API_KEY, key.row.id)))?.value ?? {};
    expect({ revokedAtMs, secretHash }).toEqual({
      revokedAtMs: expect.any(Number) as number,
      secretHash: key.row.secretHash,
    });
  });
});
