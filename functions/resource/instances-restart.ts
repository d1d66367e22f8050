import { requestOperation } from '#shared/actions/request-operation.ts';
import { endpoint } from '#endpoints/resource-instances-restart.ts';
import { answerOperation } from '#shared/families/resource/present.ts';
import { nameTheMissing } from '#shared/families/resource/name-the-missing.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  open: openPublisher,
  // For users a restart is a hard reset in every family, as the contract says.
  handle: ({ params, ...call }, tools) =>
    nameTheMissing('instance', params.id, () =>
      requestOperation(
        { ...call, kind: 'reset', instanceId: params.id, strictness: 'lenient', answer: answerOperation },
        tools,
      ),
    ),
});
