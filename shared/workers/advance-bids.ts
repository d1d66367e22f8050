import { time } from '#shared/datastore/field.ts';
import { DUE_BIDS, HELD_BIDS } from '#shared/datastore/queries.ts';
import { priceAt } from '#shared/domain/price.ts';
import { type ListedPrices, spotPriceIn } from '#shared/domain/spot-price.ts';
import { advanceBid } from '#shared/lifecycle/advance-bid.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { each } from './each.ts';
import { readPrices } from './roll-prices.ts';
import { BATCH } from './sweep-report.ts';

/** Advances the bids that are due, and those whose limit is below the present price. Returns their number. */
export async function advanceBids(tools: Tools, mayGoOn: () => boolean): Promise<number> {
  const outbid = await outbidBids(tools);
  const now = { checkAtMs: time.encode(tools.nowMs()) };
  const due = await tools.store.query(DUE_BIDS, now, { limit: BATCH });
  const ids = [...new Set([...outbid, ...due.rows.map(({ id }) => id)])];
  await each(ids, (id) => advanceBid(id, tools), mayGoOn);
  return ids.length;
}

/**
 * Finds bids that hold instances although the price has risen above their limit: one query per machine type with a
 * price.
 */
async function outbidBids(tools: Tools): Promise<readonly string[]> {
  const prices = await readPrices(tools);
  const found: string[] = [];
  await each([...prices], async ([machineType, listed]) => {
    const dearest = dearestCents(listed, tools.nowMs());
    if (dearest === undefined || dearest < 1) return;
    const values = { heldType: { stringValue: machineType }, limitCents: { integerValue: dearest - 1 } };
    const { rows } = await tools.store.query(HELD_BIDS, values, { limit: BATCH });
    for (const { id, value } of rows) {
      const price = spotPriceIn(listed, value.zone);
      const cents = price === undefined ? undefined : priceAt(price, tools.nowMs());
      if (cents !== undefined && value.limitCents < cents) found.push(id);
    }
  });
  return found;
}

/** Returns the highest spot price of a machine type over all zones. */
function dearestCents(listed: ListedPrices, atMs: number): number | undefined {
  // The empty zone stands for all zones without a price of their own; they have the general price.
  const zones = ['', ...Object.keys(listed.spot?.zones ?? {})];
  const cents = zones
    .map((zone) => spotPriceIn(listed, zone))
    .flatMap((price) => (price === undefined ? [] : [priceAt(price, atMs)]))
    .filter((price) => price !== undefined);
  return cents.length === 0 ? undefined : Math.max(...cents);
}
