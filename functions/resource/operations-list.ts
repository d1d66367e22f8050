import { listOperations } from '#shared/actions/list-operations.ts';
import { endpoint } from '#endpoints/resource-operations-list.ts';
import { presentOperation } from '#shared/families/resource/present.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  open: openListCursors,
  handle: async ({ query, caller }, tools) => {
    const { resource_id: instanceId, status: state, type: kind, limit, next_cursor: cursor } = query;
    const page = await listOperations(
      {
        list: endpoint.name,
        caller,
        filters: {
          customerId: caller.customerId,
          ...(instanceId === undefined ? {} : { instanceId }),
          ...(state === undefined ? {} : { state }),
          ...(kind === undefined ? {} : { kind }),
        },
        sinceMs: undefined,
        limit,
        cursor,
        cursorName: 'next_cursor',
      },
      tools,
    );
    return { status: 200, body: { items: page.operations.map(presentOperation), next_cursor: page.cursor ?? null } };
  },
});
