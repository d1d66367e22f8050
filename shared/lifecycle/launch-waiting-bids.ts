import { BIDS_WAITING_FOR_ROOM } from '#shared/datastore/queries.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { advanceBid, type BidTools } from './advance-bid.ts';

/** Bids that are looked at when an instance has gone; the sweep looks at all of them. */
const BIDS_MAX = 20;

/**
 * Launches the bids that wait for room in the quota of a bid's instance that has gone: a cluster that is taken down and launched
 * again at once. Instances of no bid make room for the next sweep. Never throws: what it leaves undone is due at the next sweep.
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
