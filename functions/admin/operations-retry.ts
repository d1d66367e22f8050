import { retryOperation } from '#shared/actions/repair-operation.ts';
import { auditorOf } from '#shared/actions/audit-operation.ts';
import { presentOperationDetails } from '#shared/families/compute/present-desk.ts';
import { endpoint } from '#endpoints/admin-operations-retry.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openPublisher,
  handle: async ({ params, ...call }, tools) => {
    const { operation, published } = await retryOperation(params.id, auditorOf(call, tools), tools);
    return { status: 200, body: { operation: presentOperationDetails(operation), published } };
  },
});
