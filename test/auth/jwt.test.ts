import type { JWTPayload } from 'jose';
import { describe, expect, test } from 'vitest';
import { createProject } from '#shared/accounts/projects.ts';
import { Authenticator } from '#shared/auth/authenticator.ts';
import { readCredential } from '#shared/auth/credential.ts';
import { Failure } from '#shared/domain/failure.ts';
import { aliceHarness, ALICE, NOW_MS } from '#test/accounts/an-account.ts';
import { anIssuer, AUDIENCE, ISSUER, type KeySetAnswer } from './an-issuer.ts';

const HERE = '203.0.113.7';
const NOW_SECONDS = NOW_MS / 1000;
const CLAIMS: JWTPayload = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: ALICE,
  exp: NOW_SECONDS + 60,
  customer_id: 'acme',
  projects: ['proj_acme00000000'],
  groups: ['group1', 'group2'],
  roles: ['compute_admin'],
};

async function harness() {
  const [accounts, issuer] = [await aliceHarness(), await anIssuer()];
  await createProject(accounts.context, { customerId: 'acme', name: 'web', id: 'proj_acme00000000' });
  const authenticator = () =>
    new Authenticator({
      store: accounts.store,
      nowMs: accounts.clock.nowMs,
      jwt: issuer.options,
      failedSignInsPerMinute: 3,
    });
  const signIn = async (token: string, process = authenticator()) =>
    process.signIn(readCredential({ 'x-forwarded-authorization': `Bearer ${token}` }), HERE);
  return { ...accounts, issuer, authenticator, signIn };
}

async function outcome(signIn: Promise<unknown>): Promise<string> {
  return signIn.then(
    () => 'in',
    (thrown: unknown) => (thrown instanceof Failure ? `${thrown.kind}: ${thrown.reason}` : String(thrown)),
  );
}

const WRONG = 'unauthenticated: credentials_invalid';

test('a good token proves who its claims name, on the tier of the customer on record', async () => {
  const { issuer, signIn } = await harness();

  const { principal, notes } = await signIn(await issuer.sign({ ...CLAIMS, jti: 'token-1' }));

  expect(principal).toMatchObject({
    userId: ALICE,
    customerId: 'acme',
    projects: ['proj_acme00000000'],
    groups: ['group1', 'group2'],
    roles: ['compute_admin'],
    tier: 'pro',
    credential: { type: 'jwt', id: 'token-1' },
  });
  expect(notes).toEqual([]);
});

test('claims that are not lists of text give nothing', async () => {
  const { issuer, signIn } = await harness();

  const { principal } = await signIn(
    await issuer.sign({ ...CLAIMS, projects: 'proj', groups: { 0: 'group1' }, roles: ['emperor', 7, null] }),
  );

  expect(principal).toMatchObject({ projects: [], groups: [], roles: [] });
});

