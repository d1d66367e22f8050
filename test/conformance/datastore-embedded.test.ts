import { status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';

import { ShiftableClock } from '#scripts/emulators/clock.ts';
import type { CompositeIndex } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import type { DatastoreHarness } from '#test/support/datastore-target.ts';
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
  where,
} from '#test/support/datastore-target.ts';

// Behaviour that only the embedded emulator shows, each with the reason why it is not in the common suite.

const K = [{ name: 'K' }];

interface Embedded {
  readonly emulator: DatastoreEmulator;
  readonly clock: ShiftableClock;
  readonly faults: Faults;
  readonly h: DatastoreHarness;
}

type Options = Omit<ConstructorParameters<typeof DatastoreEmulator>[0], 'clock' | 'faults'>;

async function embedded(options: Options = {}): Promise<Embedded> {
  const [clock, faults] = [new ShiftableClock(), new Faults()];
  const emulator = new DatastoreEmulator({ clock, faults, ...options });
  onTestFinished(async () => {
    await emulator.stop();
    clock.stop();
  });
  await emulator.start();
  return { emulator, clock, faults, h: openHarness(emulator) };
}

describe('optimistic transactions', () => {
  // Google's emulator locks pessimistically: the other writer waits there, and which of the two fails depends on
  // timing.
  test('a commit is aborted when what it has read was changed, created or deleted since it began', async () => {
    const { h } = await embedded();
    for (const change of [
      { update: { key: h.key('K', 'x'), properties: { n: integer(2) } } },
      { delete: h.key('K', 'x') },
      { insert: { key: h.key('K', 'y') } },
    ]) {
      await h.commit([{ upsert: { key: h.key('K', 'x') } }, { delete: h.key('K', 'y') }]);
      const transaction = await h.begin();
      await h.lookup([h.key('K', 'x'), h.key('K', 'y')], { transaction });

      await h.commit([change]);

      expect(await codeOf(h.commit([{ upsert: { key: h.key('K', 'z') } }], transaction))).toBe(status.ABORTED);
      expect(await h.get(h.key('K', 'z'))).toBeUndefined();
      expect(await codeOf(h.commit([], transaction))).toBe(status.INVALID_ARGUMENT);
    }
  });

  test('a commit is aborted when what it writes was written since it began, read or not', async () => {
    const { h } = await embedded();
    const transaction = await h.begin();

    await h.put(h.key('K', 'x'), { n: integer(1) });

    expect(await codeOf(h.commit([{ upsert: { key: h.key('K', 'x') } }], transaction))).toBe(status.ABORTED);
  });

  test('a query is read as a whole: an entity that would join or leave its results aborts the commit', async () => {
    const { h } = await embedded();
    const query = { kind: K, filter: where('v', 'EQUAL', integer(1)) };
    for (const [properties, outcome] of [
      [{ v: integer(1) }, status.ABORTED],
      [{ v: integer(2) }, 0],
    ] as const) {
      const transaction = await h.begin();
      await h.query(query, { transaction });

      await h.put(h.key('K', 'new'), properties);
      const committed = codeOf(h.commit([{ upsert: { key: h.key('K', 'other') } }], transaction));

      expect(await committed).toBe(outcome);
      await h.commit([{ delete: h.key('K', 'new') }]);
    }
  });

  test('entities behind the limit of a query do not count as read', async () => {
    const { h } = await embedded();
    await h.putAll('K', { a: { v: integer(1) }, b: { v: integer(2) }, c: { v: integer(3) } });
    const query = { kind: K, order: order('v'), limit: { value: 1 } };
    const transaction = await h.begin();
    await h.query(query, { transaction });

    await h.put(h.key('K', 'c'), { v: integer(30) });

    expect(await codeOf(h.commit([{ upsert: { key: h.key('K', 'z') } }], transaction))).toBe(0);
  });

  // Google's emulator holds the lock of such a lookup under another id, so the commit waits for itself and is aborted.
  test('a lookup can begin the transaction in which it reads', async () => {
    const { h } = await embedded();
    const { transaction } = await h.lookup([h.key('K', 'x')], { newTransaction: { readWrite: {} } });

    expect(await codeOf(h.commit([{ insert: { key: h.key('K', 'x') } }], transaction ?? ''))).toBe(0);

    const second = await h.lookup([h.key('K', 'x')], { newTransaction: {} });
    await h.put(h.key('K', 'x'), { n: integer(1) });
    expect(await codeOf(h.commit([{ upsert: { key: h.key('K', 'y') } }], second.transaction ?? ''))).toBe(
      status.ABORTED,
    );
  });

  // The clock of Google's emulator cannot be moved.
  test('a transaction that nobody used for a minute is over', async () => {
    const { h, clock } = await embedded();
    const transaction = await h.begin();
    clock.advance(50);
    await h.lookup([h.key('K', 'x')], { transaction });
    clock.advance(50);
    await h.lookup([h.key('K', 'x')], { transaction });
    clock.advance(61);

    expect(await codeOf(h.commit([], transaction))).toBe(status.INVALID_ARGUMENT);
    expect(await codeOf(h.lookup([h.key('K', 'x')], { transaction }))).toBe(status.INVALID_ARGUMENT);
  });
});

