import { endpoint } from '#endpoints/billing-quotas-get.ts';
import { presentQuotas } from '#shared/families/compute/present-billing.ts';
import { computeSurface } from '#shared/families/compute/surface.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  surface: computeSurface,
  handle: async ({ caller, tier }) => ({
    status: 200,
    body: presentQuotas({ customerId: caller.customerId, tier }),
  }),
});
