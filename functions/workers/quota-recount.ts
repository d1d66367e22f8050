import { recountAll } from '#shared/workers/recount.ts';
import { scheduledFunction } from '#shared/runtime/worker-function.ts';

/** Well below the function's timeout; the next run continues with the rest. */
const RUN_MS = 240_000;

scheduledFunction({
  name: 'quota-recount',
  open: () => ({}),
  run: (tools) => recountAll(tools, { dryRun: false, deadlineMs: tools.nowMs() + RUN_MS, remember: true }),
});
