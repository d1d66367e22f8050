import { EVENTS_OF_INSTANCE, PERIODS_OF_INSTANCE } from '#shared/datastore/queries.ts';
import { replace, type Write } from '#shared/datastore/write.ts';
import type { Tools } from './tools.ts';

/** An instance has at most this many periods that end with it: one of each meter. */
const LAST_PERIODS = 2;

/**
 * The history of an instance whose record went before its VM did: it ends, and what was charged for it ends, when the VM
 * was really gone. Until that is known, the end is when the delete was asked for.
 */
export async function correctEnd(instanceId: string, goneAtMs: number, { store }: Pick<Tools, 'store'>): Promise<void> {
  const filter = { instanceId: { stringValue: instanceId } };
  await store.change(async () => {
    const [events, periods] = await Promise.all([
      store.query(EVENTS_OF_INSTANCE, filter, { limit: 1 }),
      store.query(PERIODS_OF_INSTANCE, filter, { limit: LAST_PERIODS }),
    ]);
    const [last] = events.rows;
    if (last?.value.status !== 'DELETED' || last.value.atMs >= goneAtMs) return { writes: [], result: undefined };
    const writes: Write[] = [replace(last, { ...last.value, atMs: goneAtMs })];
    for (const period of periods.rows) {
      if (period.value.endMs === last.value.atMs) writes.push(replace(period, { ...period.value, endMs: goneAtMs }));
    }
    return { writes, result: undefined };
  });
}
