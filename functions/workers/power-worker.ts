import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import { operationOf } from '#shared/pubsub/envelope.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';
import { pushFunction } from '#shared/runtime/worker-function.ts';

/** How long one delivery waits for a VM; afterwards the cloud's event or the sweep continues the operation. */
const WAIT_MS = 4_000;

pushFunction({
  name: 'power-worker',
  open: (base) => ({ ...openCompute(base), ...openPublisher(base), atWork: new CustomersAtWork() }),
  handle: async (delivery, tools) => {
    const message = operationOf(delivery);
    if (message === undefined) {
      tools.log.error('a message does not name an operation', { messageId: delivery.messageId });
      return true;
    }
    // An exception rejects the delivery, which slows down the whole subscription, so it is thrown only if this process
    // cannot work.
    await runOperation(message, tools, { worker: delivery.messageId, waitMs: WAIT_MS, atWork: tools.atWork });
    return true;
  },
});