describe('answers', () => {
  // Google's emulator ignores a base version unless the request asks for failure.
  test('of a write on an old version, the server keeps its entity and says so', async () => {
    const { h } = await embedded();
    const { mutationResults } = await h.put(h.key('K', 'x'), { n: integer(1) });
    const stale = { update: { key: h.key('K', 'x'), properties: { n: integer(2) } }, baseVersion: 1 };

    const answer = await h.commit([stale]);

    expect(answer.mutationResults?.[0]).toMatchObject({
      conflictDetected: true,
      version: mutationResults?.[0]?.version,
    });
    expect((await h.get(h.key('K', 'x')))?.['n']?.integerValue).toBe('1');
  });

  // Google's emulator returns version 0 for a missing entity.
  test('the version at which an entity was missing is a base version until it exists', async () => {
    const { h } = await embedded();
    const key = h.key('K', 'x');
    const insert = (baseVersion: number | string): Promise<unknown> =>
      codeOf(h.commit([{ upsert: { key }, baseVersion, conflictResolutionStrategy: 'FAIL' }]));
    const { missing } = await h.lookup([key]);
    const version = String(missing?.[0]?.version);

    expect(await insert(version)).toBe(0);
    expect(await insert(version)).toBe(status.FAILED_PRECONDITION);
    await h.commit([{ delete: key }]);
    expect(await insert(version)).toBe(status.FAILED_PRECONDITION);
    expect(await insert(0)).toBe(0);
  });

  // Google's emulator returns an entity once per array element.
  test('an entity is found once, at the element that comes first', async () => {
    const { h } = await embedded();
    await h.putAll('K', {
      both: { t: array(integer(1), integer(9)) },
      five: { t: array(integer(5), integer(5)) },
      six: { t: integer(6) },
    });

    expect(await h.names({ kind: K, order: order('t') })).toEqual(['both', 'five', 'six']);
    expect(await h.names({ kind: K, order: order('-t') })).toEqual(['both', 'six', 'five']);
    const above = { kind: K, filter: where('t', 'GREATER_THAN', integer(2)), order: order('t') };
    expect(await h.names(above)).toEqual(['five', 'six', 'both']);
    const first = await h.query({ ...above, limit: { value: 2 } });
    expect(await h.names({ ...above, startCursor: first.endCursor ?? '' })).toEqual(['both']);
  });

  // Google's emulator returns all results at once, accepts more than a thousand keys, and accepts any bytes as a
  // cursor.
  test('a batch ends at 300 results and goes on from its cursor', async () => {
    const { h, emulator } = await embedded();
    const partitionId = { projectId: h.projectId, namespaceId: h.namespaceId };
    emulator.bulkLoad(
      Array.from({ length: 301 }, (_, n) => ({
        key: { partitionId, path: [{ kind: 'K', name: `k${String(n).padStart(4, '0')}` }] },
        properties: { v: { integerValue: n } },
      })),
    );

    const first = await h.query({ kind: K, order: order('-v') });
    const rest = await h.query({ kind: K, order: order('-v'), startCursor: first.endCursor ?? '' });

    expect(first.moreResults).toBe('NOT_FINISHED');
    expect(first.entityResults).toHaveLength(300);
    expect(rest.moreResults).toBe('NO_MORE_RESULTS');
    expect(namesIn(rest)).toEqual(['k0000']);
  });

  test('what the real service refuses is refused', async () => {
    const { h } = await embedded();
    const keys = (count: number): ReturnType<typeof h.key>[] =>
      Array.from({ length: count }, (_, n) => h.key('K', `k${n}`));
    const many = Array.from({ length: 501 }, () => ({ property: 'n', increment: integer(1) }));
    const deep = Array.from({ length: 10 }, () => ['K', 'x'.repeat(700)]).flat();
    const cursor = { kind: K, startCursor: Buffer.from('not a cursor at all') };

    expect(await codeOf(h.lookup(keys(1000)))).toBe(0);
    expect(await codeOf(h.lookup(keys(1001)))).toBe(status.INVALID_ARGUMENT);
    const transformed = { upsert: { key: h.key('K', 'x') }, propertyTransforms: many };
    expect(await codeOf(h.commit([transformed]))).toBe(status.INVALID_ARGUMENT);
    expect(await codeOf(h.put(h.key(...deep), {}))).toBe(status.INVALID_ARGUMENT);
    expect(await codeOf(h.query(cursor))).toBe(status.INVALID_ARGUMENT);
  });

  test('databases are independent of each other', async () => {
    const { h } = await embedded();
    const { projectId, namespaceId } = h;
    await h.put(h.key('K', 'x'), { n: integer(1) });
    const partitionId = { projectId, databaseId: 'other', namespaceId };
    const key = { partitionId, path: [{ kind: 'K', name: 'x' }] };

    const [{ found }] = await h.client.lookup({ projectId, databaseId: 'other', keys: [key] });
    const [{ batch }] = await h.client.runQuery({ projectId, databaseId: 'other', partitionId, query: { kind: K } });

    expect(found).toEqual([]);
    expect(batch?.entityResults).toEqual([]);
    expect(await codeOf(h.client.lookup({ projectId, keys: [key] }))).toBe(status.INVALID_ARGUMENT);
  });

  test('a reset forgets everything but goes on counting', async () => {
    const { h, emulator } = await embedded();
    const { mutationResults } = await h.put(h.key('K', 'x'), { v: integer(1) });
    const transaction = await h.begin();

    await emulator.reset();

    expect(await h.get(h.key('K', 'x'))).toBeUndefined();
    expect(await h.names({ kind: K, order: order('v') })).toEqual([]);
    expect(await codeOf(h.commit([], transaction))).toBe(status.INVALID_ARGUMENT);
    const again = await h.put(h.key('K', 'x'), { v: integer(1) });
    expect(Number(again.mutationResults?.[0]?.version)).toBeGreaterThan(Number(mutationResults?.[0]?.version));
    expect(await h.names({ kind: K, order: order('v') })).toEqual(['x']);
  });
});

