import { PRICE, SPOT_PRICE } from '#shared/datastore/catalog-rows.ts';
import { INSTANCES_OF_MACHINE_TYPE } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { put, ref, type Write } from '#shared/datastore/write.ts';
import type { Price } from '#shared/domain/price.ts';
import { type ListedPrices, priceOf, type SpotPrice } from '#shared/domain/spot-price.ts';
import { priceWrites } from '#shared/lifecycle/instance-writes.ts';

/** Each instance is at most a few writes of the 500 that a commit may hold. */
const INSTANCES_PER_COMMIT = 100;

/** A new price of one machine type. */
export type PriceChange = { readonly onDemand: Price } | { readonly spot: SpotPrice };

/**
 * Writes a price, and in the same commit ends the periods that ran at the old one and begins new ones. Beyond the first
 * hundred instances of a machine type others follow in commits of their own, which the reconciler completes if need be.
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
    /** Writes that go with the price: in its commit. */
    readonly also: readonly Write[];
  },
): Promise<void> {
  const { machineType } = 'spot' in change ? change.spot : change.onDemand;
  const values = { machineType: { stringValue: machineType } };
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
