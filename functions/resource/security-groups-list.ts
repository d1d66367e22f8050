import { readSecurityGroups } from '#shared/actions/read-catalog.ts';
import { endpoint } from '#endpoints/resource-security-groups-list.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { presentSecurityGroup } from '#shared/families/resource/present-catalog.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async (call, tools) => ({
    status: 200,
    body: { items: (await readSecurityGroups(call, tools)).map(presentSecurityGroup) },
  }),
});
