import { cancelBid } from '#shared/actions/cancel-bid.ts';
import { endpoint } from '#endpoints/fleet-spot-bids-cancel.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: openPublisher,
  handle: async ({ params, query, ...call }, tools) => {
    await cancelBid({ ...call, bid: params.bid_fid, project: query.project }, tools);
    return { status: 204 };
  },
});
