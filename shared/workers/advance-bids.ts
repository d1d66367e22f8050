import { time } from '#shared/datastore/field.ts';
import { DUE_BIDS, HELD_BIDS } from '#shared/datastore/queries.ts';
import { priceAt } from '#shared/domain/price.ts';
import { type ListedPrices, spotPriceIn } from '#shared/domain/spot-price.ts';
import { advanceBid } from '#shared/lifecycle/advance-bid.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { each } from './each.ts';
import { readPrices } from './roll-prices.ts';
import { BATCH } from './sweep-report.ts';

/** Brings forward the bids that are due, and those whose price has risen above what they pay. Answers how many. */
export async function advanceBids(tools: Tools): Promise<number> {
  const outbid = await outbidBids(tools);
  const now = { checkAtMs: time.encode(tools.nowMs()) };
  const due = await tools.store.query(DUE_BIDS, now, { limit: BATCH });
  const ids = [...new Set([...outbid, ...due.rows.map(({ id }) => id)])];
  await each(ids, (id) => advanceBid(id, tools));
  return ids.length;
}

/** Bids that hold instances for less than they cost now: one query for each machine type that has a price. */
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

/** The highest spot price of a machine type in any zone. */
function dearestCents(listed: ListedPrices, atMs: number): number | undefined {
  // A zone's name without letters is no zone's: it has the general price.
  const zones = ['', ...Object.keys(listed.spot?.zones ?? {})];
  const cents = zones
    .map((zone) => spotPriceIn(listed, zone))
    .flatMap((price) => (price === undefined ? [] : [priceAt(price, atMs)]))
    .filter((price) => price !== undefined);
  return cents.length === 0 ? undefined : Math.max(...cents);
}
