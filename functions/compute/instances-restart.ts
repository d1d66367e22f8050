import { requestOperation } from '#shared/actions/request-operation.ts';
import { endpoint } from '#endpoints/compute-instances-restart.ts';
import { answerAccepted } from '#shared/families/compute/answer-accepted.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openPublisher,
  // For users a restart is a hard reset, as the contract says.
  handle: ({ params, ...call }, tools) =>
    requestOperation(
      {
        ...call,
        kind: 'reset',
        verb: 'restart',
        instanceId: params.id,
        strictness: 'lenient',
        answer: answerAccepted(call),
      },
      tools,
    ),
});
