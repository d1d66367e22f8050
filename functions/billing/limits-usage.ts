import { readTurnsUsed } from '#shared/actions/read-usage.ts';
import { endpoint } from '#endpoints/billing-limits-usage.ts';
import { presentLimitUsage } from '#shared/families/compute/present-billing.ts';
import { computeSurface } from '#shared/families/compute/surface.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  surface: computeSurface,
  handle: async ({ caller, tier }, tools) => {
    const turns = await readTurnsUsed({ caller }, tools);
    const holder = { customerId: caller.customerId, tier };
    return { status: 200, body: presentLimitUsage(holder, turns, tools.nowMs()) };
  },
});
