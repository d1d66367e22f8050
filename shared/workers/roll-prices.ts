import { ALL_PRICES, ALL_SPOT_PRICES } from '#shared/datastore/queries.ts';
import { Conflict, type Row } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { type ListedPrices, priceOf } from '#shared/domain/spot-price.ts';
import { priceWrites } from '#shared/lifecycle/instance-writes.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** Reads every price, keyed by machine type; the catalogue has a few dozen. */
export async function readPrices({ store }: Pick<Tools, 'store'>): Promise<ReadonlyMap<string, ListedPrices>> {
  const [onDemand, spot] = await Promise.all([
    store.query(ALL_PRICES, {}, { limit: 1_000 }),
    store.query(ALL_SPOT_PRICES, {}, { limit: 1_000 }),
  ]);
  const prices = new Map<string, ListedPrices>();
  for (const { id, value } of onDemand.rows) prices.set(id, { onDemand: value, spot: undefined });
  for (const { id, value } of spot.rows) prices.set(id, { onDemand: prices.get(id)?.onDemand, spot: value });
  return prices;
}

/**
 * If the price has changed since the instance's price period began, ends the period at the time of the change and
 * begins the next one.
 */
export async function rollPrice(
  row: Row<Instance>,
  prices: ReadonlyMap<string, ListedPrices>,
  { store, nowMs }: Pick<Tools, 'store' | 'nowMs'>,
): Promise<void> {
  const listed = prices.get(row.value.machine.machineType);
  const price = listed === undefined ? undefined : priceOf(row.value, listed);
  const writes = price === undefined ? [] : priceWrites(row, price, nowMs());
  if (writes.length === 0) return;
  try {
    await store.commitOnce(writes);
  } catch (thrown) {
    // Another writer has changed the instance meanwhile; the next sweep tries again.
    if (!(thrown instanceof Conflict)) throw thrown;
  }
}
