import { readBid } from '#shared/actions/read-bid.ts';
import { endpoint } from '#endpoints/fleet-spot-bids-history.ts';
import { presentBidHistory } from '#shared/families/fleet/present-bid.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ params, query, caller }, tools) => ({
    status: 200,
    body: presentBidHistory(await readBid({ caller, bid: params.bid_fid, project: query.project }, tools)),
  }),
});
