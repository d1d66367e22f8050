import { monthlyCost } from '#shared/actions/monthly-cost.ts';
import { showCustomer } from '#shared/actions/show-customer.ts';
import { presentCustomer } from '#shared/families/compute/present-desk.ts';
import { endpoint } from '#endpoints/admin-customers-get.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ params }, tools) => {
    const [sheet, cost] = await Promise.all([showCustomer(params.id, tools), monthlyCost(params.id, tools)]);
    return { status: 200, body: presentCustomer(sheet, cost, tools.nowMs()) };
  },
});
