import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { API_KEY, type Customer, CUSTOMER } from '#shared/datastore/account-rows.ts';
import { RATE_COUNTER, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { ALL_USAGES } from '#shared/datastore/queries.ts';
import { Store } from '#shared/datastore/store.ts';
import { plainTime } from '#shared/datastore/field.ts';
import { Conflict, erase, insert, put, ref, remove, replace, rowAfter, touch } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { TEST_PROJECT, testDatastore } from '#test/support/datastore.ts';

const COUNTER = ref(USAGE, 'acme');
/** gRPC status codes. Google's client does not retry ABORTED, so tests do not wait. */
const ABORTED = 10;
const PERMISSION_DENIED = 7;

async function harness() {
  const datastore = await testDatastore();
  const waits: number[] = [];
  const other = new Store({
    project: TEST_PROJECT,
    database: '',
    emulatorHost: datastore.address,
    random: () => 1,
    sleep: async (ms) => void waits.push(ms),
  });
  onTestFinished(() => other.close());
  await datastore.store.write([put(USAGE, 'acme', { instances: 0 })]);
  const fault = (kind: 'error' | 'lostAnswer', count = 1, status?: number) =>
    datastore.faults.add([
      { service: 'datastore', method: 'commit', kind, count, ...(status === undefined ? {} : { status }) },
    ]);
  return { ...datastore, other, waits, fault };
}

function customer(id: string, tier = 'pro'): Customer {
  return { id, name: id, tier };
}

/** Increments the counter, and inserts a row that shows whether the change was applied. */
function addOne(store: Store, witness: string, onDecide: () => Promise<void> = async () => undefined) {
  return store.change(async () => {
    const row = await store.get(COUNTER);
    await onDecide();
    if (row === undefined) throw new Error('The counter is missing.');
    const instances = row.value.instances + 1;
    return { writes: [insert(CUSTOMER, witness, customer(witness)), replace(row, { instances })], result: instances };
  });
}

async function counted(store: Store): Promise<number | undefined> {
  return (await store.get(COUNTER))?.value.instances;
}

describe('a change', () => {
  test('that meets another writer is decided again, from what is there then', async () => {
    const { store, other } = await harness();
    const results: number[] = [];
    let meet = true;
    results.push(
      await addOne(store, 'first', async () => {
        if (!meet) return;
        meet = false;
        results.push(await addOne(other, 'second'));
      }),
    );

    expect(results).toEqual([1, 2]);
    expect(await counted(store)).toBe(2);
  });

  test('that always meets others gives up with 503, having written nothing, and waited longer each time', async () => {
    const { store, other, waits } = await harness();
    let others = 0;
    const changed = addOne(other, 'mine', async () => {
      others += 1;
      await store.write([put(USAGE, 'acme', { instances: 100 + others })]);
    });

    await expect(changed).rejects.toMatchObject({ kind: 'unavailable', reason: 'contention', retryAfterSeconds: 1 });
    expect(await store.get(ref(CUSTOMER, 'mine'))).toBeUndefined();
    expect(others).toBe(12);
    expect(waits).toEqual([20, 40, 80, 160, 320, 500, 500, 500, 500, 500, 500]);
  });

  test('without writes touches nothing', async () => {
    const { store, faults } = await harness();
    faults.add([{ service: 'datastore', method: 'commit', kind: 'error', count: 1 }]);

    expect(await store.change(async () => ({ writes: [], result: 'nothing to do' }))).toBe('nothing to do');
    expect(faults.list()).toHaveLength(1);
  });

  test('all of whose writes are refused when one of them is', async () => {
    const { store } = await harness();
    await store.write([put(CUSTOMER, 'taken', customer('taken', 'free'))]);

    await expect(
      store.commitOnce([put(USAGE, 'acme', { instances: 9 }), insert(CUSTOMER, 'taken', customer('taken'))]),
    ).rejects.toBeInstanceOf(Conflict);
    expect(await counted(store)).toBe(0);
  });

  test('that decides not to, is not', async () => {
    const { store } = await harness();
    const refused = store.change(async () => {
      throw new Failure('quota_exceeded', 'No more.');
    });

    await expect(refused).rejects.toMatchObject({ kind: 'quota_exceeded' });
  });
});

describe('a commit whose answer was lost', () => {
  test('is found by the row it inserted, and not made again', async () => {
    const { store, fault } = await harness();
    let decided = 0;
    fault('lostAnswer');
    const result = await addOne(store, 'mine', async () => {
      decided += 1;
    });

    expect([result, decided, await counted(store)]).toEqual([1, 1, 1]);
  });

  test('and that was not applied is made', async () => {
    const { store, fault } = await harness();
    fault('error');

    expect(await addOne(store, 'mine')).toBe(1);
    expect(await counted(store)).toBe(1);
  });

  test.each([
    [
      'a refusal',
      (): Promise<never> => {
        throw new Failure('quota_exceeded', 'The last place is taken.');
      },
    ],
    ['nothing left to do', async () => ({ writes: [], result: -1 })],
  ] as const)('and that lands while it is decided anew is what counts, not %s by its own echo', async (_, echo) => {
    const { store, faults } = await harness();
    faults.add([{ service: 'datastore', method: 'commit', kind: 'late', count: 1, delayMs: 100 }]);
    let decided = 0;

    const result = await store.change<number>(async () => {
      decided += 1;
      if (decided > 1) {
        // Waits until this process's own first commit is applied, which takes the last place.
        while ((await counted(store)) === 0) await sleep(5);
        return echo();
      }
      const row = await store.get(COUNTER);
      if (row === undefined) throw new Error('The counter is missing.');
      return { writes: [insert(CUSTOMER, 'mine', customer('mine')), replace(row, { instances: 1 })], result: 1 };
    });

    expect([result, decided, await counted(store)]).toEqual([1, 2, 1]);
  });

  test('and that lands late does not make a success of the refusal of a request that was too late', async () => {
    const { store, other, fault } = await harness();
    fault('error');
    let decided = 0;

    const refused = store.change(async () => {
      decided += 1;
      const row = await store.get(COUNTER);
      if (decided === 1 && row !== undefined) {
        return { writes: [insert(CUSTOMER, 'mine', customer('mine')), replace(row, { instances: 1 })], result: 1 };
      }
      await addOne(other, 'theirs');
      throw new Failure('quota_exceeded', 'The last place is taken.');
    });

    await expect(refused).rejects.toMatchObject({ kind: 'quota_exceeded' });
  });

  test('without an insert is decided again, and then finds that nothing is left to do', async () => {
    const { store, fault } = await harness();
    await store.write([put(CUSTOMER, 'acme', customer('acme', 'free'))]);
    fault('lostAnswer');
    let decided = 0;
    const result = await store.change(async () => {
      decided += 1;
      const row = await store.get(ref(CUSTOMER, 'acme'));
      if (row === undefined || row.value.tier === 'pro') return { writes: [], result: 'nothing left' };
      return { writes: [replace(row, customer('acme', 'pro'))], result: 'changed' };
    });

    expect([result, decided]).toEqual(['nothing left', 2]);
  });

  test('and that arrives late is still found, although it was decided anew meanwhile', async () => {
    const { store, other, fault } = await harness();
    fault('error');
    const writes = (tier: string) => [insert(CUSTOMER, 'mine', customer('mine', tier))];
    let decided = 0;
    const result = await store.change(async () => {
      decided += 1;
      // The first commit, which seemed lost, is applied while the second one is being decided.
      if (decided === 2) await other.write(writes('decided first'));
      const tier = decided === 1 ? 'decided first' : 'decided second';
      return { writes: writes(tier), result: tier };
    });

    expect(result).toBe('decided first');
    expect((await store.get(ref(CUSTOMER, 'mine')))?.value.tier).toBe('decided first');
  });

  test('twice in a row is told to the caller instead of tried on and on', async () => {
    const { store, fault } = await harness();
    fault('error', 10);

    await expect(addOne(store, 'mine')).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'datastore_unavailable',
      retryAfterSeconds: 2,
    });
    expect(await counted(store)).toBe(0);
  });

  test('is not mistaken for another writer’s row of the same id', async () => {
    const { store } = await harness();
    await store.write([put(CUSTOMER, 'shared', customer('shared', 'free'))]);
    const claimed = store.change(async () => {
      const row = await store.get(ref(CUSTOMER, 'shared'));
      const tier = row?.value.tier;
      return tier === 'pro'
        ? { writes: [], result: 'seen' }
        : { writes: [insert(CUSTOMER, 'shared', customer('shared', 'pro'))], result: 'mine' };
    });

    await expect(claimed).rejects.toMatchObject({ reason: 'contention' });
  });
});

