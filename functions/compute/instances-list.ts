import { pageOfOwnInstances } from '#shared/actions/list-own-instances.ts';
import { withPending } from '#shared/actions/read-instance.ts';
import { endpoint } from '#endpoints/compute-instances-list.ts';
import { nextPageLink, requireSome } from '#shared/families/compute/own-list.ts';
import { presentInstance } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openListCursors,
  handle: async ({ query, caller }, tools) => {
    const { limit, cursor, label: labels = [], name, status } = query;
    const filters = { labels, name, status };
    const page = await pageOfOwnInstances(
      { list: endpoint.name, caller, filters, limit, cursor, cursorName: 'cursor', statusOf: (one) => one.status },
      tools,
    );
    requireSome(page.instances, query);
    const readings = await withPending(page.instances, tools.store);
    return {
      status: 200,
      headers: nextPageLink(endpoint.path, query, page.cursor),
      body: readings.map(({ instance, pending }) => presentInstance(instance, pending, caller)),
    };
  },
});
