import { deleteInstance } from '#shared/actions/delete-instance.ts';
import { endpoint } from '#endpoints/compute-instances-delete.ts';
import { operationHeaders } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: (base) => ({ ...openCompute(base), ...openPublisher(base) }),
  handle: async ({ params, ...call }, tools) => {
    const { operationId } = await deleteInstance({ ...call, instanceId: params.id }, tools);
    return { status: 204, headers: operationHeaders({ id: operationId }) };
  },
});
