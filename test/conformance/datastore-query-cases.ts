import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';

import type { DatastoreHarness, DatastoreTarget, Value } from '#test/support/datastore-target.ts';
import {
  and,
  array,
  codeOf,
  integer,
  namesIn,
  openHarness,
  or,
  order,
  text,
  typeOf,
  where,
} from '#test/support/datastore-target.ts';

/** Tests order, filters, pages, projections and aggregations. */
export function queryCases(target: () => DatastoreTarget): void {
  describe('queries', () => {
    const K = [{ name: 'K' }];

    test('values of all types have one order, either way', async () => {
      const h = openHarness(target());
      const names = [
        'null',
        'time-',
        'int-',
        'int0',
        'int5',
        'time+',
        'false',
        'true',
        'str',
        'blob',
        'text',
        'real-',
        'real',
        'inf',
        'nan',
        'geo',
        'keyId',
        'keyName',
      ];
      const values: Value[] = [
        { nullValue: 'NULL_VALUE' },
        { timestampValue: { seconds: -5 } },
        integer(-3),
        integer(0),
        integer(5),
        { timestampValue: { seconds: 1000 } },
        { booleanValue: false },
        { booleanValue: true },
        text(''),
        { blobValue: Buffer.from('abb') },
        text('abc'),
        { doubleValue: -7.5 },
        { doubleValue: 1.5 },
        { doubleValue: Infinity },
        { doubleValue: Number.NaN },
        { geoPointValue: { latitude: 1, longitude: 2 } },
        { keyValue: h.key('X', 7) },
        { keyValue: h.key('X', 'n') },
      ];
      await h.putAll('K', Object.fromEntries(names.map((name, at) => [name, { v: values[at] ?? {} }])));

      expect(await h.names({ kind: K, order: order('v') })).toEqual(names);
      expect(await h.names({ kind: K, order: order('-v') })).toEqual([...names].reverse());
      expect(await h.names({ kind: K, filter: where('v', 'GREATER_THAN', text('abc')) })).toEqual(names.slice(11));
      expect(await h.names({ kind: K, filter: where('v', 'EQUAL', { doubleValue: 5 }) })).toEqual([]);
    });

    const letters = async (h: DatastoreHarness): Promise<void> => {
      await h.putAll('K', {
        a: { v: integer(1), w: text('y') },
        b: { v: integer(2), w: text('y') },
        c: { v: integer(1), w: text('x') },
        d: { v: integer(2), w: text('y') },
        e: { v: integer(1), w: text('y') },
      });
    };

    test('equals go by key, in the direction of the last order', async () => {
      const h = openHarness(target());
      await letters(h);

      expect(await h.names({ kind: K, order: order('v') })).toEqual(['a', 'c', 'e', 'b', 'd']);
      expect(await h.names({ kind: K, order: order('-v') })).toEqual(['d', 'b', 'e', 'c', 'a']);
      expect(await h.names({ kind: K, order: order('w', '-v') })).toEqual(['c', 'd', 'b', 'e', 'a']);
      expect(await h.names({ kind: K, order: order('-w', 'v') })).toEqual(['a', 'e', 'b', 'd', 'c']);
      expect(await h.names({ kind: K, order: order('-__key__') })).toEqual(['e', 'd', 'c', 'b', 'a']);
      expect(await h.names({ kind: K })).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    test('filters combine with AND and OR', async () => {
      const h = openHarness(target());
      await letters(h);
      const one = where('v', 'EQUAL', integer(1));
      const found = (filter: NonNullable<Parameters<typeof h.names>[0]['filter']>): Promise<string[]> =>
        h.names({ kind: K, filter });

      expect(await found(and(one, where('w', 'EQUAL', text('y'))))).toEqual(['a', 'e']);
      expect(await found(or(where('v', 'EQUAL', integer(2)), where('w', 'EQUAL', text('x'))))).toEqual(['b', 'c', 'd']);
      expect(await found(where('v', 'IN', array(integer(2), integer(7))))).toEqual(['b', 'd']);
      expect(await found(where('v', 'NOT_EQUAL', integer(1)))).toEqual(['b', 'd']);
      expect(await found(where('v', 'NOT_IN', array(integer(2), integer(7))))).toEqual(['a', 'c', 'e']);
      expect(await found(where('v', 'LESS_THAN', integer(2)))).toEqual(['a', 'c', 'e']);
      expect(await found(where('v', 'LESS_THAN_OR_EQUAL', integer(2)))).toEqual(['a', 'c', 'e', 'b', 'd']);
      expect(await found(where('v', 'GREATER_THAN_OR_EQUAL', integer(2)))).toEqual(['b', 'd']);
      expect(await h.names({ kind: K, filter: one, order: order('w') })).toEqual(['c', 'a', 'e']);
      expect(await h.names({ kind: K, filter: one, order: order('-v') })).toEqual(['e', 'c', 'a']);
    });

    test('an array matches by any of its elements', async () => {
      const h = openHarness(target());
      await h.putAll('K', {
        both: { t: array(integer(1), integer(9)) },
        five: { t: array(integer(5)) },
        six: { t: integer(6) },
        empty: { t: array() },
      });

      expect(await h.names({ kind: K, filter: where('t', 'EQUAL', integer(9)) })).toEqual(['both']);
      const double = and(where('t', 'EQUAL', integer(1)), where('t', 'EQUAL', integer(9)));
      expect(await h.names({ kind: K, filter: double })).toEqual(['both']);
      // One and the same element must be within both limits; 1 and 9 together are not.
      const between = and(where('t', 'GREATER_THAN', integer(2)), where('t', 'LESS_THAN', integer(8)));
      expect(await h.names({ kind: K, filter: between })).toEqual(['five', 'six']);
    });

    test('an entity without the property, or with it excluded from indexes, is not found by it', async () => {
      const h = openHarness(target());
      await h.putAll('K', {
        has: { v: integer(1) },
        lacks: { w: integer(1) },
        hides: { v: { integerValue: 1, excludeFromIndexes: true } },
        nulls: { v: { nullValue: 'NULL_VALUE' } },
      });

      expect(await h.names({ kind: K, order: order('v') })).toEqual(['nulls', 'has']);
      expect(await h.names({ kind: K, filter: where('v', 'NOT_EQUAL', integer(7)) })).toEqual(['nulls', 'has']);
      expect(await h.names({ kind: K, filter: where('v', 'EQUAL', integer(1)) })).toEqual(['has']);
    });

    test('a property of an embedded entity is found by its path', async () => {
      const h = openHarness(target());
      await h.putAll('K', { x: { inner: { entityValue: { properties: { n: integer(5) } } } }, y: {} });

      expect(await h.names({ kind: K, filter: where('inner.n', 'EQUAL', integer(5)) })).toEqual(['x']);
    });

    test('a changed or deleted entity is found by what it is now', async () => {
      const h = openHarness(target());
      await letters(h);
      await h.put(h.key('K', 'a'), { v: integer(2) });
      await h.commit([{ delete: h.key('K', 'c') }]);

      expect(await h.names({ kind: K, filter: where('v', 'EQUAL', integer(1)) })).toEqual(['e']);
      expect(await h.names({ kind: K, order: order('v') })).toEqual(['e', 'a', 'b', 'd']);
      expect(await h.names({ kind: K, order: order('w') })).toEqual(['b', 'd', 'e']);
    });

    test('pages follow each other by cursor, in any order', async () => {
      const h = openHarness(target());
      await letters(h);
      for (const sorting of [order('v'), order('-v'), order('-w', 'v'), []]) {
        const all = await h.names({ kind: K, order: sorting });
        const paged: string[] = [];
        let startCursor: Uint8Array | string = '';
        for (let page = 0; page < 3; page += 1) {
          const batch = await h.query({ kind: K, order: sorting, limit: { value: 2 }, startCursor });
          expect(batch.moreResults).toBe(page < 2 ? 'MORE_RESULTS_AFTER_LIMIT' : 'NO_MORE_RESULTS');
          paged.push(...namesIn(batch));
          startCursor = batch.endCursor ?? '';
        }
        expect(paged).toEqual(all);
      }
    });

    test('each result has a cursor that points behind it, to begin or to end with', async () => {
      const h = openHarness(target());
      await letters(h);
      const { entityResults } = await h.query({ kind: K, order: order('v') });
      const cursor = entityResults?.[1]?.cursor ?? '';

      expect(await h.names({ kind: K, order: order('v'), startCursor: cursor })).toEqual(['e', 'b', 'd']);
      expect(await h.names({ kind: K, order: order('v'), endCursor: cursor })).toEqual(['a', 'c']);
    });

    test('an offset skips before the limit takes, and says how many it has skipped', async () => {
      const h = openHarness(target());
      await letters(h);

      const batch = await h.query({ kind: K, order: order('v'), offset: 1, limit: { value: 2 } });
      const beyond = await h.query({ kind: K, order: order('v'), offset: 9 });

      expect(batch).toMatchObject({ skippedResults: 1, moreResults: 'MORE_RESULTS_AFTER_LIMIT' });
      expect(namesIn(batch)).toEqual(['c', 'e']);
      expect(beyond).toMatchObject({ skippedResults: 5, moreResults: 'NO_MORE_RESULTS', entityResults: [] });
      expect(await codeOf(h.query({ kind: K, limit: { value: -1 } }))).toBe(status.INVALID_ARGUMENT);
    });

    test('a keys-only query answers keys without properties', async () => {
      const h = openHarness(target());
      await letters(h);

      const batch = await h.query({ kind: K, projection: [{ property: { name: '__key__' } }], limit: { value: 1 } });

      expect(batch.entityResultType).toBe('KEY_ONLY');
      expect(namesIn(batch)).toEqual(['a']);
      expect(batch.entityResults?.[0]?.entity?.properties).toEqual({});
    });

    test('a projection answers index values, one result per element, and can be made distinct', async () => {
      const h = openHarness(target());
      await h.putAll('K', {
        x: { t: array(integer(1), integer(3)), u: text('x') },
        y: { t: integer(2), u: text('y') },
        z: { t: integer(3), u: text('z') },
      });
      const projection = [{ property: { name: 't' } }];

      const batch = await h.query({ kind: K, projection });
      const distinct = await h.query({ kind: K, projection, distinctOn: [{ name: 't' }] });

      expect(batch.entityResultType).toBe('PROJECTION');
      expect(namesIn(batch)).toEqual(['x', 'y', 'x', 'z']);
      expect(batch.entityResults?.map(({ entity }) => entity?.properties?.['t']?.integerValue)).toEqual([
        '1',
        '2',
        '3',
        '3',
      ]);
      expect(Object.keys(batch.entityResults?.[0]?.entity?.properties ?? {})).toEqual(['t']);
      expect(distinct.entityResults?.map(({ entity }) => entity?.properties?.['t']?.integerValue)).toEqual([
        '1',
        '2',
        '3',
      ]);
      expect(await codeOf(h.query({ kind: K, projection, filter: where('t', 'EQUAL', integer(1)) }))).toBe(
        status.INVALID_ARGUMENT,
      );
    });

    test('an ancestor limits a query to itself and what is below it, with a kind or without', async () => {
      const h = openHarness(target());
      for (const path of [
        ['P', 'p'],
        ['P', 'p', 'K', 'a'],
        ['P', 'p', 'K', 'a', 'L', 'deep'],
        ['P', 'pp', 'K', 'b'],
        ['K', 'c'],
      ]) {
        await h.put(h.key(...path), { v: integer(1) });
      }
      const below = where('__key__', 'HAS_ANCESTOR', { keyValue: h.key('P', 'p') });

      expect(await h.names({ filter: below })).toEqual(['p', 'a', 'deep']);
      expect(await h.names({ kind: K, filter: below })).toEqual(['a']);
      expect(await h.names({ kind: K, filter: and(below, where('v', 'EQUAL', integer(1))) })).toEqual(['a']);
      expect(await h.names({})).toEqual(['c', 'p', 'a', 'deep', 'b']);
      expect(await codeOf(h.query({ filter: where('v', 'EQUAL', integer(1)) }))).toBe(status.INVALID_ARGUMENT);
    });

    test('keys can be compared, and ids come before names', async () => {
      const h = openHarness(target());
      for (const id of [30, 'b', 4, 'a']) await h.put(h.key('K', id), {});
      const key = (id: string | number): Value => ({ keyValue: h.key('K', id) });

      expect(await h.names({ kind: K })).toEqual(['4', '30', 'a', 'b']);
      expect(await h.names({ kind: K, filter: where('__key__', 'GREATER_THAN', key(4)) })).toEqual(['30', 'a', 'b']);
      expect(await h.names({ kind: K, filter: where('__key__', 'LESS_THAN_OR_EQUAL', key('a')) })).toEqual([
        '4',
        '30',
        'a',
      ]);
      expect(await h.names({ kind: K, filter: where('__key__', 'IN', array(key('b'), key(4), key('none'))) })).toEqual([
        '4',
        'b',
      ]);
    });

    test('aggregations count, add and average over what matches', async () => {
      const h = openHarness(target());
      await letters(h);
      const { projectId, partitionId } = h;
      const aggregate = async (
        nestedQuery: Parameters<typeof h.query>[0],
        aggregations: { count?: object; sum?: object; avg?: object; alias?: string }[],
      ): Promise<Record<string, Value>> => {
        const [{ batch }] = await h.client.runAggregationQuery({
          projectId,
          partitionId,
          aggregationQuery: { nestedQuery, aggregations },
        });
        return batch?.aggregationResults?.[0]?.aggregateProperties ?? {};
      };
      const v = { property: { name: 'v' } };

      const all = await aggregate({ kind: K }, [
        { count: {}, alias: 'all' },
        { count: { upTo: { value: 2 } } },
        { sum: v },
        { avg: v, alias: 'mean' },
      ]);
      const none = await aggregate({ kind: [{ name: 'None' }] }, [{ count: {} }, { sum: v }, { avg: v }]);
      const some = await aggregate({ kind: K, offset: 1, limit: { value: 3 } }, [{ count: {} }]);

      expect(all['all']?.integerValue).toBe('5');
      expect(all['property_1']?.integerValue).toBe('2');
      expect(all['property_2']?.integerValue).toBe('7');
      expect(all['mean']?.doubleValue).toBe(1.4);
      expect(none['property_1']?.integerValue).toBe('0');
      expect(none['property_2']?.integerValue).toBe('0');
      expect(typeOf(none['property_3'])).toBe('nullValue');
      expect(some['property_1']?.integerValue).toBe('3');
    });
  });
}
