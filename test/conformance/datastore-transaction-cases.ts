import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';

import type { DatastoreTarget } from '#test/support/datastore-target.ts';
import { codeOf, integer, namesIn, openHarness, order, statusOf } from '#test/support/datastore-target.ts';

/** Tests atomicity, isolation and the life of a transaction. */
export function transactionCases(target: () => DatastoreTarget): void {
  describe('transactions', () => {
    test('a transaction commits all or nothing, and is over then', async () => {
      const h = openHarness(target());
      const transaction = await h.begin();
      const read = await h.get(h.key('K', 'a'), { transaction });

      await h.commit([{ insert: { key: h.key('K', 'a') } }, { insert: { key: h.key('K', 'b') } }], transaction);

      expect(read).toBeUndefined();
      expect(await h.names({ kind: [{ name: 'K' }] })).toEqual(['a', 'b']);
      expect(await codeOf(h.commit([], transaction))).toBe(status.INVALID_ARGUMENT);
    });

    test('a rolled back transaction cannot be committed; rolling back once more is no mistake', async () => {
      const h = openHarness(target());
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
      const h = openHarness(target());
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
            if (statusOf(thrown) !== status.ABORTED) throw thrown;
            aborted += 1;
          }
        }
      };

      await Promise.all([increment(), increment(), increment()]);

      expect((await h.get(key))?.['n']?.integerValue).toBe('3');
      expect(aborted).toBeGreaterThan(0);
    });

    test('mutations of one entity apply in their order within a transaction; impossible ones are refused', async () => {
      const h = openHarness(target());
      const key = h.key('K', 'x');
      await h.put(key, { n: integer(1) });

      await h.commit([{ delete: key }, { insert: { key, properties: { n: integer(2) } } }], await h.begin());

      expect((await h.get(key))?.['n']?.integerValue).toBe('2');
      expect(await codeOf(h.commit([{ upsert: { key } }, { insert: { key } }], await h.begin()))).toBe(
        status.INVALID_ARGUMENT,
      );
    });

    test('a read-only transaction reads and refuses to write', async () => {
      const h = openHarness(target());
      const { projectId } = h;
      await h.put(h.key('K', 'x'), { n: integer(1) });
      const [{ transaction }] = await h.client.beginTransaction({ projectId, transactionOptions: { readOnly: {} } });

      const read = await h.get(h.key('K', 'x'), { transaction: transaction ?? '' });

      expect(read?.['n']?.integerValue).toBe('1');
      expect(await codeOf(h.commit([{ upsert: { key: h.key('K', 'x') } }], transaction ?? ''))).toBe(
        status.INVALID_ARGUMENT,
      );
    });

    test('a read-only transaction sees the moment of its begin, whatever is written, deleted or made since', async () => {
      const h = openHarness(target());
      const { projectId } = h;
      const query = { kind: [{ name: 'K' }], order: order('n') };
      await h.putAll('K', { changed: { n: integer(1) }, deleted: { n: integer(2) } });
      const [begun] = await h.client.beginTransaction({ projectId, transactionOptions: { readOnly: {} } });
      const transaction = begun.transaction ?? '';
      // In Google's emulator a transaction sees the state at its first read, so it reads here.
      await h.get(h.key('K', 'changed'), { transaction });

      await h.put(h.key('K', 'changed'), { n: integer(3) });
      await h.put(h.key('K', 'made'), { n: integer(0) });
      await h.commit([{ delete: h.key('K', 'deleted') }]);

      expect((await h.get(h.key('K', 'changed'), { transaction }))?.['n']?.integerValue).toBe('1');
      expect(await h.get(h.key('K', 'made'), { transaction })).toBeUndefined();
      expect((await h.get(h.key('K', 'deleted'), { transaction }))?.['n']?.integerValue).toBe('2');
      expect(namesIn(await h.query(query, { transaction }))).toEqual(['changed', 'deleted']);
      expect(await h.names(query)).toEqual(['made', 'changed']);
    });

    test('a single-use transaction needs no other request', async () => {
      const h = openHarness(target());
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
}
