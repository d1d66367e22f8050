import { readSubnets, readVpcs } from '#shared/actions/read-catalog.ts';
import { endpoint } from '#endpoints/resource-vpcs-list.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { presentVpc } from '#shared/families/resource/present-catalog.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async (call, tools) => {
    const [vpcs, subnets] = await Promise.all([readVpcs(call, tools), readSubnets(call, tools)]);
    return { status: 200, body: { items: vpcs.map((vpc) => presentVpc(vpc, subnets)) } };
  },
});
