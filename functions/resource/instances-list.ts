import { listOwnInstances } from '#shared/actions/read-instance.ts';
import { endpoint } from '#endpoints/resource-instances-list.ts';
import { presentResource } from '#shared/families/resource/present.ts';
import { resourceSurface } from '#shared/families/resource/surface.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  surface: resourceSurface,
  handle: async (call, tools) => ({
    status: 200,
    body: { items: (await listOwnInstances(call, tools)).map(presentResource) },
  }),
});
