import { endpoint } from '#endpoints/billing-limits-get.ts';
import { presentLimits } from '#shared/families/compute/present-billing.ts';
import { computeSurface } from '#shared/families/compute/surface.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  surface: computeSurface,
  handle: async ({ caller, tier }) => ({
    status: 200,
    body: presentLimits({ customerId: caller.customerId, tier }),
  }),
});
