import { expect, test } from 'vitest';
import { CUSTOMER } from '#shared/datastore/account-rows.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { windowAt } from '#shared/domain/rate-limit.ts';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';

const cloud = sharedLocalCloud({ args: ['--function-processes', '8', '--boot-seconds', '0.2'] });
const LIMIT = 20;
const ASKED = 120;
const PATH = '/api/compute/v1/templates';

/** Moves a customer to a tier with a small limit, before their first request. */
async function narrow(customerId: string): Promise<void> {
  const records = new Records(cloud().connection);
  const pro = await records.store.get(ref(TIER, 'pro'));
  if (pro === undefined) throw new Error('The local catalogue has no tier pro.');
  const { value } = pro;
  await records.store.write([
    put(TIER, 'narrow', { ...value, name: 'narrow', perMinute: { ...value.perMinute, catalog: LIMIT } }),
    put(CUSTOMER, customerId, { id: customerId, name: customerId, tier: 'narrow' }),
  ]);
  await records.close();
}

/** Moves the clock to the beginning of a minute, so that the next requests fall into one minute. */
async function nextMinute(): Promise<void> {
  const { body } = await cloud().control('POST', '/clock', { advanceSeconds: 0 });
  const nowMs = Date.parse((body as { readonly now: string }).now);
  await cloud().advance((windowAt(nowMs).endsAtMs - nowMs) / 1000 + 0.01);
}

test('eight processes hammered together admit exactly the limit in a minute, and say so in every answer', async () => {
  await narrow('acme');
  await nextMinute();
  const ask = (who: 'alice' | 'bob') => cloud().request(who, 'GET', PATH);

  const answers = await Promise.all(
    Array.from({ length: ASKED }, (_, index) => ask(index % 2 === 0 ? 'alice' : 'bob')),
  );
  const another = await cloud().request('carol', 'GET', PATH);
  await nextMinute();
  const later = await ask('alice');

  const granted = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  expect([granted.length, refused.length]).toEqual([LIMIT, ASKED - LIMIT]);
  const left = granted.map(({ headers }) => Number(/;r=(\d+);/.exec(headers.get('ratelimit') ?? '')?.[1]));
  expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: LIMIT }, (_, index) => index));
  for (const { headers } of answers) {
    expect(headers.get('ratelimit-policy')).toBe(`"catalog";q=${LIMIT};w=60`);
    expect(headers.get('ratelimit')).toMatch(/^"catalog";r=\d+;t=\d+$/);
  }
  for (const { headers, body } of refused) {
    expect(headers.get('ratelimit')).toMatch(/;r=0;/);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(body).toMatchObject({ reason: 'rate_limited' });
  }
  expect(another.status).toBe(200);
  expect(later.status).toBe(200);
  expect(later.headers.get('ratelimit')).toMatch(new RegExp(`;r=${LIMIT - 1};`));
});

test('a request that is refused for another reason has taken its token too, and says what is left', async () => {
  await nextMinute();
  const path = `${PATH}/nothing-like-this/zones`;

  const unknown = await cloud().request('alice', 'GET', path);
  const invalid = await cloud().request('alice', 'GET', `${PATH}?unknown=1`);

  expect([unknown.status, invalid.status]).toEqual([404, 400]);
  expect(unknown.headers.get('ratelimit')).toMatch(new RegExp(`;r=${LIMIT - 1};`));
  expect(invalid.headers.get('ratelimit')).toMatch(new RegExp(`;r=${LIMIT - 2};`));
});
