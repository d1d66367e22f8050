const MINUTE_MS = 60_000;
/** Longer than any schedule of one time a day. */
const MINUTES_MAX = 2 * 24 * 60;

/**
 * The first time after `afterMs` at which a schedule is due, in UTC. Of Unix cron it knows what our schedules use: minute
 * and hour, each a number, `*` or a step of it; every day. Throws for anything else.
 */
export function nextTime(cron: string, afterMs: number): number {
  const [minute = '', hour = '', ...days] = cron.split(' ');
  if (days.length !== 3 || days.some((field) => field !== '*'))
    throw new Error(`The schedule ${cron} is not one of every day.`);
  const isMinute = matcher(minute, 60, cron);
  const isHour = matcher(hour, 24, cron);
  let atMs = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
  for (let i = 0; i < MINUTES_MAX; i += 1, atMs += MINUTE_MS) {
    const date = new Date(atMs);
    if (isMinute(date.getUTCMinutes()) && isHour(date.getUTCHours())) return atMs;
  }
  throw new Error(`The schedule ${cron} is never due.`);
}

function matcher(field: string, below: number, cron: string): (value: number) => boolean {
  if (field === '*') return () => true;
  const [, step, exact] = /^(?:\*\/(\d{1,2})|(\d{1,2}))$/.exec(field) ?? [];
  const number = Number(step ?? exact);
  if (!(number < below) || (step !== undefined && number === 0))
    throw new Error(`The schedule ${cron} has an unknown field.`);
  return step === undefined ? (value) => value === number : (value) => value % number === 0;
}
