import { discardDeadLetter } from '#shared/actions/dead-letters.ts';
import { auditorOf } from '#shared/actions/audit-operation.ts';
import { endpoint } from '#endpoints/admin-dead-letters-discard.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ params, ...call }, tools) => {
    await discardDeadLetter(params.id, auditorOf(call, tools), tools);
    return { status: 204 };
  },
});
