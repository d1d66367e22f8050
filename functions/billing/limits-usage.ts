import { readTokensUsed } from '#shared/actions/read-usage.ts';
import { endpoint } from '#endpoints/billing-limits-usage.ts';
import { presentLimitUsage } from '#shared/families/compute/present-billing.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ caller, tier }, tools) => {
    const tokensUsed = await readTokensUsed({ caller }, tools);
    const holder = { customerId: caller.customerId, tier };
    return { status: 200, body: presentLimitUsage(holder, tokensUsed, tools.nowMs()) };
  },
});
