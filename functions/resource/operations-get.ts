import { readOperation } from '#shared/actions/read-operation.ts';
import { endpoint } from '#endpoints/resource-operations-get.ts';
import { nameTheMissing } from '#shared/families/resource/name-the-missing.ts';
import { presentOperation } from '#shared/families/resource/present.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async ({ params, query, ...call }, tools) => ({
    status: 200,
    body: presentOperation(
      await nameTheMissing('operation', params.id, () =>
        readOperation({ ...call, operationId: params.id, waitSeconds: query.wait }, tools),
      ),
    ),
  }),
});
