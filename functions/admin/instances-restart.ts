import { requestOperation } from '#shared/actions/request-operation.ts';
import { endpoint } from '#endpoints/admin-instances-restart.ts';
import { answerAccepted } from '#shared/families/compute/answer-accepted.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openPublisher,
  // For administrators a restart shuts the operating system down and starts the VM again.
  handle: ({ params, ...call }, tools) =>
    requestOperation(
      { ...call, kind: 'restart', instanceId: params.id, strictness: 'strict', answer: answerAccepted(call) },
      tools,
    ),
});
