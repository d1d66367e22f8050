import { readSubnets } from '#shared/actions/read-catalog.ts';
import { endpoint } from '#endpoints/resource-subnets-list.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { presentSubnet } from '#shared/families/resource/present-catalog.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async (call, tools) => ({
    status: 200,
    body: { items: (await readSubnets(call, tools)).map(presentSubnet) },
  }),
});
