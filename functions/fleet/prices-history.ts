import { readPriceSeries } from '#shared/actions/read-price-series.ts';
import { endpoint } from '#endpoints/fleet-prices-history.ts';
import { presentPriceSeries } from '#shared/families/fleet/present-offers.ts';
import { toPriceSeries } from '#shared/families/fleet/to-request.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ query, caller, tier }, tools) => {
    const series = await readPriceSeries({ caller, tier, ...toPriceSeries(query, tools.nowMs()) }, tools);
    return { status: 200, body: { series: series.map(presentPriceSeries), complete: true } };
  },
});
