import { readHistory } from '#shared/actions/read-history.ts';
import { presentEvent } from '#shared/families/compute/present.ts';
import { endpoint } from '#endpoints/admin-instances-history.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openListCursors,
  handle: async ({ params, query, ...call }, tools) => {
    const page = await readHistory({ ...call, instanceId: params.id, limit: query.limit, cursor: query.cursor }, tools);
    return { status: 200, body: { events: page.events.map(presentEvent), nextCursor: page.cursor ?? null } };
  },
});
