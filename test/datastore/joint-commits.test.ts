import { describe, expect, onTestFinished, test } from 'vitest';
import { gateOf } from '#shared/concurrency/gate.ts';
import { CUSTOMER } from '#shared/datastore/account-rows.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { sharedRead } from '#shared/datastore/shared-rows.ts';
import { Store } from '#shared/datastore/store.ts';
import { insert, put, ref, replace } from '#shared/datastore/write.ts';
import { instanceNotFound } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import { reserve } from '#shared/domain/quota.ts';
import { TEST_PROJECT, testDatastore } from '#test/support/datastore.ts';

const COUNTER = ref(USAGE, 'acme');
const ONE_AT_A_TIME = { name: 'acme', oneAtATime: true };
/** gRPC codes that Google's client does not repeat by itself. */
const ABORTED = 10;
const INVALID_ARGUMENT = 3;

async function harness() {
  const datastore = await testDatastore();
  const counts = { commits: 0, lookUps: 0 };
  const take = datastore.faults.take.bind(datastore.faults);
  datastore.faults.take = (service, method, ...rest) => {
    if (method === 'commit') counts.commits += 1;
    if (method === 'lookup') counts.lookUps += 1;
    return take(service, method, ...rest);
  };
  const other = new Store({
    project: TEST_PROJECT,
    database: '',
    emulatorHost: datastore.address,
    random: () => 0,
    sleep: async () => undefined,
  });
  onTestFinished(() => other.close());
  const { store, faults } = datastore;
  const fault = (
    kind: 'error' | 'lostAnswer' | 'late',
    more: { count?: number; status?: number; delayMs?: number } = {},
  ) => faults.add([{ service: 'datastore', method: 'commit', kind, count: 1, ...more }]);
  const counted = async () => (await store.get(COUNTER))?.value.instances ?? 0;
  const names = async (all: readonly string[]) => {
    const rows = await store.getAll(all.map((name) => ref(CUSTOMER, name)));
    return rows.flatMap((row) => (row === undefined ? [] : [row.id]));
  };
  return { ...datastore, other, counts, fault, counted, names };
}

interface Place {
  readonly name: string;
  readonly limit?: number;
  /** Runs after the first read. */
  readonly onRead?: () => Promise<void>;
}

/** Takes a place in the counter, and inserts a row of the change's own. Answers the place. */
function takePlace(store: Store, { name, limit = 1_000, onRead }: Place): Promise<number> {
  let first = onRead;
  return store.changeTogether<string, number>(ONE_AT_A_TIME, {
    read: async () => {
      const row = await store.get(COUNTER);
      await first?.();
      first = undefined;
      return { own: name, shared: [sharedRead(COUNTER, row)] };
    },
    decide: (own, shared) => {
      const instances = reserve(shared.get(COUNTER)?.instances ?? 0, limit);
      shared.set(COUNTER, { instances });
      return { writes: [insert(CUSTOMER, own, { id: own, name: own, tier: 'pro' })], result: instances };
    },
  });
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

function all(store: Store, place: Partial<Place> = {}): Promise<PromiseSettledResult<number>[]> {
  return Promise.allSettled(NAMES.map((name) => takePlace(store, { ...place, name })));
}

function placesOf(results: readonly PromiseSettledResult<number>[]): readonly number[] {
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])).sort((a, b) => a - b);
}

