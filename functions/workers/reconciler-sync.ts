import { syncFromEvent } from '#shared/workers/sync-from-event.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';
import { pushFunction } from '#shared/runtime/worker-function.ts';

pushFunction({
  name: 'reconciler-sync',
  open: (base) => ({ ...openCompute(base), ...openPublisher(base) }),
  handle: async (delivery, tools) => {
    await syncFromEvent(delivery.data, tools);
    return true;
  },
});
