import { EVENTS_OF_INSTANCE, PERIODS_OF_INSTANCE } from '#shared/datastore/queries.ts';
import { replace, type Write } from '#shared/datastore/write.ts';
import type { InstanceEvent } from '#shared/domain/history.ts';
import { isRunning, METERS, type PricePeriod } from '#shared/domain/metering.ts';
import type { Tools } from './tools.ts';

/** An instance has at most this many periods that end with it: one of each meter. */
const LAST_PERIODS = 2;
/** Events among which the last one is that says whether the VM was charged before its delete; notes come between. */
const LAST_EVENTS = 30;

/**
 * The history of an instance whose record went before its VM did: it ends, and what was charged for it ends, when the VM
 * was really gone. Until that is known, the end is when the delete was asked for.
 */
export async function correctEnd(instanceId: string, goneAtMs: number, { store }: Pick<Tools, 'store'>): Promise<void> {
  const filter = { instanceId: { stringValue: instanceId } };
  await store.change(async () => {
    const [events, periods] = await Promise.all([
      store.query(EVENTS_OF_INSTANCE, filter, { limit: LAST_EVENTS }),
      store.query(PERIODS_OF_INSTANCE, filter, { limit: LAST_PERIODS }),
    ]);
    const [last, ...before] = events.rows;
    if (last?.value.status !== 'DELETED' || last.value.atMs >= goneAtMs) return { writes: [], result: undefined };
    const writes: Write[] = [replace(last, { ...last.value, atMs: goneAtMs })];
    for (const period of periods.rows) {
      const { value } = period;
      // Under a clock that is behind, the end of the record has the time of the stop before it.
      const endedWithIt =
        value.endMs === last.value.atMs &&
        !hadEnded(
          value,
          before.map((row) => row.value),
        );
      if (endedWithIt) writes.push(replace(period, { ...value, endMs: goneAtMs }));
    }
    return { writes, result: undefined };
  });
}

/** Whether the meter of a period stood already, by the events before the end, newest first. */
function hadEnded({ meter, reservation }: PricePeriod, before: readonly InstanceEvent[]): boolean {
  const known = METERS.find((one) => one === meter);
  if (known === undefined) return false;
  const reserved = reservation !== null;
  for (const { status } of before.filter(({ note }) => !note)) {
    if (isRunning(known, { status, reserved, before: false })) return false;
    if (!isRunning(known, { status, reserved, before: true })) return true;
  }
  return false;
}