describe('composite indexes', () => {
  // Google's emulators answer every query; only the real service refuses those without an index.
  const index = (...names: string[]): CompositeIndex => ({
    kind: 'K',
    properties: names.map((name) => ({
      name: name.replace(/^-/, ''),
      direction: name.startsWith('-') ? 'desc' : 'asc',
    })),
  });
  const mine = where('owner', 'EQUAL', text('me'));
  const up = where('state', 'EQUAL', text('up'));
  const old = where('at', 'LESS_THAN', integer(5));
  const projection = (...names: string[]) => names.map((name) => ({ property: { name } }));

  type Asked = Parameters<DatastoreHarness['query']>[0];

  async function outcome(query: Asked, compositeIndexes: readonly CompositeIndex[]): Promise<unknown> {
    const { h } = await embedded({ compositeIndexes });
    return codeOf(h.query({ kind: K, ...query }));
  }

  test.each<[string, Asked]>([
    ['a whole kind', {}],
    ['equalities alone, which are merged', { filter: and(mine, up) }],
    ['equalities on one property', { filter: and(mine, where('owner', 'EQUAL', text('you'))) }],
    ['alternatives of equalities', { filter: where('owner', 'IN', array(text('me'), text('you'))) }],
    ['one order', { order: order('-at') }],
    ['one inequality', { filter: old }],
    ['one inequality and its order', { filter: old, order: order('-at') }],
    ['an order by what is compared', { filter: mine, order: order('owner') }],
    ['equalities in the order of the key', { filter: mine, order: order('__key__') }],
    ['one order and then the key', { order: order('-at', '__key__') }],
    ['a projection of one property', { projection: projection('at') }],
    ['keys only', { filter: mine, projection: projection('__key__') }],
  ])('are not needed for %s', async (_, query) => {
    expect(await outcome(query, [])).toBe(0);
  });

  test.each<[string, Asked, CompositeIndex[]]>([
    ['an order beside an equality', { filter: mine, order: order('-at') }, [index('owner', '-at')]],
    ['an inequality beside an equality', { filter: and(mine, old) }, [index('owner', 'at')]],
    ['two orders', { order: order('state', '-at') }, [index('state', '-at')]],
    ['a descending key', { order: order('-__key__') }, [index('-__key__')]],
    ['a projection beside an equality', { filter: mine, projection: projection('at') }, [index('owner', 'at')]],
    ['a projection of two properties', { projection: projection('at', 'state') }, [index('at', 'state')]],
    ['equalities in any order', { filter: and(up, mine), order: order('at') }, [index('owner', 'state', 'at')]],
    [
      'a merge of indexes with one end',
      { filter: and(up, mine), order: order('-at') },
      [index('owner', '-at'), index('state', '-at')],
    ],
    ['each alternative', { filter: or(mine, up), order: order('-at') }, [index('owner', '-at'), index('state', '-at')]],
  ])('are needed for %s, all of them', async (_, query, indexes) => {
    expect(await outcome(query, indexes)).toBe(0);
    for (const spare of indexes) {
      const others = indexes.filter((other) => other !== spare);
      expect(await outcome(query, others)).toBe(status.FAILED_PRECONDITION);
    }
  });

  test.each<[string, Asked, CompositeIndex[]]>([
    ['of another direction', { filter: mine, order: order('-at') }, [index('owner', 'at')]],
    ['of another order', { filter: mine, order: order('at') }, [index('at', 'owner')]],
    ['with a property too many', { filter: mine, order: order('at') }, [index('owner', 'state', 'at')]],
    ['of another kind', { filter: mine, order: order('at') }, [{ ...index('owner', 'at'), kind: 'L' }]],
  ])('do not serve %s', async (_, query, indexes) => {
    expect(await outcome(query, indexes)).toBe(status.FAILED_PRECONDITION);
  });

  test('below an ancestor serve equalities alone', async () => {
    const { h } = await embedded({ compositeIndexes: [index('owner', 'at')] });
    const below = where('__key__', 'HAS_ANCESTOR', { keyValue: h.key('P', 'p') });

    expect(await codeOf(h.query({ kind: K, filter: and(below, mine, up) }))).toBe(0);
    const refusal = h.query({ kind: K, filter: and(below, mine), order: order('at') });
    await expect(refusal).rejects.toThrow('- kind: K\n  ancestor: yes\n  properties:\n  - name: owner\n  - name: at');
  });

  test('the refusal holds the lines that index.yaml would need', async () => {
    const { h } = await embedded({ compositeIndexes: [] });

    const refusal = await h.query({ kind: K, filter: and(mine, up), order: order('-at') }).catch(String);

    expect(refusal).toContain(
      [
        'no matching index found. recommended index is:',
        '- kind: K',
        '  properties:',
        '  - name: owner',
        '  - name: state',
        '  - name: at',
        '    direction: desc',
      ].join('\n'),
    );
  });

  test('an aggregation needs the index of its query, a sum that of its property too', async () => {
    const { h } = await embedded({ compositeIndexes: [index('owner', '-at')] });
    const { projectId, partitionId } = h;
    const aggregate = (nestedQuery: Asked, aggregation: object): Promise<unknown> =>
      codeOf(
        h.client.runAggregationQuery({
          projectId,
          partitionId,
          aggregationQuery: { nestedQuery: { kind: K, ...nestedQuery }, aggregations: [aggregation] },
        }),
      );

    expect(await aggregate({ filter: mine, order: order('-at') }, { count: {} })).toBe(0);
    expect(await aggregate({ filter: up, order: order('-at') }, { count: {} })).toBe(status.FAILED_PRECONDITION);
    expect(await aggregate({}, { sum: { property: { name: 'n' } } })).toBe(0);
    expect(await aggregate({ filter: mine }, { sum: { property: { name: 'n' } } })).toBe(status.FAILED_PRECONDITION);
  });

  test('one that is still being built, as a fault, fails what needs it and nothing else', async () => {
    const { h, faults } = await embedded({ compositeIndexes: [index('owner', '-at')] });
    const query = { kind: K, filter: mine, order: order('-at') };
    faults.add([{ service: 'datastore', method: 'runQuery', kind: 'indexBuilding', count: 1 }]);

    expect(await codeOf(h.query({ kind: K, filter: mine }))).toBe(0);
    expect(await codeOf(h.query(query))).toBe(status.FAILED_PRECONDITION);
    expect(await codeOf(h.query(query))).toBe(0);
  });
});

