import { readPrices, readServerTypes } from '#shared/actions/read-catalog.ts';
import { endpoint } from '#endpoints/resource-server-types-list.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { presentServerType } from '#shared/families/resource/present-catalog.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async (call, tools) => {
    const [types, prices] = await Promise.all([readServerTypes(call, tools), readPrices(tools)]);
    return { status: 200, body: { items: types.map((type) => presentServerType(type, prices)) } };
  },
});
