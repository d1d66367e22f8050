import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import { operationOf } from '#shared/pubsub/envelope.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';
import { pushFunction } from '#shared/runtime/worker-function.ts';

/** How long one delivery follows a VM before it goes on under a new message. */
const SLICE_MS = 55_000;

pushFunction({
  name: 'power-worker',
  open: (base) => ({ ...openCompute(base), ...openPublisher(base) }),
  handle: async (delivery, tools) => {
    const message = operationOf(delivery);
    if (message === undefined) {
      tools.log.error('a message does not name an operation', { messageId: delivery.messageId });
      return true;
    }
    const verdict = await runOperation(message, tools, {
      worker: delivery.messageId,
      deadlineMs: tools.nowMs() + SLICE_MS,
    });
    if (verdict === 'continue') await publishOperations([message], tools);
    return verdict !== 'later';
  },
});