test('two writers at once, with answers lost and commits refused on the way, count exactly once each', async () => {
  const { store, other, faults } = await harness();
  const changes: Promise<number>[] = [];
  for (let i = 0; i < 10; i += 1) {
    for (const [name, writer] of [
      ['a', store],
      ['b', other],
    ] as const) {
      const kind = i % 3 === 0 ? 'lostAnswer' : 'error';
      if (i % 2 === 0) faults.add([{ service: 'datastore', method: 'commit', kind, count: 1 }]);
      changes.push(addOne(writer, `${name}-${i}`));
    }
    await Promise.allSettled(changes);
  }
  const done = (await Promise.allSettled(changes)).filter(({ status }) => status === 'fulfilled');
  const written = await store.getAll(
    Array.from({ length: 10 }, (_, i) => [ref(CUSTOMER, `a-${i}`), ref(CUSTOMER, `b-${i}`)]).flat(),
  );

  expect(await counted(store)).toBe(written.filter((row) => row !== undefined).length);
  expect(done).toHaveLength(20);
});

describe('a store that does not answer', () => {
  test('fails reads as unavailable, and never returns them empty', async () => {
    const { store, faults } = await harness();
    for (const method of ['lookup', 'runQuery', 'runAggregationQuery']) {
      faults.add([{ service: 'datastore', method, kind: 'error', status: ABORTED, count: 1 }]);
    }

    for (const read of [
      () => store.get(COUNTER),
      () => store.query(ALL_USAGES, {}, { limit: 1 }),
      () => store.count(ALL_USAGES, {}),
    ]) {
      await expect(read()).rejects.toMatchObject({ kind: 'unavailable', reason: 'datastore_unavailable' });
    }
  });

  test('in a way that is no outage is our own failure, and shows nothing', async () => {
    const { store, faults } = await harness();
    faults.add([{ service: 'datastore', method: 'lookup', kind: 'error', status: PERMISSION_DENIED, count: 1 }]);

    await expect(store.get(COUNTER)).rejects.toMatchObject({ kind: 'internal' });
  });
});

