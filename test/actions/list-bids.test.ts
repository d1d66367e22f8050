import { describe, expect, test } from 'vitest';
import { type BidListRequest, listBids } from '#shared/actions/list-bids.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Bid } from '#shared/domain/bid.ts';
import { ListCursors } from '#shared/pagination/list-cursors.ts';
import { BID_LISTER, BIDS_PROJECT, seedBids } from '#test/bench/seed-bids.ts';
import { aBid } from '#test/support/a-bid.ts';
import { TEST_PROJECT, testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

const [FIRST, SECOND] = ['proj_a', 'proj_b'];

function bidAt(minute: number, overrides: Partial<Bid> = {}): Bid {
  return aBid({
    id: `bid_${String(minute).padStart(3, '0')}`,
    createdAtMs: minute * 60_000,
    project: FIRST,
    ...overrides,
  });
}

async function listOf(bids: readonly Bid[]) {
  const { store } = await testDatastore();
  await store.write(bids.map((bid) => put(BID, bid.id, bid)));
  const tools = { store, cursors: new ListCursors({ store, random: seededRandom(1) }) };
  const page = (more: Partial<BidListRequest> = {}) =>
    listBids(
      {
        caller: {
          userId: 'alice',
          customerId: 'acme',
          projects: [FIRST, SECOND],
          groups: ['group1'],
          roles: [],
          tier: 'pro',
          credential: { type: 'jwt', id: 't' },
        },
        project: FIRST,
        sort: 'byCreated',
        direction: 'desc',
        filters: {},
        limit: 100,
        cursor: undefined,
        ...more,
      },
      tools,
    );
  const walk = async (more: Partial<BidListRequest> = {}): Promise<readonly string[]> => {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const { bids: found, cursor: next } = await page({ limit: 1, ...more, cursor });
      ids.push(...found.map(({ id }) => id));
      cursor = next;
    } while (cursor !== undefined);
    return ids;
  };
  return { page, walk };
}

test('newest first by default, so that a name that is used again shows its new bid before the ended one', async () => {
  const { page } = await listOf([
    bidAt(1, { name: 'train', phase: 'ended' }),
    bidAt(2, { name: 'train' }),
    bidAt(3, { name: 'other' }),
  ]);

  expect((await page({ filters: { name: 'train' } })).bids.map(({ id }) => id)).toEqual(['bid_002', 'bid_001']);
});

test('a name is matched exactly', async () => {
  const { page } = await listOf([
    bidAt(1, { name: 'train' }),
    bidAt(2, { name: 'train-2' }),
    bidAt(3, { name: 'Train' }),
  ]);

  expect((await page({ filters: { name: 'train' } })).bids.map(({ id }) => id)).toEqual(['bid_001']);
});

describe.each([['byCreated'], ['byStatus']] as const)('sorted %s', (sort) => {
  test.each([['asc'], ['desc']] as const)('%s: pages of one row hold every bid once', async (direction) => {
    const bids = [1, 2, 3, 4, 5].map((minute) => bidAt(minute, { phase: minute % 2 === 0 ? 'ended' : 'waiting' }));
    const { page, walk } = await listOf(bids);

    const whole = (await page({ sort, direction })).bids.map(({ id }) => id);

    expect(await walk({ sort, direction })).toEqual(whole);
    expect(whole.toSorted()).toEqual(bids.map(({ id }) => id));
  });
});

test('without a project, the bids of all projects of the caller are one list, page by page', async () => {
  const { walk } = await listOf([
    bidAt(1),
    bidAt(2, { project: SECOND }),
    bidAt(3),
    bidAt(4, { project: SECOND }),
    bidAt(5, { project: 'proj_foreign' }),
  ]);

  expect(await walk({ project: undefined })).toEqual(['bid_004', 'bid_003', 'bid_002', 'bid_001']);
});

test('filters combine, and status is the word that is shown', async () => {
  const { page } = await listOf([
    bidAt(1, { phase: 'launching' }),
    bidAt(2, { phase: 'waiting', zone: 'us-central1-b' }),
    bidAt(3, { phase: 'held' }),
  ]);
  const found = async (filters: BidListRequest['filters']) => (await page({ filters })).bids.map(({ id }) => id);

  expect(await found({ status: 'Open' })).toEqual(['bid_002', 'bid_001']);
  expect(await found({ status: 'Open', zone: 'us-central1-a' })).toEqual(['bid_001']);
  expect(await found({ status: 'Allocated', instanceType: 'it_n1-standard-2' })).toEqual(['bid_003']);
  expect(await found({ instanceType: 'it_other' })).toEqual([]);
});

test('another customer’s bid in a project of the same name is not seen', async () => {
  const { page } = await listOf([bidAt(1, { customerId: 'umbrella' }), bidAt(2, { visibleBy: ['group2'] })]);

  expect((await page()).bids).toEqual([]);
});

test('a project that is not the caller’s is unknown, and a cursor of another list is refused', async () => {
  const { page } = await listOf([bidAt(1), bidAt(2)]);
  const { cursor } = await page({ limit: 1 });

  await expect(page({ project: 'proj_foreign' })).rejects.toMatchObject({ kind: 'not_found' });
  await expect(page({ direction: 'asc', cursor })).rejects.toMatchObject({ kind: 'invalid_request' });
});

test.each([
  ['the first page', {}],
  ['the bids of one name', { filters: { name: 'cluster-7' } }],
  ['a name that there is none of', { filters: { name: 'nothing' } }],
] as const)('%s is read by an index: as much with 5,000 bids as with 500', async (_, more) => {
  const reads: number[] = [];
  for (const count of [500, 5_000]) {
    const { store, emulator } = await testDatastore();
    seedBids(emulator, count, TEST_PROJECT);
    const tools = { store, cursors: new ListCursors({ store, random: seededRandom(1) }) };
    const request = { caller: BID_LISTER, project: BIDS_PROJECT, sort: 'byCreated', direction: 'desc' } as const;
    const before = emulator.stats().entitiesRead;
    await listBids({ ...request, filters: {}, limit: 20, cursor: undefined, ...more }, tools);
    reads.push(emulator.stats().entitiesRead - before);
  }

  expect(reads[1]).toBeLessThanOrEqual((reads[0] ?? 0) + 45);
  expect(reads[1]).toBeLessThan(60);
});
