import { recountAll } from '#shared/workers/recount.ts';
import { scheduledFunction } from '#shared/runtime/worker-function.ts';

/** Well below the timeout of the function; what is left is done by the next run. */
const RUN_MS = 240_000;

scheduledFunction({
  name: 'quota-recount',
  open: () => ({}),
  run: (tools) => recountAll(tools, { dryRun: false, deadlineMs: tools.nowMs() + RUN_MS, remember: true }),
});
