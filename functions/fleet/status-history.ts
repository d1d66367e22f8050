import { readStatusTimeline } from '#shared/actions/read-timeline.ts';
import { endpoint } from '#endpoints/fleet-status-history.ts';
import { presentStatusHistory } from '#shared/families/fleet/present.ts';
import { toTimeline } from '#shared/families/fleet/to-request.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: openListCursors,
  handle: async ({ query, ...call }, tools) => {
    const { items, cursor } = await readStatusTimeline({ ...call, ...toTimeline(query) }, tools);
    return { status: 200, body: { instances: presentStatusHistory(items), next_cursor: cursor ?? null } };
  },
});
