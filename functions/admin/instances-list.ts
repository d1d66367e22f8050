import { listInstances } from '#shared/actions/list-instances.ts';
import { withPending } from '#shared/actions/read-instance.ts';
import { endpoint } from '#endpoints/admin-instances-list.ts';
import { presentAdminPage, toListRequest } from '#shared/families/compute/present-admin.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ query }, tools) => {
    const request = toListRequest(query);
    const { instances, totalCount } = await listInstances(request, tools);
    const readings = await withPending(instances, tools.store);
    return { status: 200, body: presentAdminPage(request, { instances: readings, totalCount }) };
  },
});
