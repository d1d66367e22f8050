import { listOperations } from '#shared/actions/list-operations.ts';
import { endpoint } from '#endpoints/compute-operations-list.ts';
import { toOperationList } from '#shared/families/compute/operation-list.ts';
import { presentOperation } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openListCursors } from '#shared/runtime/open-list-cursors.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openListCursors,
  handle: async ({ query, caller }, tools) => {
    const { customerId } = caller;
    const request = { list: endpoint.name, caller, ...toOperationList({ ...query, customerID: customerId }) };
    const page = await listOperations(request, tools);
    return {
      status: 200,
      body: { operations: page.operations.map(presentOperation), nextCursor: page.cursor ?? null },
    };
  },
});
