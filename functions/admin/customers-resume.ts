import { resumeCustomer } from '#shared/actions/suspend-customer.ts';
import { auditorOf } from '#shared/actions/audit-operation.ts';
import { endpoint } from '#endpoints/admin-customers-resume.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ params, ...call }, tools) => ({
    status: 200,
    body: await resumeCustomer({ customerId: params.id }, auditorOf(call, tools), tools),
  }),
});
