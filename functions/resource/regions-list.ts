import { readRegions } from '#shared/actions/read-catalog.ts';
import { endpoint } from '#endpoints/resource-regions-list.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { presentRegion } from '#shared/families/resource/present-catalog.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async (call, tools) => ({
    status: 200,
    body: { items: (await readRegions(call, tools)).map(presentRegion) },
  }),
});