describe('contention', () => {
  const once = { retry: null, timeout: 10_000 };

  /**
   * Writes one entity `count` times in a row and returns the status codes; without retries, which would hide an
   * ABORTED.
   */
  async function writes({ h }: Embedded, count: number, name = 'x'): Promise<unknown[]> {
    const codes: unknown[] = [];
    const { projectId } = h;
    for (let n = 0; n < count; n += 1) {
      const mutations = [{ upsert: { key: h.key('K', name), properties: { n: integer(n) } } }];
      codes.push(await codeOf(h.client.commit({ projectId, mode: 'NON_TRANSACTIONAL', mutations }, once)));
    }
    return codes;
  }

  test('is off unless it is asked for', async () => {
    expect(new Set(await writes(await embedded(), 20))).toEqual(new Set([0]));
  });

  test('aborts plain writes of one entity beyond its rate, and applies nothing of them', async () => {
    const target = await embedded({ contention: { writesPerSecond: 1, burst: 3 } });
    // The test ends before the clock would allow another write.
    const codes = await writes(target, 4);

    expect(codes).toEqual([0, 0, 0, status.ABORTED]);
    expect((await target.h.get(target.h.key('K', 'x')))?.['n']?.integerValue).toBe('2');
    expect(await writes(target, 1, 'other')).toEqual([0]);
    target.clock.advance(1);
    expect(await writes(target, 1)).toEqual([0]);
  });

  test('of one entity aborts the whole of a transaction', async () => {
    const target = await embedded({ contention: { writesPerSecond: 0.001, burst: 1 } });
    const { h } = target;
    await writes(target, 1);
    const { projectId } = h;
    const mutations = ['fresh', 'x'].map((name) => ({ upsert: { key: h.key('K', name) } }));
    const singleUseTransaction = { readWrite: {} };

    const commit = h.client.commit({ projectId, mode: 'TRANSACTIONAL', singleUseTransaction, mutations }, once);

    expect(await codeOf(commit)).toBe(status.ABORTED);
    expect(await h.get(h.key('K', 'fresh'))).toBeUndefined();
  });

  test('as a fault aborts the next commits in the real service’s words', async () => {
    const target = await embedded();
    const { h, faults } = target;
    faults.add([{ service: 'datastore', method: 'commit', kind: 'contention', count: 1 }]);
    const mutations = [{ upsert: { key: h.key('K', 'x') } }];

    const refusal = h.client.commit({ projectId: h.projectId, mode: 'NON_TRANSACTIONAL', mutations }, once);

    await expect(refusal).rejects.toThrow('too much contention on these datastore entities. please try again.');
    expect(await h.get(h.key('K', 'x'))).toBeUndefined();
    expect(await writes(target, 1)).toEqual([0]);
  });
});