describe('a token that does not hold is refused', () => {
  test.each([
    ['another issuer', { iss: 'https://evil.example' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'billing-api' }],
    ['no audience', { aud: undefined }],
    ['expired', { exp: NOW_SECONDS - 5 }],
    ['no expiry', { exp: undefined }],
    ['not valid yet', { nbf: NOW_SECONDS + 30 }],
    ['no user', { sub: undefined }],
    ['a user that is no UUID', { sub: 'alice' }],
    ['no customer', { customer_id: undefined }],
    ['a customer that is no text', { customer_id: 7 }],
    ['an empty customer', { customer_id: '' }],
    ['an unknown customer', { customer_id: 'nobody' }],
    ['a reserved customer', { customer_id: '__acme__' }],
    ['a customer too long to be one', { customer_id: 'a'.repeat(2_000) }],
  ])('%s', async (_, change) => {
    const { issuer, signIn } = await harness();
    const claims = Object.fromEntries(
      Object.entries({ ...CLAIMS, ...change }).filter(([, value]) => value !== undefined),
    );

    expect(await outcome(signIn(await issuer.sign(claims)))).toBe(WRONG);
  });

  test('unsigned (alg none)', async () => {
    const { issuer, signIn } = await harness();

    expect(await outcome(signIn(issuer.unsigned(CLAIMS)))).not.toBe('in');
    expect(await outcome(signIn(`${issuer.unsigned(CLAIMS)}AAAA`))).toBe(WRONG);
  });

  test('the public key taken for a shared secret (HS256)', async () => {
    const { issuer, signIn } = await harness();

    expect(await outcome(signIn(await issuer.signWithPublicKey(CLAIMS)))).toBe(WRONG);
    expect(issuer.state.asked).toBe(0);
  });

  test('signed by another key under the same name, and by a key that the set does not have', async () => {
    const { issuer, signIn } = await harness();

    expect(await outcome(signIn(await issuer.signByOther(CLAIMS)))).toBe(WRONG);
    expect(await outcome(signIn(await issuer.sign(CLAIMS, { kid: 'k2' })))).toBe(WRONG);
  });

  test('claims changed after they were signed', async () => {
    const { issuer, signIn } = await harness();
    const [head, , signature] = (await issuer.sign(CLAIMS)).split('.');
    const forged = Buffer.from(JSON.stringify({ ...CLAIMS, customer_id: 'umbrella' })).toString('base64url');

    expect(await outcome(signIn(`${head}.${forged}.${signature}`))).toBe(WRONG);
  });

  test.each(['a.b.c', 'e30.e30.e30', `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.bm8.AAAA`])(
    'garbage: %s',
    async (token) => {
      const { signIn } = await harness();

      expect(await outcome(signIn(token))).toBe(WRONG);
    },
  );
});

test('a cached token is refused the moment it expires', async () => {
  const { issuer, authenticator, signIn, clock } = await harness();
  const process = authenticator();
  const token = await issuer.sign({ ...CLAIMS, exp: NOW_SECONDS + 5 });

  expect(await outcome(signIn(token, process))).toBe('in');
  // Tokens are accepted for five seconds after their end.
  clock.ms += 9_999;
  expect(await outcome(signIn(token, process))).toBe('in');
  clock.ms += 1;
  expect(await outcome(signIn(token, process))).toBe(WRONG);
});

test('an opaque session is still one where an issuer is configured', async () => {
  const { signIn, issuer } = await harness();

  expect(await outcome(signIn(`cs_${'x'.repeat(43)}`))).toBe(WRONG);
  expect(issuer.state.asked).toBe(0);
});

describe('keys that cannot be had', () => {
  test.each<KeySetAnswer>(['error', 'nonsense', 'not a key set', 'hang up'])(
    '%s: unavailable, neither a way in nor a wrong token',
    async (answer) => {
      const { issuer, signIn } = await harness();
      issuer.state.answer = answer;
      const token = await issuer.sign(CLAIMS);

      expect(await outcome(signIn(token))).toBe('unavailable: issuer_unavailable');
      expect(await outcome(signIn(issuer.unsigned(CLAIMS)))).not.toBe('in');
    },
  );

  test('do not lock an address out, and tokens hold again once they can be had', async () => {
    const { issuer, signIn } = await harness();
    const token = await issuer.sign(CLAIMS);
    issuer.state.answer = 'error';
    for (let i = 0; i < 5; i += 1) expect(await outcome(signIn(token))).toBe('unavailable: issuer_unavailable');
    issuer.state.answer = 'keys';

    expect(await outcome(signIn(token))).toBe('in');
  });
});

test('an address that sends too many wrong tokens is told to wait, and its right ones hold', async () => {
  const { issuer, authenticator, signIn } = await harness();
  const process = authenticator();
  const wrong = await issuer.signByOther(CLAIMS);
  for (let i = 0; i < 3; i += 1) expect(await outcome(signIn(wrong, process))).toBe(WRONG);

  expect(await outcome(signIn(wrong, process))).toBe('rate_limited: too_many_failed_sign_ins');
  expect(await outcome(signIn(await issuer.sign(CLAIMS), process))).toBe('in');
  expect(await outcome(signIn(await issuer.sign(CLAIMS)))).toBe('in');
});
