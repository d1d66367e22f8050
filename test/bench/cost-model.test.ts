import { describe, expect, test } from 'vitest';
import type { TracedCall } from './bench-cloud-messages.ts';
import { amountsOf, MEMORY_GIB, naiveOf, naivePolling, type Usage, usagePerRequest } from './cost-model.ts';
import { NO_USAGE, usageOf } from './datastore-usage.ts';
import { dollars } from './prices.ts';

const answered = (method: string, request: object, response: object, indexEntriesRead = 0) =>
  usageOf({ method, request, response, indexEntriesRead });
const row = { properties: { a: {}, expireAt: {} } };
const now = { seconds: 5, nanos: 0 };

describe('what Datastore bills', () => {
  test('a look-up: each key, also of a row that is not there', () => {
    expect(answered('lookup', {}, { found: [1, 2], missing: [3] })).toEqual({ ...NO_USAGE, reads: 3 });
  });

  test('a query: each entity found or skipped; of keys alone: one entity', () => {
    const response = { batch: { skippedResults: 2, entityResults: [1] } };

    expect(answered('runQuery', { query: { projection: [] } }, response)).toEqual({ ...NO_USAGE, reads: 3 });
    expect(answered('runQuery', { query: { projection: [{ property: { name: '__key__' } }] } }, response)).toEqual({
      ...NO_USAGE,
      reads: 1,
      small: 3,
    });
  });

  test.each([
    [0, 1],
    [1_000, 1],
    [1_001, 2],
  ])('a count that reads %i index entries: %i reads', (entries, reads) => {
    expect(answered('runAggregationQuery', {}, {}, entries)).toEqual({ ...NO_USAGE, reads });
  });

  test('a commit: writes, deletes, and a later delete for each row that was made to expire', () => {
    const mutations = [
      { operation: 'insert', insert: row },
      { operation: 'upsert', upsert: row },
      { operation: 'update', update: row },
      { operation: 'delete' },
    ];
    const mutationResults = [
      { createTime: now, updateTime: now },
      { createTime: { seconds: 1, nanos: 0 }, updateTime: now },
      { createTime: now, updateTime: now },
      {},
    ];

    expect(answered('commit', { mutations }, { indexUpdates: 7, mutationResults })).toEqual({
      ...NO_USAGE,
      writes: 3,
      deletes: 1,
      expiring: 1,
      indexEntries: 7,
    });
  });
});

test('usage is shared by the requests that made the calls, and a short message counts as 1,000 bytes each way', () => {
  const calls: readonly TracedCall[] = [
    { service: 'datastore', method: 'lookup', atMs: 0, datastore: { ...NO_USAGE, reads: 4 } },
    { service: 'pubsub', method: 'publish', atMs: 0, publishedBytes: 300 },
    { service: 'pubsub', method: 'publish', atMs: 0, publishedBytes: 1_500 },
    { service: 'compute', method: 'instances.get', atMs: 0 },
  ];

  expect(usagePerRequest(calls, { requests: 2, processorMs: 6, logBytes: 800 })).toEqual({
    datastore: { ...NO_USAGE, reads: 2 },
    computeCalls: 0.5,
    messageBytes: 2_500,
    processorMs: 3,
    logBytes: 400,
  });
});

test('dollars are amounts at list prices, and rows that expire are deleted for money', () => {
  const datastore = { ...NO_USAGE, reads: 1, writes: 1, deletes: 1, expiring: 1 };
  const usage: Usage = { datastore, computeCalls: 1, messageBytes: 0, processorMs: 1, logBytes: 0 };
  const amounts = amountsOf(usage, { billedMs: 100, memoryGib: MEMORY_GIB, gateway: true });

  // Entities 0.3 + 0.9 + 0.2, request 0.4, gateway 3, 0.1 vCPU-seconds 2.4, 0.05 GiB-seconds 0.125.
  expect(1e6 * dollars(amounts)).toBeCloseTo(7.325, 6);
  expect(naiveOf({ ...usage, datastore: { ...datastore, writes: 2.1 } }).datastore.writes).toBe(3);
  expect(dollars(naivePolling(1_000))).toBeCloseTo(52.6, 1);
});
