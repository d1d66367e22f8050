import { endpoint } from '#endpoints/billing-limits-get.ts';
import { presentLimits } from '#shared/families/compute/present-billing.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ caller, tier }) => ({
    status: 200,
    body: presentLimits({ customerId: caller.customerId, tier }),
  }),
});
