import { readPriceTimeline } from '#shared/actions/read-timeline.ts';
import { endpoint } from '#endpoints/fleet-pricing-history.ts';
import { presentPriceHistory } from '#shared/families/fleet/present.ts';
import { toTimeline } from '#shared/families/fleet/to-request.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: openListCursors,
  handle: async ({ query, ...call }, tools) => {
    const { items, cursor } = await readPriceTimeline({ ...call, ...toTimeline(query) }, tools);
    return { status: 200, body: { instances: presentPriceHistory(items), next_cursor: cursor ?? null } };
  },
});
