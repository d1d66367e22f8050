import { syncByHand } from '#shared/actions/sync-by-hand.ts';
import { auditorOf } from '#shared/actions/audit-operation.ts';
import { presentAdminInstance } from '#shared/families/compute/present-admin.ts';
import { endpoint } from '#endpoints/admin-instances-sync.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openCompute,
  handle: async ({ params, ...call }, tools) => ({
    status: 200,
    body: presentAdminInstance((await syncByHand(params.id, auditorOf(call, tools), tools)).after),
  }),
});
