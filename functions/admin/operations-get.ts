import { readOperation } from '#shared/actions/read-operation.ts';
import { presentOperationDetails } from '#shared/families/compute/present-desk.ts';
import { endpoint } from '#endpoints/admin-operations-get.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ params, ...call }, tools) => ({
    status: 200,
    body: presentOperationDetails(await readOperation({ ...call, operationId: params.id, waitSeconds: 0 }, tools)),
  }),
});
