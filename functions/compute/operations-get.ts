import { readOperation } from '#shared/actions/read-operation.ts';
import { endpoint } from '#endpoints/compute-operations-get.ts';
import { presentOperation } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ params, query, ...call }, tools) => ({
    status: 200,
    body: presentOperation(await readOperation({ ...call, operationId: params.id, waitSeconds: query.wait }, tools)),
  }),
});
