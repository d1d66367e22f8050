import { Cron } from 'croner';

/**
 * Returns the first time after `afterMs` at which a Unix cron schedule, in UTC, is due. Throws for an invalid schedule.
 */
export function nextTime(schedule: string, afterMs: number): number {
  let next: Date | null;
  try {
    // Five fields, because Cloud Scheduler has no seconds.
    next = new Cron(schedule, { timezone: 'UTC', mode: '5-part', paused: true }).nextRun(new Date(afterMs));
  } catch (thrown) {
    throw new Error(`The schedule ${schedule} is not understood.`, { cause: thrown });
  }
  if (next === null) throw new Error(`The schedule ${schedule} is never due.`);
  return next.getTime();
}