describe('rows with a time to live', () => {
  const ttl = { kinds: ['K'], property: 'expireAt' };
  const DAY = 86_400;

  const expiring = (seconds: number) => ({
    expireAt: { timestampValue: { seconds }, excludeFromIndexes: true },
  });

  test('are there when they expire, go one by one within a day, and are gone then', async () => {
    const { h, clock } = await embedded({ ttl });
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    const names = Array.from({ length: 20 }, (_, n) => `row-${n}`);
    await h.putAll('K', Object.fromEntries(names.map((name) => [name, expiring(nowSeconds + 60)])));
    const left = async (): Promise<number> => (await h.names({ kind: K })).length;

    clock.advance(61);
    expect(await left()).toBe(20);
    const counts: number[] = [];
    for (let hours = 0; hours < 26; hours += 1) {
      clock.advance(3600);
      // The sweep runs on the clock's timer, after this one.
      await new Promise((resume) => setTimeout(resume, 1));
      counts.push(await left());
    }

    expect(counts.at(-1)).toBe(0);
    expect(counts[12]).toBeGreaterThan(0);
    expect(counts[12]).toBeLessThan(20);
    expect(new Set(counts).size).toBeGreaterThan(5);
  });

  test('stay while their time is put off, taken away, or another kind’s', async () => {
    const { h, clock } = await embedded({ ttl });
    const past = Math.floor(clock.nowMs() / 1000) - DAY;
    await h.putAll('K', { later: expiring(past), never: expiring(past), gone: expiring(past) });
    await h.putAll('L', { other: expiring(past) });

    await h.put(h.key('K', 'later'), expiring(past + 1000 * DAY));
    await h.put(h.key('K', 'never'), {});
    clock.advance(2 * DAY);
    await new Promise((resume) => setTimeout(resume, 1));

    expect(await h.names({ kind: K })).toEqual(['later', 'never']);
    expect(await h.names({ kind: [{ name: 'L' }] })).toEqual(['other']);
  });
});

