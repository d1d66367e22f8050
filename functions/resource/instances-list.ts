import { listOwnInstances, withPending } from '#shared/actions/read-instance.ts';
import { endpoint } from '#endpoints/resource-instances-list.ts';
import { presentResource } from '#shared/families/resource/present.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async (call, tools) => ({
    status: 200,
    body: {
      items: (await withPending(await listOwnInstances(call, tools), tools.store)).map(({ instance, pending }) =>
        presentResource(instance, pending, call.caller),
      ),
    },
  }),
});
