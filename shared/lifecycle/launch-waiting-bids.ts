import { BIDS_WAITING_FOR_ROOM } from '#shared/datastore/queries.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { advanceBid, type BidTools } from './advance-bid.ts';

/** Bids that one removal looks at; the sweep looks at all of them. */
const BIDS_MAX = 20;

/**
 * Launches the customer's bids that wait for room in the quota, after an instance of a bid was removed. After the removal of
 * any other instance the next sweep does so. Never throws: the sweep repeats what fails.
 */
export async function launchWaitingBids(gone: Pick<Instance, 'bid' | 'customerId'>, tools: BidTools): Promise<void> {
  if (gone.bid === null) return;
  try {
    const values = { waitsForRoom: { stringValue: gone.customerId } };
    const { rows } = await tools.store.query(BIDS_WAITING_FOR_ROOM, values, { limit: BIDS_MAX });
    for (const { id } of rows) await advanceBid(id, tools, { hasRoom: true });
  } catch (thrown) {
    const { customerId } = gone;
    tools.log.warn('bids that wait for room could not be read; the next sweep tries again', {
      customerId,
      cause: thrown,
    });
  }
}
