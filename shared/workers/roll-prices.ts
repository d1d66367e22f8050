import { ALL_PRICES } from '#shared/datastore/queries.ts';
import { Conflict, type Row } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Price } from '#shared/domain/price.ts';
import { priceWrites } from '#shared/lifecycle/instance-writes.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** Every price, by machine type; the catalogue has a few dozen. */
export async function readPrices({ store }: Pick<Tools, 'store'>): Promise<ReadonlyMap<string, Price>> {
  const { rows } = await store.query(ALL_PRICES, {}, { limit: 1_000 });
  return new Map(rows.map(({ id, value }) => [id, value]));
}

/**
 * Ends the price period of an instance that ran beyond a change of price, at the time of that change: one that was known
 * before, or one that came while the instance was being started.
 */
export async function rollPrice(
  row: Row<Instance>,
  prices: ReadonlyMap<string, Price>,
  { store, nowMs }: Pick<Tools, 'store' | 'nowMs'>,
): Promise<void> {
  const price = prices.get(row.value.machine.machineType);
  const writes = price === undefined ? [] : priceWrites(row, price, nowMs());
  if (writes.length === 0) return;
  try {
    await store.commitOnce(writes);
  } catch (thrown) {
    // Somebody changed the instance meanwhile; the next sweep finds it again.
    if (!(thrown instanceof Conflict)) throw thrown;
  }
}
