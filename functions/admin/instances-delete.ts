import { deleteInstance } from '#shared/actions/delete-instance.ts';
import { endpoint } from '#endpoints/admin-instances-delete.ts';
import { operationHeaders } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: (base) => ({ ...openCompute(base), ...openPublisher(base) }),
  handle: async ({ params, query, ...call }, tools) => {
    const { operationId } = await deleteInstance({ ...call, instanceId: params.id, force: query.force }, tools);
    return { status: 204, headers: operationHeaders({ id: operationId }) };
  },
});