describe('conditions', () => {
  test('a row that was changed or removed since it was read is neither replaced nor removed', async () => {
    const { store } = await harness();
    const row = await store.get(COUNTER);
    if (row === undefined) throw new Error('The counter is missing.');
    await store.write([put(USAGE, 'acme', { instances: 5 })]);

    for (const write of [replace(row, { instances: 1 }), remove(row)]) {
      await expect(store.commitOnce([write])).rejects.toBeInstanceOf(Conflict);
    }
    expect(await counted(store)).toBe(5);
    await store.write([erase(COUNTER)]);
    await expect(store.commitOnce([replace(row, { instances: 1 })])).rejects.toBeInstanceOf(Conflict);
    expect(await store.get(COUNTER)).toBeUndefined();
  });

  test('touching a time leaves the rest of the row to others', async () => {
    const { store } = await harness();
    const key = {
      id: 'k',
      userId: 'u',
      customerId: 'acme',
      name: 'n',
      secretHash: 'h',
      createdAtMs: 1,
      expiresAtMs: null,
      revokedAtMs: null,
      lastUsedAtMs: null,
    };
    await store.write([put(API_KEY, 'k', key)]);
    const note = touch(ref(API_KEY, 'k'), 'lastUsedAtMs', 7, plainTime);
    await store.write([put(API_KEY, 'k', { ...key, revokedAtMs: 5 })]);
    await store.write([note]);

    expect((await store.get(ref(API_KEY, 'k')))?.value).toEqual({ ...key, revokedAtMs: 5, lastUsedAtMs: 7 });
  });
});

describe('counting', () => {
  test('every increment answers a number of its own, however many others count', async () => {
    const { store, other } = await harness();
    const target = ref(RATE_COUNTER, 'acme|create|1');
    const counts = await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 ? store : other).increment(target, 'count', { expireAtMs: 1_000 })),
    );

    expect(counts.map(({ count }) => count).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect((await store.get(target))?.value.count).toBe(40);
  });

  test('a count that was not answered once is asked again, and counted upwards; twice it is a failure, not a free token', async () => {
    const { store, fault } = await harness();
    fault('lostAnswer');
    const asked = await store.increment(ref(RATE_COUNTER, 't'), 'count', { expireAtMs: 1 });
    fault('lostAnswer');
    fault('lostAnswer');

    expect(asked.count).toBe(2);

    await expect(store.increment(ref(RATE_COUNTER, 't'), 'count', { expireAtMs: 1 })).rejects.toMatchObject({
      kind: 'unavailable',
    });
  });
});

