import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';

import type { DatastoreTarget, Value } from '#test/support/datastore-target.ts';
import { array, codeOf, integer, openHarness, text, typeOf } from '#test/support/datastore-target.ts';

/** Tests lookups, mutations, ids and limits. */
export function writeCases(target: () => DatastoreTarget): void {
  describe('lookup and commit', () => {
    test('an entity reads back as it was written, whatever the type of its values', async () => {
      const h = openHarness(target());
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
      expect(typeOf(read?.['none'])).toBe('nullValue');
      expect(read?.['inner']?.entityValue?.properties?.['deep']?.entityValue?.properties?.['n']?.integerValue).toBe(
        '1',
      );
    });

    test('a lookup tells found from missing, each once, with version and times', async () => {
      const h = openHarness(target());
      await h.put(h.key('K', 'here'), { n: integer(1) });

      const { found, missing, deferred } = await h.lookup([h.key('K', 'here'), h.key('K', 'gone'), h.key('K', 'here')]);

      expect(found?.map(({ entity }) => entity?.key?.path?.[0]?.name)).toEqual(['here']);
      expect(missing?.map(({ entity }) => entity?.key?.path?.[0]?.name)).toEqual(['gone']);
      expect(deferred).toEqual([]);
      expect(Number(found?.[0]?.version)).toBeGreaterThan(0);
      expect(found?.[0]?.createTime).toEqual(found?.[0]?.updateTime);
    });

    test('versions only grow, and a rewritten entity keeps the time of its creation', async () => {
      const h = openHarness(target());
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
      const h = openHarness(target());
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
      const h = openHarness(target());
      await h.put(h.key('K', 'x'), {});

      await h.commit([{ delete: h.key('K', 'x') }]);
      const again = await h.commit([{ delete: h.key('K', 'x') }]);

      expect(await h.get(h.key('K', 'x'))).toBeUndefined();
      expect(again.mutationResults?.[0]?.conflictDetected).toBe(false);
    });

    test('an incomplete key is completed by an id of its own; a complete one is not answered', async () => {
      const h = openHarness(target());
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
      const h = openHarness(target());
      const { projectId } = h;

      const [{ keys }] = await h.client.allocateIds({ projectId, keys: Array.from({ length: 20 }, () => h.key('K')) });
      await h.client.reserveIds({ projectId, keys: [h.key('K', 77)] });
      await h.put(h.key('K', 77), { n: integer(1) });

      expect(new Set(keys?.map(({ path }) => path?.[0]?.id)).size).toBe(20);
      expect((await h.get(h.key('K', 77)))?.['n']?.integerValue).toBe('1');
    });

    test('namespaces are worlds of their own', async () => {
      const [one, other] = [openHarness(target()), openHarness(target())];
      await one.put(one.key('K', 'x'), { n: integer(1) });

      expect(await other.get(other.key('K', 'x'))).toBeUndefined();
      expect(await other.names({ kind: [{ name: 'K' }] })).toEqual([]);
      expect(await one.names({ kind: [{ name: 'K' }] })).toEqual(['x']);
    });

    test('a property mask writes and removes only what it names', async () => {
      const h = openHarness(target());
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
      const h = openHarness(target());
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

      expect(results.map(typeOf)).toEqual([
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
      const h = openHarness(target());
      await h.put(h.key('K', 'x'), { n: integer(1), other: text('kept') });
      const increment = {
        upsert: { key: h.key('K', 'x') },
        propertyMask: { paths: ['touched'] },
        propertyTransforms: [{ property: 'n', increment: integer(1) }],
      };

      const results: unknown[] = [];
      for (let round = 0; round < 3; round += 1) {
        const { mutationResults } = await h.commit([increment]);
        results.push(mutationResults?.[0]?.transformResults?.[0]?.integerValue);
      }

      expect(results).toEqual(['2', '3', '4']);
      expect((await h.get(h.key('K', 'x')))?.['other']?.stringValue).toBe('kept');
    });

    test('a base version or update time that is over fails the whole commit when asked to', async () => {
      const h = openHarness(target());
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
      const h = openHarness(target());
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

    test('a commit without a transaction applies its mutations one by one, up to the first that fails', async () => {
      const h = openHarness(target());
      await h.put(h.key('K', 'taken'), { n: integer(1) });
      const named = (name: string) => ({ key: h.key('K', name), properties: { n: integer(2) } });

      const code = await codeOf(
        h.commit([{ upsert: named('before') }, { insert: named('taken') }, { upsert: named('behind') }]),
      );

      expect(code).toBe(status.ALREADY_EXISTS);
      expect(await h.names({ kind: [{ name: 'K' }] })).toEqual(['before', 'taken']);
      expect((await h.get(h.key('K', 'taken')))?.['n']?.integerValue).toBe('1');
    });

    test('a commit without a transaction takes one mutation per entity', async () => {
      const h = openHarness(target());
      const key = h.key('K', 'x');

      expect(await codeOf(h.commit([{ upsert: { key } }, { delete: key }]))).toBe(status.INVALID_ARGUMENT);
      expect(await h.get(key)).toBeUndefined();
    });
  });
}
