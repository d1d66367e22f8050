import { requestOperation } from '#shared/actions/request-operation.ts';
import { endpoint } from '#endpoints/compute-instances-start.ts';
import { answerAccepted } from '#shared/families/compute/answer-accepted.ts';
import { computeSurface } from '#shared/families/compute/surface.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  surface: computeSurface,
  open: openPublisher,
  handle: ({ params, ...call }, tools) =>
    requestOperation(
      { ...call, kind: 'start', instanceId: params.id, strictness: 'self-service', answer: answerAccepted(call) },
      tools,
    ),
});
