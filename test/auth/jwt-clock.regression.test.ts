import type { JWTPayload } from 'jose';
import { expect, test } from 'vitest';
import { createCustomer } from '#shared/accounts/customers.ts';
import { createProject } from '#shared/accounts/projects.ts';
import { Authenticator } from '#shared/auth/authenticator.ts';
import { RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { windowAt } from '#shared/domain/rate-limit.ts';
import { aliceHarness, ALICE, NOW_MS } from '#test/accounts/an-account.ts';
import { anIssuer, AUDIENCE, ISSUER } from './an-issuer.ts';

/*
 * A token was refused when the issuer's clock was a second ahead, and that counted as a failed sign-in of the address.
 * A token's `projects` claim was trusted even if the projects belong to another customer.
 */

const HERE = '203.0.113.7';
const NOW_SECONDS = NOW_MS / 1000;
const CLAIMS: JWTPayload = { iss: ISSUER, aud: AUDIENCE, sub: ALICE, exp: NOW_SECONDS + 60, customer_id: 'acme' };

async function harness() {
  const [accounts, issuer] = [await aliceHarness(), await anIssuer()];
  const { store, clock } = accounts;
  const authenticator = new Authenticator({
    store,
    nowMs: clock.nowMs,
    jwt: issuer.options,
    failedSignInsPerMinute: 3,
  });
  const signIn = async (claims: JWTPayload) =>
    authenticator.signIn({ type: 'bearer', token: await issuer.sign({ ...CLAIMS, ...claims }) }, HERE);
  const failures = async () =>
    (await store.get(ref(RATE_COUNTER, `sign-in|${HERE}|${windowAt(clock.nowMs()).index}`)))?.value.count ?? 0;
  return { ...accounts, signIn, failures };
}

test.each([
  ['not valid before five seconds from now', { nbf: NOW_SECONDS + 5 }],
  ['issued in five seconds', { iat: NOW_SECONDS + 5 }],
  ['expired four seconds ago', { exp: NOW_SECONDS - 4 }],
])('a token holds although the clocks differ by a few seconds: %s', async (_, claims) => {
  const { signIn } = await harness();

  expect((await signIn(claims)).principal).toMatchObject({ userId: ALICE, customerId: 'acme' });
});

test.each([
  ['not valid yet', { nbf: NOW_SECONDS + 6 }],
  ['expired', { exp: NOW_SECONDS - 5 }],
])(
  'a token that is refused for its clock alone is 401, however often, and no failed sign-in: %s',
  async (_, claims) => {
    const { signIn, failures } = await harness();

    for (let i = 0; i < 5; i += 1) await expect(signIn(claims)).rejects.toMatchObject({ kind: 'unauthenticated' });

    expect(await failures()).toBe(0);
  },
);

test.each([
  ['expired, and of another audience', { exp: NOW_SECONDS - 60, aud: 'billing-api' }],
  ['with a time that is none', { nbf: 'tomorrow' as unknown as number }],
])('a token that is wrong in another way as well is a failed sign-in: %s', async (_, claims) => {
  const { signIn, failures } = await harness();

  await expect(signIn(claims)).rejects.toMatchObject({ kind: 'unauthenticated' });

  expect(await failures()).toBe(1);
});

test('a claim gives only projects on record of the token’s own customer, in the order of the claim', async () => {
  const { context, signIn } = await harness();
  await createCustomer(context, { id: 'umbrella', tier: 'pro' });
  for (const [id, customerId] of [
    ['proj_acme00000000', 'acme'],
    ['proj_acme00000001', 'acme'],
    ['proj_umbrella0000', 'umbrella'],
  ] as const)
    await createProject(context, { id, customerId, name: id });

  const projects = ['proj_acme00000001', 'proj_umbrella0000', 'proj_nobody000000', '__proj__', '', 'proj_acme00000000'];
  const { principal } = await signIn({ projects });

  expect(principal.projects).toEqual(['proj_acme00000001', 'proj_acme00000000']);
});
