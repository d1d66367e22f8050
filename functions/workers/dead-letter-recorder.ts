import { recordDeadLetter } from '#shared/workers/record-dead-letter.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';
import { pushFunction } from '#shared/runtime/worker-function.ts';

pushFunction({
  name: 'dead-letter-recorder',
  open: openPublisher,
  handle: async (delivery, tools) => {
    await recordDeadLetter(delivery, tools);
    return true;
  },
});
