import { listOperations } from '#shared/actions/list-operations.ts';
import { endpoint } from '#endpoints/admin-operations-list.ts';
import { presentAdminOperation, toOperationList } from '#shared/families/compute/operation-list.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openListCursors,
  handle: async ({ query, caller }, tools) => {
    const page = await listOperations({ list: endpoint.name, caller, ...toOperationList(query) }, tools);
    const operations = page.operations.map(presentAdminOperation);
    return { status: 200, body: { operations, nextCursor: page.cursor ?? null } };
  },
});