describe('reading several rows', () => {
  test('answers them in the order asked for, with nothing where there is none', async () => {
    const { store } = await harness();
    await store.write(['a', 'b'].map((id) => put(CUSTOMER, id, customer(id))));

    const rows = await store.getAll(['b', 'missing', 'a', 'b'].map((id) => ref(CUSTOMER, id)));

    expect(rows.map((row) => row?.id)).toEqual(['b', undefined, 'a', 'b']);
    expect(await store.getAll([])).toEqual([]);
  });

  test('looks up nothing for a place that names no row', async () => {
    const { store, faults } = await harness();
    faults.add([{ service: 'datastore', method: 'lookup', kind: 'error', status: ABORTED, count: 1 }]);

    expect(await store.getAll([undefined, undefined])).toEqual([undefined, undefined]);
    expect(faults.list()).toHaveLength(1);
    await store.write([put(CUSTOMER, 'a', customer('a'))]);
    faults.clear();
    expect((await store.getAll([undefined, ref(CUSTOMER, 'a')])).map((row) => row?.id)).toEqual([undefined, 'a']);
  });

  test('pages of a query end where the rows do, and a made-up cursor is refused', async () => {
    const { store } = await harness();
    await store.write(Array.from({ length: 5 }, (_, i) => put(USAGE, `u-${i}`, { instances: i })));

    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.query(ALL_USAGES, {}, { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      ids.push(...page.rows.map((row) => row.id));
      cursor = page.cursor;
    } while (cursor !== undefined);

    expect(ids).toEqual(['acme', 'u-0', 'u-1', 'u-2', 'u-3', 'u-4']);
    expect(await store.count(ALL_USAGES, {})).toBe(6);
    // The last two decode to no bytes, which would mean the first page.
    for (const cursor of ['bm8', 'bm8=', '!!!', '']) {
      await expect(store.query(ALL_USAGES, {}, { limit: 2, cursor })).rejects.toMatchObject({
        kind: 'invalid_request',
        reason: 'invalid_cursor',
      });
    }
  });
});

describe('reads that meet', () => {
  test('go into one call, and each gets its own rows', async () => {
    const { store, faults } = await harness();
    await store.write([put(CUSTOMER, 'a', customer('a')), put(CUSTOMER, 'b', customer('b'))]);
    faults.add([{ service: 'datastore', method: 'lookup', kind: 'delay', delayMs: 0, count: 100 }]);

    const [a, both, none] = await Promise.all([
      store.get(ref(CUSTOMER, 'a')),
      store.getAll([ref(CUSTOMER, 'b'), ref(CUSTOMER, 'a')]),
      store.get(ref(CUSTOMER, 'c')),
    ]);

    expect(a?.value.id).toBe('a');
    expect(both.map((row) => row?.value.id)).toEqual(['b', 'a']);
    expect(none).toBeUndefined();
    expect(faults.list()).toMatchObject([{ left: 99 }]);
  });

  test('a key that the store refuses fails no other read of the same call', async () => {
    const { store } = await harness();
    await store.write([put(CUSTOMER, 'a', customer('a'))]);

    const [good, bad] = await Promise.allSettled([
      store.get(ref(CUSTOMER, 'a')),
      // Longer than Datastore allows.
      store.get(ref(CUSTOMER, 'x'.repeat(2_000))),
    ]);

    expect(good).toMatchObject({ status: 'fulfilled', value: { id: 'a' } });
    expect(bad.status).toBe('rejected');
  });

  test('more than one look-up takes come back all the same', async () => {
    const { store } = await harness();
    await store.write([put(CUSTOMER, 'c-1200', customer('c-1200'))]);

    const rows = await store.getAll(Array.from({ length: 1_201 }, (_, i) => ref(CUSTOMER, `c-${i}`)));

    expect(rows).toHaveLength(1_201);
    expect(rows.filter((row) => row !== undefined).map(({ id }) => id)).toEqual(['c-1200']);
  });
});

describe('the rows that a commit left', () => {
  test('can be written again without reading them', async () => {
    const { store } = await harness();

    const versionOf = await store.commitOnce([insert(CUSTOMER, 'a', customer('a', 'free'))]);
    const row = rowAfter(versionOf, ref(CUSTOMER, 'a'), customer('a', 'free'));
    if (row !== undefined) await store.commitOnce([replace(row, customer('a', 'pro'))]);

    expect((await store.get(ref(CUSTOMER, 'a')))?.value.tier).toBe('pro');
    expect(rowAfter(versionOf, ref(CUSTOMER, 'b'), customer('b'))).toBeUndefined();
  });

  test('are told to a change, which then answers them', async () => {
    const { store } = await harness();

    const row = await store.change(async () => ({
      writes: [insert(CUSTOMER, 'a', customer('a'))],
      result: undefined,
      applied: (versionOf) => rowAfter(versionOf, ref(CUSTOMER, 'a'), customer('a')),
    }));

    expect(row?.version).toBe((await store.get(ref(CUSTOMER, 'a')))?.version);
  });
});
