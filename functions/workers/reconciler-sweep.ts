import { sweep } from '#shared/workers/sweep.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';
import { openDisks } from '#shared/runtime/open-disks.ts';
import { openPublisher } from '#shared/runtime/open-publisher.ts';
import { scheduledFunction } from '#shared/runtime/worker-function.ts';

const DAY_MS = 24 * 60 * 60_000;

scheduledFunction({
  name: 'reconciler-sweep',
  open: (base) => ({ ...openCompute(base), ...openDisks(base), ...openPublisher(base) }),
  run: (tools) => {
    const { configuration } = tools;
    const settings = {
      identity: { database: configuration.database, epochMs: configuration.databaseEpochMs },
      keptMs: configuration.orphanKeptDays * DAY_MS,
      slicing: {
        machinesPerSlice: configuration.sweepSliceMachines,
        atOnce: configuration.sweepSlicesAtOnce,
        runMs: configuration.sweepRunSeconds * 1000,
      },
    };
    return sweep(settings, tools);
  },
});
