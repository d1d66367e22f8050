import { PRICE, SPOT_PRICE } from '#shared/datastore/catalog-rows.ts';
import { INSTANCES_OF_MACHINE_TYPE } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { put, ref, type Write } from '#shared/datastore/write.ts';
import type { Price } from '#shared/domain/price.ts';
import { type ListedPrices, priceOf, type SpotPrice } from '#shared/domain/spot-price.ts';
import { priceWrites } from '#shared/lifecycle/instance-writes.ts';

/** Number of instances per commit: each needs a few of the 500 writes that a commit allows. */
const INSTANCES_PER_COMMIT = 100;

/** The new prices of one machine type. */
export type PriceChange = { readonly onDemand: Price } | { readonly spot: SpotPrice };

/**
 * Writes a price. The same commit ends the open periods at the old price and begins new ones, for the first hundred
 * instances of the machine type. Further instances follow in commits of their own; after an interruption the reconciler
 * completes them.
 */
export async function applyPrice(
  change: PriceChange,
  {
    store,
    nowMs,
    also,
  }: {
    readonly store: Pick<Store, 'query' | 'getAll' | 'change'>;
    readonly nowMs: () => number;
    /** Further writes for the price's commit. */
    readonly also: readonly Write[];
  },
): Promise<void> {
  const { machineType } = 'spot' in change ? change.spot : change.onDemand;
  const values = { machineType: { stringValue: machineType } };
  // One time for all instances.
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
      const [[onDemand, spot], rows] = await Promise.all([
        store.getAll([ref(PRICE, machineType), ref(SPOT_PRICE, machineType)]),
        store.getAll(page.rows.map(({ id }) => ref(INSTANCE, id))),
      ]);
      const prices: ListedPrices = { onDemand: onDemand?.value, spot: spot?.value, ...change };
      const periods = rows.flatMap((row) => {
        const price = row === undefined ? undefined : priceOf(row.value, prices);
        return row === undefined || price === undefined ? [] : priceWrites(row, price, atMs);
      });
      return { writes: [...(isFirst ? [putPrice(change), ...also] : []), ...periods], result: undefined };
    });
    first = false;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

function putPrice(change: PriceChange): Write {
  if ('spot' in change) return put(SPOT_PRICE, change.spot.machineType, change.spot);
  return put(PRICE, change.onDemand.machineType, change.onDemand);
}
