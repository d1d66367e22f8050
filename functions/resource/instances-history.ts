import { readHistory } from '#shared/actions/read-history.ts';
import { endpoint } from '#endpoints/resource-instances-history.ts';
import { nameTheMissing } from '#shared/families/resource/name-the-missing.ts';
import { presentResourceEvent } from '#shared/families/resource/present.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  open: openListCursors,
  handle: async ({ params, query, ...call }, tools) => {
    const request = { ...call, instanceId: params.id, limit: query.limit, cursor: query.cursor };
    const page = await nameTheMissing('instance', params.id, () => readHistory(request, tools));
    return { status: 200, body: { items: page.events.map(presentResourceEvent), next_cursor: page.cursor ?? null } };
  },
});
