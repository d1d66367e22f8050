import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { ShiftableClock } from '#scripts/local/clock.ts';
import { DatastoreEmulator } from '#scripts/local/emulators/datastore/datastore-emulator.ts';
import { Faults } from '#scripts/local/faults.ts';
import type { DatastoreTarget, Value } from '#test/support/datastore-target.ts';
import {
  and,
  array,
  codeOf,
  DatastoreHarness,
  integer,
  namesIn,
  or,
  order,
  text,
  where,
} from '#test/support/datastore-target.ts';
import { findFirestoreEmulator, startFirestoreEmulator } from '#test/support/google-emulators.ts';

// The same cases on both, so that the embedded emulator has no opinions of its own. What Google's emulator lacks or does
// otherwise than production, and what needs a clock that can be moved, is in datastore-embedded.test.ts with the reason.

process.env['METADATA_SERVER_DETECTION'] = 'none';

describe('embedded Datastore emulator', () => {
  conformance(async () => {
    const emulator = new DatastoreEmulator({ clock: new ShiftableClock(), faults: new Faults() });
    await emulator.start();
    return emulator;
  });
});

const googles = findFirestoreEmulator();
if (googles === undefined)
  console.log("Google's Firestore emulator is not installed: its half of the Datastore suite is skipped.");

describe.skipIf(googles === undefined)("Google's Firestore emulator in Datastore mode", { timeout: 30_000 }, () => {
  conformance(async () => {
    const emulator = await startFirestoreEmulator();
    if (emulator === undefined) throw new Error('The emulator has gone since it was found.');
    return emulator;
  });
});

