import { recordDeadLetter } from '#shared/workers/record-dead-letter.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';
import { pushFunction } from '#shared/runtime/worker-function.ts';

pushFunction({
  name: 'dead-letter-recorder',
  open: (base) => ({ ...openCompute(base), ...openPublisher(base) }),
  handle: async (delivery, tools) => {
    await recordDeadLetter(delivery, tools);
    return true;
  },
});
