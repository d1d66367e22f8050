import { readCurrentPrice } from '#shared/actions/read-offers.ts';
import { endpoint } from '#endpoints/fleet-prices-current.ts';
import { presentCurrentPrice } from '#shared/families/fleet/present-offers.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ query, caller, tier }, tools) => {
    const { instance_type: instanceType, region: zone } = query;
    return {
      status: 200,
      body: presentCurrentPrice(await readCurrentPrice({ caller, tier, instanceType, zone }, tools)),
    };
  },
});
