import { listBids } from '#shared/actions/list-bids.ts';
import { endpoint } from '#endpoints/fleet-spot-bids-list.ts';
import { presentBid } from '#shared/families/fleet/present-bid.ts';
import { toBidList } from '#shared/families/fleet/to-bid-request.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: openListCursors,
  handle: async ({ query, caller }, tools) => {
    const { bids, cursor } = await listBids({ caller, ...toBidList(query) }, tools);
    return { status: 200, body: { data: bids.map(presentBid), next_cursor: cursor ?? null } };
  },
});
