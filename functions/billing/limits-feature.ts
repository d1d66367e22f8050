import { endpoint } from '#endpoints/billing-limits-feature.ts';
import { ofFeature, ofService, presentLimits } from '#shared/families/compute/present-billing.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ caller, tier, params: { service, feature } }) => {
    const { limits, ...holder } = presentLimits({ customerId: caller.customerId, tier });
    const found = ofFeature<object>(ofService(limits, service), feature);
    return { status: 200, body: { ...holder, service, feature, ...found } };
  },
});
