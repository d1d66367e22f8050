import { describe, expect, test } from 'vitest';
import { RateLimiter } from '#shared/actions/rate-limiter.ts';
import { API_KEY } from '#shared/datastore/account-rows.ts';
import { RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { ALICE, NOW_MS, TIER } from '#test/http/a-pipeline.ts';
import { testDatastore } from '#test/support/datastore.ts';

const BOB = { ...ALICE, userId: '550e8400-e29b-41d4-a716-44665544b0b0' };
const CAROL = { ...ALICE, customerId: 'umbrella' };

function tier(create: number) {
  return { ...TIER, perMinute: { ...TIER.perMinute, create } };
}

async function harness() {
  const { store, faults } = await testDatastore();
  const clock = { ms: NOW_MS };
  const limiter = () => new RateLimiter({ store, nowMs: () => clock.ms });
  return { store, faults, clock, limiter };
}

test('many processes at once grant exactly the limit of a minute, and the next minute begins anew', async () => {
  const { clock, limiter } = await harness();
  const processes = [limiter(), limiter(), limiter()];
  const spendAll = async () =>
    Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        (processes[i % 3] ?? limiter()).spend(i % 2 ? ALICE : BOB, tier(7), 'create', []),
      ),
    );

  const first = await spendAll();
  clock.ms += 60_000;
  const second = await spendAll();

  for (const tokensTaken of [first, second]) expect(tokensTaken.filter(({ granted }) => granted)).toHaveLength(7);
  expect(first.map(({ remaining }) => remaining).sort()).toContain(6);
});

test('customers and operations do not spend each other’s tokens', async () => {
  const { limiter } = await harness();
  const process = limiter();
  await process.spend(ALICE, tier(1), 'create', []);

  expect((await process.spend(CAROL, tier(1), 'create', [])).granted).toBe(true);
  expect((await process.spend(ALICE, { ...TIER }, 'list', [])).granted).toBe(true);
  expect((await process.spend(BOB, tier(1), 'create', [])).granted).toBe(false);
});

test('a counter that is used up is not read again within its minute', async () => {
  const { limiter, store, clock } = await harness();
  const process = limiter();
  for (let i = 0; i < 5; i += 1) await process.spend(ALICE, tier(1), 'create', []);

  const counter = await store.get(ref(RATE_COUNTER, `acme|create|${Math.floor(clock.ms / 60_000)}`));
  expect(counter?.value.count).toBe(1);
});

test.each([
  [-1, true],
  [0, false],
])('a limit of %i counts nothing, and grants: %s', async (limit, granted) => {
  const { limiter, store, clock } = await harness();
  const process = limiter();

  expect((await process.spend(ALICE, tier(limit), 'create', [])).granted).toBe(granted);
  expect(await store.get(ref(RATE_COUNTER, `acme|create|${Math.floor(clock.ms / 60_000)}`))).toBeUndefined();
});

describe('what is to be noted', () => {
  const note = put(API_KEY, 'ak_live_0123456789abcdef', {
    id: 'ak_live_0123456789abcdef',
    userId: ALICE.userId,
    customerId: 'acme',
    name: 'k',
    secretHash: '00',
    createdAtMs: NOW_MS,
    expiresAtMs: null,
    revokedAtMs: null,
    lastUsedAtMs: NOW_MS,
  });

  test.each([-1, 0, 5])('is written along with a token of a limit of %i', async (limit) => {
    const { limiter, store } = await harness();

    await limiter().spend(ALICE, tier(limit), 'create', [note]);

    expect((await store.get(ref(API_KEY, 'ak_live_0123456789abcdef')))?.value.lastUsedAtMs).toBe(NOW_MS);
  });
});

test('a store that does not answer grants nothing', async () => {
  const { limiter, faults } = await harness();
  faults.add([{ service: 'datastore', method: 'commit', kind: 'error', count: 10 }]);

  await expect(limiter().spend(ALICE, tier(5), 'create', [])).rejects.toMatchObject({ kind: 'unavailable' });
});

test('a refusal says how long to wait, and what the tier lacks', async () => {
  const { limiter } = await harness();
  const process = limiter();
  const used = await process.spend(ALICE, tier(1), 'create', []);
  const none = await process.spend(ALICE, tier(0), 'create', []);

  expect(process.refusal(used)).toMatchObject({
    kind: 'rate_limited',
    retryAfterSeconds: 35,
    message: 'More than 1 create requests in a minute. Please wait 35 s.',
  });
  expect(process.refusal(none)).toMatchObject({
    kind: 'forbidden',
    reason: 'not_in_tier',
    retryAfterSeconds: undefined,
    message: expect.stringMatching(/^Your tier does not include create requests\./) as string,
  });
});

test('requests that meet spend their tokens in one write, each in its own place', async () => {
  const { limiter, faults, store, clock } = await harness();
  faults.add([{ service: 'datastore', method: 'commit', kind: 'delay', delayMs: 0, count: 100 }]);
  const process = limiter();

  const spent = await Promise.all([1, 2, 3, 4, 5].map(() => process.spend(ALICE, tier(3), 'create', [])));

  expect(spent.map(({ granted }) => granted)).toEqual([true, true, true, false, false]);
  expect(faults.list()).toMatchObject([{ left: 99 }]);
  const counter = await store.get(ref(RATE_COUNTER, `acme|create|${Math.floor(clock.ms / 60_000)}`));
  expect(counter?.value.count).toBe(5);
});
