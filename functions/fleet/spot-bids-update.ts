import { changeBid } from '#shared/actions/change-bid.ts';
import { endpoint } from '#endpoints/fleet-spot-bids-update.ts';
import { presentBid } from '#shared/families/fleet/present-bid.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: openPublisher,
  handle: async ({ params, query, body, ...call }, tools) => ({
    status: 200,
    body: presentBid(await changeBid({ ...call, bid: params.bid_fid, project: query.project, change: body }, tools)),
  }),
});
