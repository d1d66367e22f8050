import { readTokensUsed } from '#shared/actions/read-usage.ts';
import { endpoint } from '#endpoints/billing-limits-usage-feature.ts';
import { ofFeature, presentLimitUsage } from '#shared/families/compute/present-billing.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ caller, tier, params: { feature } }, tools) => {
    const { customerId } = caller;
    const usage = presentLimitUsage({ customerId, tier }, await readTokensUsed({ caller }, tools), tools.nowMs());
    const features = Object.values(usage.services).flatMap((service) => service.features);
    const byKey = Object.fromEntries(features.map((entry) => [entry.featureKey, entry]));
    return { status: 200, body: { customerId, ...ofFeature(byKey, feature) } };
  },
});
