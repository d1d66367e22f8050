import { readQuotasUsed } from '#shared/actions/read-quotas.ts';
import { endpoint } from '#endpoints/fleet-quotas-list.ts';
import { presentQuotas } from '#shared/families/fleet/present-account.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  handle: async ({ query: { project }, caller, tier }, tools) => ({
    status: 200,
    body: presentQuotas(project, await readQuotasUsed({ caller, project }, tools), tier),
  }),
});