function conformance(start: () => Promise<DatastoreTarget>): void {
  let target: DatastoreTarget;
  beforeAll(async () => {
    target = await start();
  }, 90_000);
  afterAll(() => target.stop());

  const harness = (): DatastoreHarness => {
    const h = new DatastoreHarness(target);
    onTestFinished(() => h.close());
    return h;
  };

  describe('lookup and commit', () => {
    test('an entity reads back as it was written, whatever the type of its values', async () => {
      const h = harness();
      const properties: Record<string, Value> = {
        none: { nullValue: 'NULL_VALUE' },
        flag: { booleanValue: false },
        big: { integerValue: '9007199254740993' },
        negative: integer(-5),
        real: { doubleValue: -0.5 },
        time: { timestampValue: { seconds: 1_700_000_000, nanos: 123_456_000 } },
        words: text('żółw\0'),
        hidden: { stringValue: 'x'.repeat(3000), excludeFromIndexes: true },
        bytes: { blobValue: Buffer.from([0, 1, 255]) },
        place: { geoPointValue: { latitude: 52.2, longitude: 21 } },
        friend: { keyValue: h.key('Friend', 7) },
        list: array(integer(1), text('two')),
        empty: array(),
        inner: { entityValue: { properties: { deep: { entityValue: { properties: { n: integer(1) } } } } } },
      };

      await h.put(h.key('Kind', 'one'), properties);
      const read = await h.get(h.key('Kind', 'one'));

      expect(Object.keys(read ?? {}).sort()).toEqual(Object.keys(properties).sort());
      expect(read?.['big']?.integerValue).toBe('9007199254740993');
      expect(read?.['words']?.stringValue).toBe('żółw\0');
      expect(read?.['hidden']).toMatchObject({ stringValue: 'x'.repeat(3000), excludeFromIndexes: true });
      expect(read?.['bytes']?.blobValue).toEqual(Buffer.from([0, 1, 255]));
      expect(read?.['time']?.timestampValue).toMatchObject({ seconds: '1700000000', nanos: 123_456_000 });
      expect(read?.['friend']?.keyValue?.path).toMatchObject([{ kind: 'Friend', id: '7' }]);
      expect(read?.['list']?.arrayValue?.values).toHaveLength(2);
      expect(read?.['empty']?.arrayValue?.values).toEqual([]);
      expect(read?.['none']?.valueType).toBe('nullValue');
      expect(read?.['inner']?.entityValue?.properties?.['deep']?.entityValue?.properties?.['n']?.integerValue).toBe(
        '1',
      );
    });

    test('a lookup tells found from missing, each once, with version and times', async () => {
      const h = harness();
      await h.put(h.key('K', 'here'), { n: integer(1) });

      const { found, missing, deferred } = await h.lookup([h.key('K', 'here'), h.key('K', 'gone'), h.key('K', 'here')]);

      expect(found?.map(({ entity }) => entity?.key?.path?.[0]?.name)).toEqual(['here']);
      expect(missing?.map(({ entity }) => entity?.key?.path?.[0]?.name)).toEqual(['gone']);
      expect(deferred).toEqual([]);
      expect(Number(found?.[0]?.version)).toBeGreaterThan(0);
      expect(found?.[0]?.createTime).toEqual(found?.[0]?.updateTime);
    });

    test('versions only grow, and a rewritten entity keeps the time of its creation', async () => {
      const h = harness();
      const versions: number[] = [];
      for (const n of [1, 2, 3]) {
        const { mutationResults } = await h.put(h.key('K', 'x'), { n: integer(n) });
        versions.push(Number(mutationResults?.[0]?.version));
      }

      const { found } = await h.lookup([h.key('K', 'x')]);

      expect([...versions].sort((a, b) => a - b)).toEqual(versions);
      expect(new Set(versions).size).toBe(3);
      expect(Number(found?.[0]?.version)).toBe(versions[2]);
      expect(found?.[0]?.createTime).not.toEqual(found?.[0]?.updateTime);
    });

    test('an insert of what exists and an update of what does not are refused, and change nothing else', async () => {
      const h = harness();
      const [taken, absent] = [h.key('K', 'taken'), h.key('K', 'absent')];
      const beside = { upsert: { key: h.key('K', 'beside'), properties: {} } };
      await h.put(taken, { n: integer(1) });

      expect(await codeOf(h.commit([{ insert: { key: taken, properties: {} } }]))).toBe(status.ALREADY_EXISTS);
      expect(await codeOf(h.commit([beside, { update: { key: absent, properties: {} } }], await h.begin()))).toBe(
        status.NOT_FOUND,
      );
      expect(await h.get(h.key('K', 'beside'))).toBeUndefined();
      expect((await h.get(taken))?.['n']?.integerValue).toBe('1');
    });

    test('a deleted entity is missing, and deleting it again is no mistake', async () => {
      const h = harness();
      await h.put(h.key('K', 'x'), {});

      await h.commit([{ delete: h.key('K', 'x') }]);
      const again = await h.commit([{ delete: h.key('K', 'x') }]);

      expect(await h.get(h.key('K', 'x'))).toBeUndefined();
      expect(again.mutationResults?.[0]?.conflictDetected).toBe(false);
    });

    test('an incomplete key is completed by an id of its own; a complete one is not answered', async () => {
      const h = harness();
      const anonymous = (): { insert: { key: ReturnType<typeof h.key> } } => ({
        insert: { key: h.key('P', 'p', 'K') },
      });

      const { mutationResults } = await h.commit([anonymous(), anonymous(), { upsert: { key: h.key('K', 'x') } }]);
      const ids = (mutationResults ?? []).map(({ key }) => key?.path?.[1]?.id);

      expect(new Set(ids.slice(0, 2)).size).toBe(2);
      expect(Number(ids[0])).toBeGreaterThan(0);
      expect(mutationResults?.[2]?.key).toBeNull();
      expect(await codeOf(h.commit([{ update: { key: h.key('K') } }]))).toBe(status.INVALID_ARGUMENT);
      expect(await codeOf(h.commit([{ delete: h.key('K') }]))).toBe(status.INVALID_ARGUMENT);
    });

    test('allocated ids are all different, and a reserved one can still be written', async () => {
      const h = harness();
      const { projectId } = h;

      const [{ keys }] = await h.client.allocateIds({ projectId, keys: Array.from({ length: 20 }, () => h.key('K')) });
      await h.client.reserveIds({ projectId, keys: [h.key('K', 77)] });
      await h.put(h.key('K', 77), { n: integer(1) });

      expect(new Set(keys?.map(({ path }) => path?.[0]?.id)).size).toBe(20);
      expect((await h.get(h.key('K', 77)))?.['n']?.integerValue).toBe('1');
    });

    test('namespaces are worlds of their own', async () => {
      const [one, other] = [harness(), harness()];
      await one.put(one.key('K', 'x'), { n: integer(1) });

      expect(await other.get(other.key('K', 'x'))).toBeUndefined();
      expect(await other.names({ kind: [{ name: 'K' }] })).toEqual([]);
      expect(await one.names({ kind: [{ name: 'K' }] })).toEqual(['x']);
    });

    test('a property mask writes and removes only what it names', async () => {
      const h = harness();
      await h.put(h.key('K', 'x'), { a: integer(1), b: integer(2), c: integer(3) });

      await h.commit([
        {
          update: { key: h.key('K', 'x'), properties: { a: integer(10), c: integer(30) } },
          propertyMask: { paths: ['a', 'b'] },
        },
      ]);
      const read = await h.get(h.key('K', 'x'));

      expect(read?.['a']?.integerValue).toBe('10');
      expect(read?.['b']).toBeUndefined();
      expect(read?.['c']?.integerValue).toBe('3');
    });

    test('transforms run after the write, in their order, and answer what they made', async () => {
      const h = harness();
      await h.put(h.key('K', 'x'), { n: integer(1), list: array(integer(1), text('a')), kept: integer(9) });

      const { mutationResults } = await h.commit([
        {
          upsert: { key: h.key('K', 'x') },
          propertyMask: { paths: [] as string[] },
        },
        {
          upsert: { key: h.key('K', 'y'), properties: { n: integer(1), list: array(integer(1), text('a')) } },
          propertyTransforms: [
            { property: 'n', increment: integer(4) },
            { property: 'n', increment: { doubleValue: 0.5 } },
            { property: 'n', maximum: integer(5) },
            { property: 'low', minimum: integer(3) },
            { property: 'low', minimum: integer(2) },
            { property: 'at', setToServerValue: 'REQUEST_TIME' },
            { property: 'list', appendMissingElements: { values: [{ doubleValue: 1 }, text('b'), text('b')] } },
            { property: 'list', removeAllFromArray: { values: [text('a')] } },
          ],
        },
      ]);
      const read = await h.get(h.key('K', 'y'));
      const results = mutationResults?.[1]?.transformResults ?? [];

      expect(results.map(({ valueType }) => valueType)).toEqual([
        'integerValue',
        'doubleValue',
        'doubleValue',
        'integerValue',
        'integerValue',
        'timestampValue',
        'nullValue',
        'nullValue',
      ]);
      expect(read?.['n']?.doubleValue).toBe(5.5);
      expect(read?.['low']?.integerValue).toBe('2');
      expect(Number(read?.['at']?.timestampValue?.nanos) % 1_000_000).toBe(0);
      expect(read?.['list']?.arrayValue?.values?.map((value) => value.stringValue ?? value.integerValue)).toEqual([
        '1',
        'b',
      ]);
    });

    test('an increment behind a mask counts on what is stored: a counter needs one round trip', async () => {
      const h = harness();
      await h.put(h.key('K', 'x'), { n: integer(1), other: text('kept') });
      const increment = {
        upsert: { key: h.key('K', 'x') },
        propertyMask: { paths: ['touched'] },
        propertyTransforms: [{ property: 'n', increment: integer(1) }],
      };

      const results: unknown[] = [];
      for (let turn = 0; turn < 3; turn += 1) {
        const { mutationResults } = await h.commit([increment]);
        results.push(mutationResults?.[0]?.transformResults?.[0]?.integerValue);
      }

      expect(results).toEqual(['2', '3', '4']);
      expect((await h.get(h.key('K', 'x')))?.['other']?.stringValue).toBe('kept');
    });

    test('a base version or update time that is over fails the whole commit when asked to', async () => {
      const h = harness();
      const { mutationResults } = await h.put(h.key('K', 'x'), { n: integer(1) });
      const { version: baseVersion, updateTime } = mutationResults?.[0] ?? {};
      const write = (n: number): { key: ReturnType<typeof h.key>; properties: Record<string, Value> } => ({
        key: h.key('K', 'x'),
        properties: { n: integer(n) },
      });
      const FAIL = 'FAIL' as const;
      const beside = { upsert: { key: h.key('K', 'beside'), properties: {} } };

      await h.commit([{ update: write(2), baseVersion: baseVersion ?? 0, conflictResolutionStrategy: FAIL }]);
      const stale = { update: write(3), baseVersion: baseVersion ?? 0, conflictResolutionStrategy: FAIL };
      const old = { update: write(3), updateTime: updateTime ?? null, conflictResolutionStrategy: FAIL };

      expect(await codeOf(h.commit([beside, stale], await h.begin()))).toBe(status.FAILED_PRECONDITION);
      expect(await codeOf(h.commit([old]))).toBe(status.FAILED_PRECONDITION);
      expect((await h.get(h.key('K', 'x')))?.['n']?.integerValue).toBe('2');
      expect(await h.get(h.key('K', 'beside'))).toBeUndefined();
    });

    test('what Datastore cannot hold is refused', async () => {
      const h = harness();
      const refused = async (properties: Record<string, Value>): Promise<void> => {
        expect(await codeOf(h.put(h.key('K', 'x'), properties))).toBe(status.INVALID_ARGUMENT);
      };

      await refused({ long: text('x'.repeat(1501)) });
      await refused({ __own__: integer(1) });
      await refused({ huge: { stringValue: 'x'.repeat(1_048_572), excludeFromIndexes: true } });
      expect(await codeOf(h.put(h.key('__K__', 'x'), {}))).toBe(status.INVALID_ARGUMENT);
      expect(await codeOf(h.put(h.key('K', 'x'.repeat(1501)), {}))).toBe(status.INVALID_ARGUMENT);
      await h.put(h.key('K', 'x'), { long: text('x'.repeat(1500)) });
    });

    test('a commit without a transaction takes one mutation per entity', async () => {
      const h = harness();
      const key = h.key('K', 'x');

      expect(await codeOf(h.commit([{ upsert: { key } }, { delete: key }]))).toBe(status.INVALID_ARGUMENT);
      expect(await h.get(key)).toBeUndefined();
    });
  });

  describe('transactions', () => {
    test('a transaction commits all or nothing, and is over then', async () => {
      const h = harness();
      const transaction = await h.begin();
      const read = await h.get(h.key('K', 'a'), { transaction });

      await h.commit([{ insert: { key: h.key('K', 'a') } }, { insert: { key: h.key('K', 'b') } }], transaction);

      expect(read).toBeUndefined();
      expect(await h.names({ kind: [{ name: 'K' }] })).toEqual(['a', 'b']);
      expect(await codeOf(h.commit([], transaction))).toBe(status.INVALID_ARGUMENT);
    });

    test('a rolled back transaction cannot be committed; rolling back once more is no mistake', async () => {
      const h = harness();
      const { projectId } = h;
      const transaction = await h.begin();

      await h.client.rollback({ projectId, transaction });

      expect(await codeOf(h.commit([{ upsert: { key: h.key('K', 'x') } }], transaction))).toBe(status.INVALID_ARGUMENT);
      expect(await codeOf(h.client.rollback({ projectId, transaction }))).toBe(0);
      expect(await codeOf(h.client.rollback({ projectId, transaction: Buffer.from('none') }))).toBe(
        status.INVALID_ARGUMENT,
      );
    });

    test('of three transactions that read and write one entity at once, no increment is lost', async () => {
      const h = harness();
      const key = h.key('K', 'counter');
      await h.put(key, { n: integer(0) });
      let aborted = 0;
      const increment = async (): Promise<void> => {
        for (;;) {
          const transaction = await h.begin();
          try {
            const read = await h.get(key, { transaction });
            const n = Number(read?.['n']?.integerValue) + 1;
            await h.commit([{ update: { key, properties: { n: integer(n) } } }], transaction);
            return;
          } catch (thrown) {
            if ((await codeOf(Promise.reject(thrown as Error))) !== status.ABORTED) throw thrown;
            aborted += 1;
          }
        }
      };

      await Promise.all([increment(), increment(), increment()]);

      expect((await h.get(key))?.['n']?.integerValue).toBe('3');
      expect(aborted).toBeGreaterThan(0);
    });

    test('mutations of one entity apply in their order within a transaction; impossible ones are refused', async () => {
      const h = harness();
      const key = h.key('K', 'x');
      await h.put(key, { n: integer(1) });

      await h.commit([{ delete: key }, { insert: { key, properties: { n: integer(2) } } }], await h.begin());

      expect((await h.get(key))?.['n']?.integerValue).toBe('2');
      expect(await codeOf(h.commit([{ upsert: { key } }, { insert: { key } }], await h.begin()))).toBe(
        status.INVALID_ARGUMENT,
      );
    });

    test('a read-only transaction reads and refuses to write', async () => {
      const h = harness();
      const { projectId } = h;
      await h.put(h.key('K', 'x'), { n: integer(1) });
      const [{ transaction }] = await h.client.beginTransaction({ projectId, transactionOptions: { readOnly: {} } });

      const read = await h.get(h.key('K', 'x'), { transaction: transaction ?? '' });

      expect(read?.['n']?.integerValue).toBe('1');
      expect(await codeOf(h.commit([{ upsert: { key: h.key('K', 'x') } }], transaction ?? ''))).toBe(
        status.INVALID_ARGUMENT,
      );
    });

    test('a single-use transaction needs no other request', async () => {
      const h = harness();
      await h.client.commit({
        projectId: h.projectId,
        mode: 'TRANSACTIONAL',
        singleUseTransaction: { readWrite: {} },
        mutations: [{ insert: { key: h.key('K', 'x') } }],
      });

      expect(await h.get(h.key('K', 'x'))).toBeDefined();
      const bare = {
        projectId: h.projectId,
        mode: 'TRANSACTIONAL' as const,
        mutations: [{ upsert: { key: h.key('K', 'x') } }],
      };
      expect(await codeOf(h.client.commit(bare))).toBe(status.INVALID_ARGUMENT);
    });
  });

  describe('queries', () => {
    const K = [{ name: 'K' }];

    test('values of all types have one order, either way', async () => {
      const h = harness();
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
      const h = harness();
      await letters(h);

      expect(await h.names({ kind: K, order: order('v') })).toEqual(['a', 'c', 'e', 'b', 'd']);
      expect(await h.names({ kind: K, order: order('-v') })).toEqual(['d', 'b', 'e', 'c', 'a']);
      expect(await h.names({ kind: K, order: order('w', '-v') })).toEqual(['c', 'd', 'b', 'e', 'a']);
      expect(await h.names({ kind: K, order: order('-w', 'v') })).toEqual(['a', 'e', 'b', 'd', 'c']);
      expect(await h.names({ kind: K, order: order('-__key__') })).toEqual(['e', 'd', 'c', 'b', 'a']);
      expect(await h.names({ kind: K })).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    test('filters combine with AND and OR', async () => {
      const h = harness();
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
      const h = harness();
      await h.putAll('K', {
        both: { t: array(integer(1), integer(9)) },
        five: { t: array(integer(5)) },
        six: { t: integer(6) },
        empty: { t: array() },
      });

      expect(await h.names({ kind: K, filter: where('t', 'EQUAL', integer(9)) })).toEqual(['both']);
      const double = and(where('t', 'EQUAL', integer(1)), where('t', 'EQUAL', integer(9)));
      expect(await h.names({ kind: K, filter: double })).toEqual(['both']);
      // One element must lie between the two limits: 1 and 9 do not together.
      const between = and(where('t', 'GREATER_THAN', integer(2)), where('t', 'LESS_THAN', integer(8)));
      expect(await h.names({ kind: K, filter: between })).toEqual(['five', 'six']);
    });

    test('an entity without the property, or with it excluded from indexes, is not found by it', async () => {
      const h = harness();
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
      const h = harness();
      await h.putAll('K', { x: { inner: { entityValue: { properties: { n: integer(5) } } } }, y: {} });

      expect(await h.names({ kind: K, filter: where('inner.n', 'EQUAL', integer(5)) })).toEqual(['x']);
    });

    test('a changed or deleted entity is found by what it is now', async () => {
      const h = harness();
      await letters(h);
      await h.put(h.key('K', 'a'), { v: integer(2) });
      await h.commit([{ delete: h.key('K', 'c') }]);

      expect(await h.names({ kind: K, filter: where('v', 'EQUAL', integer(1)) })).toEqual(['e']);
      expect(await h.names({ kind: K, order: order('v') })).toEqual(['e', 'a', 'b', 'd']);
      expect(await h.names({ kind: K, order: order('w') })).toEqual(['b', 'd', 'e']);
    });

    test('pages follow each other by cursor, in any order', async () => {
      const h = harness();
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
      const h = harness();
      await letters(h);
      const { entityResults } = await h.query({ kind: K, order: order('v') });
      const cursor = entityResults?.[1]?.cursor ?? '';

      expect(await h.names({ kind: K, order: order('v'), startCursor: cursor })).toEqual(['e', 'b', 'd']);
      expect(await h.names({ kind: K, order: order('v'), endCursor: cursor })).toEqual(['a', 'c']);
    });

    test('an offset skips before the limit takes, and says how many it has skipped', async () => {
      const h = harness();
      await letters(h);

      const batch = await h.query({ kind: K, order: order('v'), offset: 1, limit: { value: 2 } });
      const beyond = await h.query({ kind: K, order: order('v'), offset: 9 });

      expect(batch).toMatchObject({ skippedResults: 1, moreResults: 'MORE_RESULTS_AFTER_LIMIT' });
      expect(namesIn(batch)).toEqual(['c', 'e']);
      expect(beyond).toMatchObject({ skippedResults: 5, moreResults: 'NO_MORE_RESULTS', entityResults: [] });
      expect(await codeOf(h.query({ kind: K, limit: { value: -1 } }))).toBe(status.INVALID_ARGUMENT);
    });

    test('a keys-only query answers keys without properties', async () => {
      const h = harness();
      await letters(h);

      const batch = await h.query({ kind: K, projection: [{ property: { name: '__key__' } }], limit: { value: 1 } });

      expect(batch.entityResultType).toBe('KEY_ONLY');
      expect(namesIn(batch)).toEqual(['a']);
      expect(batch.entityResults?.[0]?.entity?.properties).toEqual({});
    });

    test('a projection answers index values, one result per element, and can be made distinct', async () => {
      const h = harness();
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
      const h = harness();
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
      const h = harness();
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
      const h = harness();
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
      expect(none['property_3']?.valueType).toBe('nullValue');
      expect(some['property_1']?.integerValue).toBe('3');
    });
  });
}
