import { replayDeadLetter } from '#shared/actions/dead-letters.ts';
import { auditorOf } from '#shared/actions/audit-operation.ts';
import { presentOperationDetails } from '#shared/families/compute/present-desk.ts';
import { endpoint } from '#endpoints/admin-dead-letters-replay.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openPublisher,
  handle: async ({ params, ...call }, tools) => {
    const { outcome, operation } = await replayDeadLetter(params.id, auditorOf(call, tools), tools);
    return {
      status: 200,
      body: { outcome, operation: operation === undefined ? null : presentOperationDetails(operation) },
    };
  },
});
