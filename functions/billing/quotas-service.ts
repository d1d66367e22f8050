import { endpoint } from '#endpoints/billing-quotas-service.ts';
import { ofService, presentQuotas } from '#shared/families/compute/present-billing.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ caller, tier, params: { service } }) => {
    const { quotas, ...holder } = presentQuotas({ customerId: caller.customerId, tier });
    return { status: 200, body: { ...holder, service, quotas: ofService(quotas, service) } };
  },
});
