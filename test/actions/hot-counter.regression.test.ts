import { describe, expect, test } from 'vitest';
import { RateLimiter } from '#shared/actions/rate-limiter.ts';
import { API_KEY } from '#shared/datastore/account-rows.ts';
import { RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import { plainTime } from '#shared/datastore/field.ts';
import { ref, touch } from '#shared/datastore/write.ts';
import { ALICE, NOW_MS, TIER } from '#test/http/a-pipeline.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

/*
 * A rate-limit commit that was ABORTED or not answered caused an immediate 503, later one that was ABORTED twice within
 * milliseconds, as a row is that is written more than once a second; every request of a customer wrote one
 * entity; and updating a removed key's last use failed the request after its token had been taken.
 */

const ABORTED = 10;
const UNAVAILABLE = 14;
/** Part of a limit that may go unused because processes take tokens in blocks. */
const UNUSED_MAX = 0.05;
const WINDOW = Math.floor(NOW_MS / 60_000);

function tier(list: number) {
  return { ...TIER, perMinute: { ...TIER.perMinute, list } };
}

async function harness() {
  const { store, faults } = await testDatastore();
  const limiter = new RateLimiter({ store, nowMs: () => NOW_MS });
  const counted = async () => (await store.get(ref(RATE_COUNTER, `acme|list|${WINDOW}`)))?.value.count;
  return { store, faults, limiter, counted };
}

describe('a commit of a token', () => {
  test.each([1, 5])('that was ABORTED %i times is repeated, and the token spent once', async (count) => {
    const { faults, limiter, counted } = await harness();
    faults.add([{ service: 'datastore', method: 'commit', kind: 'error', status: ABORTED, count }]);

    expect((await limiter.spend(ALICE, tier(5), 'list', [])).granted).toBe(true);
    expect(await counted()).toBe(1);
  });

  test('that got no answer is repeated once, and never counts for less than it grants', async () => {
    const { faults, limiter, counted } = await harness();
    faults.add([{ service: 'datastore', method: 'commit', kind: 'lostAnswer', count: 1 }]);

    expect((await limiter.spend(ALICE, tier(5), 'list', [])).granted).toBe(true);
    expect(await counted()).toBe(2);
  });

  test('that fails twice grants nothing', async () => {
    const { faults, limiter } = await harness();
    faults.add([{ service: 'datastore', method: 'commit', kind: 'error', status: UNAVAILABLE, count: 2 }]);

    await expect(limiter.spend(ALICE, tier(5), 'list', [])).rejects.toMatchObject({ kind: 'unavailable' });
    expect(faults.list()).toEqual([]);
  });
});

test("updating a removed key's last use neither fails the request nor takes a second token", async () => {
  const { limiter, counted } = await harness();
  const use = touch(ref(API_KEY, 'ak_live_0123456789abcdef'), 'lastUsedAtMs', NOW_MS, plainTime);

  const tokens = await Promise.all([1, 2].map(() => limiter.spend(ALICE, tier(5), 'list', [use])));

  expect(tokens.map(({ granted, remaining }) => [granted, remaining])).toEqual([
    [true, 4],
    [true, 3],
  ]);
  expect(await counted()).toBe(2);
});

interface Demand {
  readonly perSecond: number;
  readonly limit: number;
  readonly seed: number;
  /** Time from which one process gets all requests. */
  readonly aloneFromMs?: number;
}

/** Simulates processes that share one counter, with writes that take `WRITE_MS` and everything else immediate. */
async function run({ perSecond, limit, seed, aloneFromMs = 60_000 }: Demand) {
  const WRITE_MS = 20;
  const PROCESSES = 8;
  const random = seededRandom(seed);
  let nowMs = WINDOW * 60_000;
  const row = { count: 0, ahead: 0 };
  const due: { readonly atMs: number; readonly run: () => void }[] = [];
  const writes: number[] = Array.from({ length: PROCESSES }, () => 0);
  const limiters = writes.map((_, process) => {
    const incrementAll = (_target: unknown, amounts: Readonly<Record<string, number>>) =>
      new Promise<readonly number[]>((resolve) => {
        writes[process] = (writes[process] ?? 0) + 1;
        row.count += amounts['count'] ?? 0;
        row.ahead += amounts['ahead'] ?? 0;
        const answer = [row.count, row.ahead];
        due.push({ atMs: nowMs + WRITE_MS, run: () => resolve(answer) });
      });
    const store = { incrementAll, commitOnce: () => Promise.reject(new Error('nothing is deferred')) };
    return new RateLimiter({ store, nowMs: () => nowMs });
  });
  let granted = 0;
  const asked: Promise<void>[] = [];
  const requests = Math.floor(perSecond * 59);
  for (let i = 0; i < requests; i += 1) {
    const passedMs = (i * 1000) / perSecond;
    nowMs = WINDOW * 60_000 + passedMs;
    while ((due[0]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs) due.shift()?.run();
    const limiter = limiters[passedMs < aloneFromMs ? Math.floor(random.fraction() * PROCESSES) : 0];
    if (limiter === undefined) throw new Error('There is no such process.');
    asked.push(
      limiter.spend(ALICE, tier(limit), 'list', []).then((token) => {
        if (token.granted) granted += 1;
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
  }
  while (due.length > 0) {
    for (const { run: answer } of due.splice(0)) answer();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(asked);
  return { granted, requests, writes };
}

describe.each([
  { perSecond: 20, limit: 600 },
  { perSecond: 100, limit: 3_000 },
  { perSecond: 100, limit: 100_000 },
  { perSecond: 500, limit: 15_000 },
  { perSecond: 500, limit: 3_000 },
])('eight processes at $perSecond requests a second under a limit of $limit', ({ perSecond, limit }) => {
  test('write about once a second each at most, never grant more than the limit, and leave at most 5 % unused', async () => {
    const seed = Number(process.env['SEED'] ?? 20_261_126);

    const { granted, requests, writes } = await run({ perSecond, limit, seed });

    const told = `seed ${seed}: ${granted} granted, writes ${writes.join()}`;
    expect(granted, told).toBeLessThanOrEqual(limit);
    expect(granted, told).toBeGreaterThanOrEqual(Math.min(requests, limit) - UNUSED_MAX * limit);
    // Checked over a minute; single processes may write more often for a moment while others pause.
    expect(
      writes.reduce((sum, count) => sum + count, 0),
      told,
    ).toBeLessThanOrEqual(60 * writes.length);
    for (const count of writes) expect(count, told).toBeLessThanOrEqual(180);
  });
});

test.each([
  { perSecond: 20, limit: 600, aloneFromMs: 25_000 },
  { perSecond: 100, limit: 3_000, aloneFromMs: 25_000 },
  { perSecond: 500, limit: 3_000, aloneFromMs: 4_000 },
  { perSecond: 500, limit: 15_000, aloneFromMs: 25_000 },
])(
  'what seven processes hold when all requests go to the eighth is at most 5 % of a limit of $limit at $perSecond a second',
  async (demand) => {
    const seed = Number(process.env['SEED'] ?? 20_261_126);

    const { granted, writes } = await run({ ...demand, seed });

    const told = `seed ${seed}: ${granted} granted, writes ${writes.join()}`;
    expect(granted, told).toBeLessThanOrEqual(demand.limit);
    expect(granted, told).toBeGreaterThanOrEqual((1 - UNUSED_MAX) * demand.limit);
  },
);
