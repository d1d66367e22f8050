import { EVENTS_OF_INSTANCE, PERIODS_OF_INSTANCE } from '#shared/datastore/queries.ts';
import { replace, type Write } from '#shared/datastore/write.ts';
import type { InstanceEvent } from '#shared/domain/history.ts';
import { isRunning, METERS, type PricePeriod } from '#shared/domain/metering.ts';
import type { Tools } from './tools.ts';

/** At most this many price periods end together with an instance: one per meter. */
const LAST_PERIODS = 2;
/** Number of events read to find the last status before the delete; notes may lie between. */
const LAST_EVENTS = 30;

/**
 * Corrects the end of an instance whose record was removed before its VM. Until then, history and price periods end at
 * the time of the delete request; now they end when the VM was gone.
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
      // If this clock was behind, the record's end has the same time as an earlier stop, which ended some periods
      // already.
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

/** Returns whether a period's meter had stopped before the end, judged by the earlier events, newest first. */
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
