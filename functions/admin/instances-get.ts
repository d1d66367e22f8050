import { readInstance } from '#shared/actions/read-instance.ts';
import { endpoint } from '#endpoints/admin-instances-get.ts';
import { presentAdminInstance } from '#shared/families/compute/present-admin.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openCompute,
  handle: async ({ params, ...call }, tools) => ({
    status: 200,
    body: presentAdminInstance(await readInstance({ ...call, instanceId: params.id }, tools)),
  }),
});
