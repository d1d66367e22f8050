import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EXPIRING_KINDS } from '#shared/datastore/kinds.ts';
import { RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { ROW_SAMPLES } from './row-samples.ts';

const expiring = ROW_SAMPLES.filter(({ kind }) => kind.name !== 'RateCounter' && EXPIRING_KINDS.includes(kind.name));

test('the samples have every kind that expires', () => {
  expect(expiring).toHaveLength(EXPIRING_KINDS.length - 1);
});

test.each(expiring.map(({ kind, values }) => [kind.name, { kind, values }] as const))(
  'the expiry of a %s was indexed, which makes a hot spot of the index: it has no index',
  (_, { kind, values }) => {
    fc.assert(
      fc.property(values, (value) => {
        const properties = kind.encode(value);

        expect(properties['expireAt']).toMatchObject({ excludeFromIndexes: true });
      }),
      { numRuns: 20, seed: 1 },
    );
  },
);

test('the expiry of a rate counter was indexed: no query by it finds a row', async () => {
  const { store } = await testDatastore();
  await store.increment(ref(RATE_COUNTER, 'c'), 'count', { expireAtMs: 1_000 });

  const byExpiry = { kind: RATE_COUNTER, equal: [], order: [{ property: 'expireAt', direction: 'asc' }] } as const;

  expect((await store.query(byExpiry, {}, { limit: 2 })).rows).toEqual([]);
});
