import { endpoint } from '#endpoints/billing-quotas-get.ts';
import { presentQuotas } from '#shared/families/compute/present-billing.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ caller, tier }) => ({
    status: 200,
    body: presentQuotas({ customerId: caller.customerId, tier }),
  }),
});
