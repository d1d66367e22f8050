import { sweep } from '#shared/workers/sweep.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';
import { scheduledFunction } from '#shared/runtime/worker-function.ts';

scheduledFunction({
  name: 'reconciler-sweep',
  open: (base) => ({ ...openCompute(base), ...openPublisher(base) }),
  run: sweep,
});
