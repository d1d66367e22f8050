import { readOperation } from '#shared/actions/read-operation.ts';
import { endpoint } from '#endpoints/compute-operations-get.ts';
import { presentOperation } from '#shared/families/compute/present.ts';
import { computeSurface } from '#shared/families/compute/surface.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  surface: computeSurface,
  handle: async ({ params, query, ...call }, tools) => ({
    status: 200,
    body: presentOperation(await readOperation({ ...call, operationId: params.id, waitSeconds: query.wait }, tools)),
  }),
});
