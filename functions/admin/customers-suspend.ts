import { suspendCustomer } from '#shared/actions/suspend-customer.ts';
import { auditorOf } from '#shared/actions/audit-operation.ts';
import { presentSuspension } from '#shared/families/compute/present-desk.ts';
import { endpoint } from '#endpoints/admin-customers-suspend.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openPublisher,
  handle: async ({ params, body, ...call }, tools) => {
    const { suspension, stops } = await suspendCustomer(
      { customerId: params.id, reason: body.reason, stopInstances: body.stop_instances ?? false },
      auditorOf(call, tools),
      tools,
    );
    return { status: 200, body: { suspension: presentSuspension(suspension), stops } };
  },
});
