import { PRICE } from '#shared/datastore/catalog-rows.ts';
import { INSTANCES_OF_MACHINE_TYPE } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { put, ref } from '#shared/datastore/write.ts';
import type { Price } from '#shared/domain/price.ts';
import { priceWrites } from '#shared/lifecycle/instance-writes.ts';

/** Each instance is at most a few writes of the 500 that a commit may hold. */
const INSTANCES_PER_COMMIT = 100;

/**
 * Writes a price, and in the same commit ends the periods that ran at the old one and begins new ones. Beyond the first
 * hundred instances of a machine type others follow in commits of their own, which the reconciler completes if need be.
 */
export async function applyPrice(
  price: Price,
  { store, nowMs }: { readonly store: Pick<Store, 'query' | 'getAll' | 'change'>; readonly nowMs: () => number },
): Promise<void> {
  const values = { machineType: { stringValue: price.machineType } };
  // One moment for all of them.
  const atMs = nowMs();
  let cursor: string | undefined;
  let first = true;
  do {
    const page = await store.query(INSTANCES_OF_MACHINE_TYPE, values, {
      limit: INSTANCES_PER_COMMIT,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const isFirst = first;
    await store.change(async () => {
      const rows = await store.getAll(page.rows.map(({ id }) => ref(INSTANCE, id)));
      const periods = rows.flatMap((row) => (row === undefined ? [] : priceWrites(row, price, atMs)));
      return { writes: [...(isFirst ? [put(PRICE, price.machineType, price)] : []), ...periods], result: undefined };
    });
    first = false;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
