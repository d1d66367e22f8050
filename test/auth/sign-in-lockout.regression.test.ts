import { describe, expect, test } from 'vitest';
import { createApiKey } from '#shared/accounts/api-keys.ts';
import { createCustomer } from '#shared/accounts/customers.ts';
import { createSession } from '#shared/accounts/sessions.ts';
import { Authenticator } from '#shared/auth/authenticator.ts';
import type { Credential } from '#shared/auth/credential.ts';
import { RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import { USER } from '#shared/datastore/account-rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { windowAt } from '#shared/domain/rate-limit.ts';
import { ALICE, aliceHarness } from '#test/accounts/an-account.ts';
import { storeWith } from '#test/support/store-with.ts';

/*
 * Failed sign-ins blocked every valid sign-in from the same address, which behind API Gateway can be that of all
 * callers. Each failed sign-in cost a look-up and a write, even if the credential was malformed.
 */

const HERE = '203.0.113.7';
const FAILURES_MAX = 3;
const X43 = 'x'.repeat(43);

async function harness() {
  const accounts = await aliceHarness();
  const { context, store, clock } = accounts;
  const key = await createApiKey(context, { userId: ALICE, name: 'k', ttlMs: null });
  const session = await createSession(context, { userId: ALICE, ttlMs: 3_600_000 });
  const calls: string[] = [];
  const counted = storeWith(store, {}, (name) => calls.push(name));
  const authenticator = () =>
    new Authenticator({ store: counted, nowMs: clock.nowMs, jwt: undefined, failedSignInsPerMinute: FAILURES_MAX });
  const right = {
    key: { type: 'key', id: key.row.id, secret: key.secret },
    session: { type: 'bearer', token: session.token },
  } as const satisfies Record<string, Credential>;
  return { ...accounts, key, calls, authenticator, right };
}

async function outcome(signIn: Promise<unknown>): Promise<string> {
  return signIn.then(
    () => 'in',
    (thrown: unknown) => (thrown instanceof Failure ? thrown.reason : String(thrown)),
  );
}

/** Unknown keys, a different one for each number. */
const wrong = (i: number): Credential => ({
  type: 'key',
  id: `ak_live_${String(i).padStart(16, '0')}`,
  secret: `sk_${X43}`,
});

test.each(['key', 'session'] as const)(
  'a right %s is let in from an address that has failed too often, in every process',
  async (which) => {
    const { authenticator, right } = await harness();
    const process = authenticator();
    const outcomes = [];
    for (let i = 0; i < 6; i += 1) outcomes.push(await outcome(process.signIn(wrong(i), HERE)));

    expect(outcomes.slice(FAILURES_MAX)).toEqual(Array(3).fill('too_many_failed_sign_ins'));
    expect(await outcome(process.signIn(right[which], HERE))).toBe('in');
    expect(await outcome(authenticator().signIn(right[which], HERE))).toBe('in');
  },
);

describe('what does not hold costs the store little', () => {
  test.each<[string, Credential]>([
    ['a key id of another form', { type: 'key', id: 'admin', secret: `sk_${X43}` }],
    ['a secret of another form', { type: 'key', id: 'ak_live_0000000000000000', secret: 'guess' }],
    ['a token of another form', { type: 'bearer', token: 'guess' }],
    ['a signed token where no issuer is configured', { type: 'bearer', token: 'a.b.c' }],
  ])('%s is refused without a look-up, and beyond the limit with 429', async (_, credential) => {
    const { authenticator, calls } = await harness();
    const process = authenticator();
    const outcomes = [];
    for (let i = 0; i <= FAILURES_MAX; i += 1) outcomes.push(await outcome(process.signIn(credential, HERE)));

    expect(outcomes.slice(0, -1)).toEqual(Array.from({ length: FAILURES_MAX }, () => 'credentials_invalid'));
    expect(outcomes.at(-1)).toBe('too_many_failed_sign_ins');
    expect(calls).toEqual([]);
  });

  test('an unknown key is looked up once in some seconds, whatever its secret, and then again', async () => {
    const { authenticator, calls, clock } = await harness();
    const process = authenticator();
    const reads = () => calls.filter((name) => name === 'get' || name === 'getAll').length;
    for (const letter of ['a', 'b', 'c'])
      await outcome(process.signIn({ ...wrong(1), secret: `sk_${letter.repeat(43)}` } as Credential, HERE));
    const before = reads();
    clock.ms += 5_000;
    await outcome(process.signIn(wrong(1), HERE));

    expect([before, reads()]).toEqual([1, 2]);
  });

  test('a key that is made after it was asked for holds after these seconds', async () => {
    const { authenticator, context, clock } = await harness();
    const process = authenticator();
    const given = { id: 'ak_live_0123456789abcdef', secret: `sk_${'a'.repeat(43)}` };
    const credential = { type: 'key', ...given } as const;
    expect(await outcome(process.signIn(credential, HERE))).toBe('credentials_invalid');
    await createApiKey(context, { userId: ALICE, name: 'given', ttlMs: null, given });
    clock.ms += 5_000;

    expect(await outcome(process.signIn(credential, HERE))).toBe('in');
  });

  test('simultaneous failures share a write, and beyond the limit none is written', async () => {
    const { authenticator, calls, store, clock } = await harness();
    const process = authenticator();
    await Promise.all(Array.from({ length: 8 }, (_, i) => outcome(process.signIn(wrong(i), HERE))));
    for (let i = 8; i < 12; i += 1) await outcome(process.signIn(wrong(i), HERE));

    const counter = ref(RATE_COUNTER, `sign-in|${HERE}|${windowAt(clock.nowMs()).index}`);
    expect((await store.get(counter))?.value.count).toBe(8);
    expect(calls.filter((name) => name === 'increment')).toHaveLength(1);
  });
});

test('a key of one customer is none of another, to which its user has moved', async () => {
  const { authenticator, context, store, right } = await harness();
  await createCustomer(context, { id: 'umbrella', tier: 'pro' });
  const user = await store.get(ref(USER, ALICE));
  if (user === undefined) throw new Error('Alice is missing.');
  await store.write([put(USER, ALICE, { ...user.value, customerId: 'umbrella' })]);

  expect(await outcome(authenticator().signIn(right.key, HERE))).toBe('credentials_invalid');
});
