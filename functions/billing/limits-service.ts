import { endpoint } from '#endpoints/billing-limits-service.ts';
import { ofService, presentLimits } from '#shared/families/compute/present-billing.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ caller, tier, params: { service } }) => {
    const { limits, ...holder } = presentLimits({ customerId: caller.customerId, tier });
    return { status: 200, body: { ...holder, service, limits: ofService(limits, service) } };
  },
});