describe('changes that meet at a row', () => {
  test('are one commit after one look-up, each answered by its own outcome', async () => {
    const { store, counts, counted } = await harness();

    const results = await all(store);

    expect(placesOf(results)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(counts).toEqual({ commits: 1, lookUps: 1 });
    expect(await counted()).toBe(8);
  });

  test('get exactly the places that there are; the others are told so, and write nothing', async () => {
    const { store, counted, names } = await harness();

    const results = await all(store, { limit: 3 });

    expect(placesOf(results)).toEqual([1, 2, 3]);
    for (const { status, ...rest } of results)
      if (status === 'rejected') expect(rest).toMatchObject({ reason: { kind: 'quota_exceeded' } });
    expect([await counted(), (await names(NAMES)).length]).toEqual([3, 3]);
  });

  test('that come while a commit is under way share the next one', async () => {
    const { store, faults, counts, counted } = await harness();
    faults.add([{ service: 'datastore', method: 'commit', kind: 'delay', count: 1, delayMs: 30 }]);

    const first = takePlace(store, { name: 'first' });
    while (counts.commits === 0) await store.get(ref(CUSTOMER, 'nobody'));
    const results = await all(store);

    expect(await first).toBe(1);
    expect(placesOf(results)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(counts.commits).toBe(2);
    expect(await counted()).toBe(9);
  });

  test('when another process was faster read the shared row again, and nothing else', async () => {
    const { store, other, counts, counted } = await harness();
    const reads: string[] = [];
    let others: Promise<number> | undefined;

    const results = await Promise.allSettled(
      NAMES.map((name) =>
        takePlace(store, {
          name,
          onRead: async () => {
            reads.push(name);
            others ??= takePlace(other, { name: 'other' });
            await others;
          },
        }),
      ),
    );

    expect(placesOf(results)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect([reads.length, await counted()]).toEqual([8, 9]);
    // The other's commit, ours that met it, and ours again.
    expect(counts.commits).toBe(3);
  });

  test('one of which cannot be written, however often, do not fail with it', async () => {
    const { store, counted, names } = await harness();
    await store.write([put(CUSTOMER, 'c', { id: 'c', name: 'taken', tier: 'pro' })]);

    const results = await all(store);

    expect(results[2]).toMatchObject({ status: 'rejected', reason: { reason: 'contention' } });
    expect(placesOf(results)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([await counted(), (await names(NAMES)).length]).toEqual([7, 8]);
  });

  test('one of which Datastore refuses do not fail with it', async () => {
    const { store, counted } = await harness();
    const bad = takePlace(store, { name: '__reserved__' }).catch((thrown: unknown) => thrown);

    const results = await all(store);

    expect(await bad).toMatchObject({ kind: 'internal' });
    expect(placesOf(results)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await counted()).toBe(8);
  });

  test('one of which cannot be decided do not fail with it', async () => {
    const { store, counted } = await harness();
    const bad = store.changeTogether(ONE_AT_A_TIME, {
      read: async () => ({ own: undefined, shared: [sharedRead(COUNTER, await store.get(COUNTER))] }),
      decide: () => {
        throw instanceNotFound();
      },
    });

    const [outcome, results] = await Promise.all([bad.catch((thrown: unknown) => thrown), all(store)]);

    expect(outcome).toMatchObject({ kind: 'not_found' });
    expect([placesOf(results).length, await counted()]).toEqual([8, 8]);
  });

  test('and write one row of their own are not put into one commit: the second reads what the first has written', async () => {
    const { store, counted } = await harness();
    const target = ref(CUSTOMER, 'mine');
    const once = () =>
      store.changeTogether<boolean, string>(ONE_AT_A_TIME, {
        read: async () => {
          const [row, usage] = await store.getAll([target, COUNTER]);
          return { own: row === undefined, shared: [sharedRead(COUNTER, usage)] };
        },
        decide: (isFree, shared) => {
          if (!isFree) return { writes: [], result: 'found' };
          shared.set(COUNTER, { instances: (shared.get(COUNTER)?.instances ?? 0) + 1 });
          return { writes: [insert(CUSTOMER, 'mine', { id: 'mine', name: '', tier: '' })], result: 'made' };
        },
      });

    expect((await Promise.all([once(), once(), once()])).sort()).toEqual(['found', 'found', 'made']);
    expect(await counted()).toBe(1);
  });
});

describe('a shared commit whose answer was lost', () => {
  test('is found by its rows, once for all its changes, and not made again', async () => {
    const { store, fault, counts, counted } = await harness();
    fault('lostAnswer');

    const results = await all(store);

    expect(placesOf(results)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([counts.commits, await counted()]).toEqual([1, 8]);
  });

  test('is found by a change that was refused meanwhile, because its own commit has taken the last places', async () => {
    const { store, fault, counted } = await harness();
    fault('late', { delayMs: 5 });

    const results = await Promise.allSettled(NAMES.slice(0, 3).map((name) => takePlace(store, { name, limit: 3 })));

    expect(placesOf(results)).toEqual([1, 2, 3]);
    expect(await counted()).toBe(3);
  });

  test('that was not applied is made again, and counted once', async () => {
    const { store, fault, counted } = await harness();
    fault('error', { status: 14 });

    expect(placesOf(await all(store))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await counted()).toBe(8);
  });

  test('twice in a row is told to each of its callers as 503', async () => {
    const { store, fault } = await harness();
    fault('error', { status: 14, count: 20 });

    for (const result of await all(store))
      expect(result).toMatchObject({ status: 'rejected', reason: { reason: 'datastore_unavailable' } });
  });
});

test('ABORTED repeats the shared commit as a whole: a hot row is not written by each change on its own', async () => {
  const { store, fault, counts, counted } = await harness();
  fault('error', { status: ABORTED, count: 3 });

  expect(placesOf(await all(store))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([counts.commits, await counted()]).toEqual([4, 8]);
});

test('INVALID_ARGUMENT for a commit of several is answered by each change on its own', async () => {
  const { store, fault, counts, counted } = await harness();
  fault('error', { status: INVALID_ARGUMENT });

  expect(placesOf(await all(store))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([counts.commits, await counted()]).toEqual([9, 8]);
});

test('a change joins no commit before its gate opens, and none at all when the gate stays shut', async () => {
  const { store, counted, names } = await harness();
  const open = Promise.withResolvers<undefined>();
  const shut = Promise.withResolvers<undefined>();
  const waiting = takePlace(store.behind(gateOf(open.promise)), { name: 'waiting' });
  const refused = takePlace(store.behind(gateOf(shut.promise)), { name: 'refused' }).catch((thrown: unknown) => thrown);

  const results = await all(store);
  expect(await names(['waiting', 'refused'])).toEqual([]);
  shut.reject(new Failure('rate_limited', 'Beyond the limit.'));
  open.resolve(undefined);

  expect(await refused).toMatchObject({ kind: 'rate_limited' });
  expect([await waiting, results.length]).toEqual([9, 8]);
  expect([await names(['waiting', 'refused']), await counted()]).toEqual([['waiting'], 9]);
});

test('changes of one tick that meet at no row share a commit, and those of another tick do not wait for it', async () => {
  const { store, faults, counts } = await harness();
  await store.write(NAMES.map((name) => put(CUSTOMER, name, { id: name, name, tier: 'free' })));
  counts.commits = 0;
  faults.add([{ service: 'datastore', method: 'commit', kind: 'delay', count: 1, delayMs: 300 }]);
  const change = (name: string) =>
    store.changeTogether(
      { name: 'acme', oneAtATime: false },
      {
        read: async () => ({ own: await store.get(ref(CUSTOMER, name)), shared: [] }),
        decide: (row) => ({
          writes: row === undefined ? [] : [replace(row, { ...row.value, tier: 'pro' })],
          result: name,
        }),
      },
    );
  const ended: string[] = [];

  const slow = NAMES.slice(0, 4).map(async (name) => ended.push(await change(name)));
  while (counts.commits === 0) await store.get(ref(CUSTOMER, 'nobody'));
  const quick = NAMES.slice(4).map(async (name) => ended.push(await change(name)));
  await Promise.all([...slow, ...quick]);

  expect(ended).toEqual(['e', 'f', 'g', 'h', 'a', 'b', 'c', 'd']);
  expect(counts.commits).toBe(2);
});

test('regression: a change that waited for the next commit was told a failure of this one, and was made all the same', async () => {
  const { store, faults, fault, names } = await harness();
  // Fails the look-up that should tell what became of the commit; the rows have been read by then.
  let failNextLookUp = () => {
    failNextLookUp = () => undefined;
    faults.add([{ service: 'datastore', method: 'lookup', kind: 'error', count: 1, status: INVALID_ARGUMENT }]);
  };
  const change = (name: string) =>
    store.changeTogether<undefined, string>(ONE_AT_A_TIME, {
      read: async () => ({ own: undefined, shared: [sharedRead(COUNTER, await store.get(COUNTER))] }),
      decide: (_own, shared) => {
        failNextLookUp();
        shared.set(COUNTER, { instances: (shared.get(COUNTER)?.instances ?? 0) + 1 });
        const row = (id: string) => ({ id, name: id, tier: 'pro' });
        // Both write one row, so the second has to wait for a commit of its own.
        return { writes: [insert(CUSTOMER, name, row(name)), put(CUSTOMER, 'both', row('both'))], result: name };
      },
    });
  fault('lostAnswer');

  const [first, second] = await Promise.allSettled([change('first'), change('second')]);

  expect(first.status).toBe('rejected');
  expect(second).toEqual({ status: 'fulfilled', value: 'second' });
  expect(await names(['first', 'second'])).toEqual(['first', 'second']);
});