// Earlier states are kept for open transactions only, so such a read would return the wrong state.
test('a read as of a read_time is refused', async () => {
  const { h } = await embedded();
  const readTime = { seconds: 1 };
  const { projectId } = h;

  expect(await codeOf(h.get(h.key('K', 'x'), { readTime }))).toBe(status.UNIMPLEMENTED);
  expect(await codeOf(h.query({ kind: K }, { readTime }))).toBe(status.UNIMPLEMENTED);
  const transactionOptions = { readOnly: { readTime } };
  expect(await codeOf(h.client.beginTransaction({ projectId, transactionOptions }))).toBe(status.UNIMPLEMENTED);
});

describe('injected faults', () => {
  /** No retries, which would hide the fault. */
  const once = { retry: null, timeout: 10_000 };

  test('an error is answered with its status, and nothing is applied', async () => {
    const { h, faults } = await embedded();
    const { projectId } = h;
    const mutations = [{ insert: { key: h.key('K', 'x') } }];
    faults.add([
      { service: 'datastore', method: 'commit', kind: 'error', count: 1, status: status.RESOURCE_EXHAUSTED },
    ]);

    const commit = h.client.commit({ projectId, mode: 'NON_TRANSACTIONAL', mutations }, once);

    expect(await codeOf(commit)).toBe(status.RESOURCE_EXHAUSTED);
    expect(await h.get(h.key('K', 'x'))).toBeUndefined();
    expect(await codeOf(h.commit(mutations))).toBe(0);
  });

  test('a lost answer looks like an outage, and everything is applied', async () => {
    const { h, faults } = await embedded();
    const { projectId } = h;
    const mutations = [{ insert: { key: h.key('K', 'x') } }];
    faults.add([{ service: 'datastore', method: 'commit', kind: 'lostAnswer', count: 1 }]);

    const commit = h.client.commit({ projectId, mode: 'NON_TRANSACTIONAL', mutations }, once);

    expect(await codeOf(commit)).toBe(status.UNAVAILABLE);
    expect(await h.get(h.key('K', 'x'))).toBeDefined();
  });

  test('a delayed answer is applied at once and answered later', async () => {
    const { h, faults } = await embedded();
    faults.add([{ service: 'datastore', method: 'commit', kind: 'delay', count: 1, delayMs: 300 }]);
    let isAnswered = false;

    const commit = h.put(h.key('K', 'x'), {}).then(() => {
      isAnswered = true;
    });
    while ((await h.get(h.key('K', 'x'))) === undefined) expect(isAnswered).toBe(false);

    expect(isAnswered).toBe(false);
    await commit;
  });
});

