import { pageOfOwnInstances } from '#shared/actions/list-own-instances.ts';
import { withPending } from '#shared/actions/read-instance.ts';
import { shownStatus } from '#shared/domain/status.ts';
import { endpoint } from '#endpoints/resource-instances-list.ts';
import { presentResource } from '#shared/families/resource/present.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { STATE } from '#shared/families/resource/states.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  open: openListCursors,
  handle: async ({ query, caller }, tools) => {
    const { limit, next_cursor: cursor, label: labels = [], name, status } = query;
    const page = await pageOfOwnInstances(
      {
        list: endpoint.name,
        caller,
        filters: { labels, name, status },
        limit,
        cursor,
        cursorName: 'next_cursor',
        statusOf: (instance) => STATE[shownStatus(instance.status)],
      },
      tools,
    );
    const readings = await withPending(page.instances, tools.store);
    const items = readings.map(({ instance, pending }) => presentResource(instance, pending, caller));
    const isPage = limit !== undefined || cursor !== undefined;
    return { status: 200, body: isPage ? { items, next_cursor: page.cursor ?? null } : { items } };
  },
});
