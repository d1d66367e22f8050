import { endpoint } from '#endpoints/billing-quotas-feature.ts';
import { ofFeature, ofService, presentQuotas } from '#shared/families/compute/present-billing.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ caller, tier, params: { service, feature } }) => {
    const { quotas, ...holder } = presentQuotas({ customerId: caller.customerId, tier });
    const found = ofFeature<object>(ofService(quotas, service), feature);
    return { status: 200, body: { ...holder, service, feature, ...found } };
  },
});
