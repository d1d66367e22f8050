import { requestOperation } from '#shared/actions/request-operation.ts';
import { endpoint } from '#endpoints/resource-instances-reset.ts';
import { answerOperation } from '#shared/families/resource/present.ts';
import { nameTheMissing } from '#shared/families/resource/name-the-missing.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  open: openPublisher,
  handle: ({ params, ...call }, tools) =>
    nameTheMissing('instance', params.id, () =>
      requestOperation(
        { ...call, kind: 'reset', instanceId: params.id, strictness: 'lenient', answer: answerOperation },
        tools,
      ),
    ),
});
