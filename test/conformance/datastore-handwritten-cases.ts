import { Datastore, PropertyFilter } from '@google-cloud/datastore';
import { describe, expect, onTestFinished, test } from 'vitest';

import type { DatastoreTarget } from '#test/support/datastore-target.ts';

interface Row {
  readonly n: number;
}

let count = 0;

/** Opens a client that finds the emulator as any program does, by its environment variable. */
function open({ address }: DatastoreTarget): Datastore {
  count += 1;
  process.env['DATASTORE_EMULATOR_HOST'] = address;
  onTestFinished(() => {
    delete process.env['DATASTORE_EMULATOR_HOST'];
  });
  return new Datastore({ projectId: 'conformance', namespace: `handwritten-${count}` });
}

/** Tests the service through the client that most programs use, which pages, completes keys and retries by itself. */
export function handwrittenClientCases(target: () => DatastoreTarget): void {
  describe("Google's handwritten client", () => {
    test('saves, completes keys, merges, reads and deletes', async () => {
      const datastore = open(target());
      const key = datastore.key('Task');
      await datastore.save({ key, data: { title: 'first', tags: ['a', 'b'], done: false, at: new Date(5000) } });

      await datastore.merge({ key, data: { done: true } });
      const [read] = (await datastore.get(key)) as [Record<string, unknown>];
      await datastore.delete(key);

      expect(key.id).toMatch(/^\d+$/);
      expect(read).toMatchObject({ title: 'first', tags: ['a', 'b'], done: true, at: new Date(5000) });
      expect(await datastore.get(key)).toEqual([undefined]);
    });

    test('a query gives all of many results in order, however many requests that takes', async () => {
      const datastore = open(target());
      const numbers = Array.from({ length: 700 }, (_, n) => n);
      const entities = numbers.map((n) => ({ key: datastore.key(['Many', `k${n}`]), data: { n } }));
      await datastore.save(entities.slice(0, 400));
      await datastore.save(entities.slice(400));

      const [rows] = (await datastore.runQuery(datastore.createQuery('Many').order('n'))) as unknown as [Row[]];
      const [some] = (await datastore.runQuery(
        datastore.createQuery('Many').order('n', { descending: true }).offset(50).limit(500),
      )) as unknown as [Row[]];

      expect(rows.map(({ n }) => n)).toEqual(numbers);
      expect(some.map(({ n }) => n)).toEqual([...numbers].reverse().slice(50, 550));
    });

    test('counts by an aggregation', async () => {
      const datastore = open(target());
      await datastore.save([1, 2, 3].map((n) => ({ key: datastore.key(['Counted', n]), data: { n } })));
      const query = datastore.createQuery('Counted').filter(new PropertyFilter('n', '>', 1));

      const [rows] = await datastore.runAggregationQuery(datastore.createAggregationQuery(query).count('all'));

      expect(rows).toEqual([{ all: 2 }]);
    });

    test('a transaction reads, writes and commits', async () => {
      const datastore = open(target());
      const [from, to] = [datastore.key(['Account', 'from']), datastore.key(['Account', 'to'])];
      await datastore.save([
        { key: from, data: { n: 5 } },
        { key: to, data: { n: 0 } },
      ]);

      const transaction = datastore.transaction();
      await transaction.run();
      const [held] = (await transaction.get(from)) as [Row];
      transaction.save([
        { key: from, data: { n: held.n - 2 } },
        { key: to, data: { n: 2 } },
      ]);
      await transaction.commit();

      const [rows] = (await datastore.get([from, to])) as [Row[]];
      expect(rows.map(({ n }) => n).sort()).toEqual([2, 3]);
    });

    test('what a transaction has saved and rolled back was never there', async () => {
      const datastore = open(target());
      const key = datastore.key(['Account', 'none']);

      const transaction = datastore.transaction();
      await transaction.run();
      transaction.save({ key, data: { n: 1 } });
      await transaction.rollback();

      expect(await datastore.get(key)).toEqual([undefined]);
    });
  });
}