describe('the plan of a query', () => {
  const owned: CompositeIndex = {
    kind: 'K',
    properties: [
      { name: 'owner', direction: 'asc' },
      { name: 'at', direction: 'desc' },
    ],
  };
  const stated: CompositeIndex = {
    kind: 'K',
    properties: [
      { name: 'state', direction: 'asc' },
      { name: 'at', direction: 'desc' },
    ],
  };
  const SIZE = 5000;

  async function loaded(options: Options = {}): Promise<Embedded> {
    const target = await embedded({ compositeIndexes: [owned, stated], ...options });
    const { emulator, h } = target;
    const partitionId = { projectId: h.projectId, namespaceId: h.namespaceId };
    emulator.bulkLoad(
      Array.from({ length: SIZE }, (_, n) => ({
        key: { partitionId, path: [{ kind: 'K', name: `k${String(n).padStart(5, '0')}` }] },
        properties: {
          owner: text(`owner-${n % 50}`),
          state: text(n % 3 === 0 ? 'up' : 'down'),
          at: { integerValue: n },
          n: { integerValue: n % 10 },
        },
      })),
    );
    return target;
  }

  /** Returns the reads that `work` causes. */
  async function cost(
    { emulator }: Embedded,
    work: () => Promise<unknown>,
  ): Promise<[entities: number, entries: number]> {
    const before = emulator.stats();
    await work();
    const behind = emulator.stats();
    return [behind.entitiesRead - before.entitiesRead, behind.indexEntriesRead - before.indexEntriesRead];
  }

  async function counted({ h }: Embedded, nestedQuery: object, upTo?: number): Promise<number> {
    const { projectId, partitionId, client } = h;
    const count = upTo === undefined ? {} : { upTo: { value: upTo } };
    const aggregationQuery = { nestedQuery, aggregations: [{ alias: 'total', count }] };
    const [{ batch }] = await client.runAggregationQuery({ projectId, partitionId, aggregationQuery });
    return Number(batch?.aggregationResults?.[0]?.aggregateProperties?.['total']?.integerValue);
  }

  test('a page in the order of an index reads its own entities and one entry more', async () => {
    const target = await loaded();
    const page = { kind: K, order: order('-at'), limit: { value: 20 } };
    const filter = where('owner', 'EQUAL', text('owner-7'));

    expect(await cost(target, () => target.h.query(page))).toEqual([20, 21]);
    expect(await cost(target, () => target.h.query({ ...page, filter }))).toEqual([20, 21]);
  });

  test('an offset reads index entries only', async () => {
    const target = await loaded();

    const query = { kind: K, order: order('-at'), offset: 4000, limit: { value: 20 } };

    expect(await cost(target, () => target.h.query(query))).toEqual([20, 4021]);
  });

  test('composites that end in the same order answer together: neither the kind nor an entity is read in vain', async () => {
    const target = await loaded();
    const filter = and(where('owner', 'EQUAL', text('owner-7')), where('state', 'EQUAL', text('up')));
    const query = { kind: K, filter, order: order('-at'), limit: { value: 10 } };

    const [entities, entries] = await cost(target, () => target.h.query(query));

    expect(entities).toBe(10);
    // A third of an owner's entities have the state `up`: about 33 entries, each probed once.
    expect(entries).toBeLessThan(80);
    const all = Array.from({ length: SIZE }, (_, n) => n).filter((n) => n % 50 === 7 && n % 3 === 0);
    const expected = all
      .reverse()
      .slice(0, 10)
      .map((n) => `k${String(n).padStart(5, '0')}`);
    expect(await target.h.names(query)).toEqual(expected);
  });

  test('a few equals are sorted in memory rather than a whole order walked', async () => {
    const target = await loaded({ answersUnindexed: true });
    const filter = and(where('owner', 'EQUAL', text('owner-7')));

    const [entities, entries] = await cost(target, () => target.h.query({ kind: K, filter, order: order('n', 'at') }));

    expect(entities).toBeLessThanOrEqual(200);
    expect(entries).toBe(100);
  });

  test('a count reads no entity', async () => {
    const target = await loaded();
    const filter = where('state', 'EQUAL', text('up'));

    expect(await cost(target, () => counted(target, { kind: K, filter }))).toEqual([0, Math.ceil(SIZE / 3)]);
  });

  test('the count of a merge stays exact through writes, deletes and a commit that fails', async () => {
    const target = await embedded({ compositeIndexes: [owned, stated] });
    const { emulator, h } = target;
    const BIG = 3000;
    const rows = new Map<string, { owner: number; state: number; at: number }>(
      Array.from({ length: BIG }, (_, n) => [`k${n}`, { owner: n % 2, state: n % 3, at: n }]),
    );
    const properties = ({ owner, state, at }: { owner: number; state: number; at: number }) => ({
      owner: text(`owner-${owner}`),
      state: text(`state-${state}`),
      at: integer(at),
    });
    const partitionId = { projectId: h.projectId, namespaceId: h.namespaceId };
    emulator.bulkLoad(
      [...rows].map(([name, row]) => ({
        key: { partitionId, path: [{ kind: 'K', name }] },
        properties: properties(row),
      })),
    );
    const ownedBy = where('owner', 'EQUAL', text('owner-1'));
    const inState = where('state', 'EQUAL', text('state-1'));
    const expectCounts = async (): Promise<void> => {
      const all = [...rows.values()];
      const both = all.filter(({ owner, state }) => owner === 1 && state === 1).length;
      const newestFirst = order('-at');
      expect(await counted(target, { kind: K, order: newestFirst })).toBe(all.length);
      expect(await counted(target, { kind: K, filter: ownedBy, order: newestFirst })).toBe(
        all.filter(({ owner }) => owner === 1).length,
      );
      for (const by of [{ order: newestFirst }, {}]) {
        const query = { kind: K, filter: and(ownedBy, inState), ...by };
        expect(await counted(target, query)).toBe(both);
        expect(await counted(target, query, 10)).toBe(10);
      }
    };
    await expectCounts();

    rows.set('k1', { owner: 1, state: 0, at: 1 });
    rows.set('k2', { owner: 1, state: 1, at: BIG + 2 });
    rows.set('new', { owner: 1, state: 1, at: BIG + 3 });
    for (const name of ['k1', 'k2', 'new']) {
      await h.put(h.key('K', name), properties(rows.get(name) ?? { owner: 0, state: 0, at: 0 }));
    }
    for (const name of ['k7', 'k8', 'new']) {
      rows.delete(name);
      await h.commit([{ delete: h.key('K', name) }]);
    }
    await expectCounts();

    const joins = { upsert: { key: h.key('K', 'k0'), properties: properties({ owner: 1, state: 1, at: 0 }) } };
    const fails = { insert: { key: h.key('K', 'k3'), properties: {} } };
    expect(await codeOf(h.commit([joins, fails], await h.begin()))).toBe(status.ALREADY_EXISTS);
    await expectCounts();

    await emulator.reset();
    rows.clear();
    expect(await counted(target, { kind: K, filter: and(ownedBy, inState), order: order('-at') })).toBe(0);
  });

  test('a keys-only query and a projection read no entity', async () => {
    const target = await loaded();
    const page = { kind: K, order: order('at'), limit: { value: 5 } };

    const keysOnly = { ...page, projection: [{ property: { name: '__key__' } }] };
    const projection = { ...page, projection: [{ property: { name: 'at' } }] };

    expect(await cost(target, () => target.h.query(keysOnly))).toEqual([0, 6]);
    expect(await cost(target, () => target.h.query(projection))).toEqual([0, 6]);
  });
});
